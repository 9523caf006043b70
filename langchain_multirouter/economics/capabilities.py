"""Capabilities: what a model takes and can do, as LangChain's profiles or the user say.

`model.profile` comes from maintained data (models.dev) and works offline. It is a beta feature of
LangChain, so nothing is taken for granted: what is missing or of another type is not known (None).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from ..deployment import Provider
from ..errors import ConfigurationError

#: What each provider's models are good at, in words a user can replace per deployment; the
#: reference's, section 3. Opinions, unlike everything else here.
DEFAULT_STRENGTHS: Final[Mapping[str, tuple[str, ...]]] = {
    Provider.AWS_BEDROCK: ("reasoning", "analysis", "coding", "rag"),
    Provider.AZURE_OPENAI: ("creativity", "function_calling", "multimodal", "enterprise"),
    Provider.GCP_VERTEX: ("cost_effective", "multimodal", "coding", "fast"),
}


class Capabilities(NamedTuple):
    """What is known of one model; None is unknown.

    Args:
        max_input_tokens: The context window.
        max_output_tokens: The longest answer.
        images: Whether it takes them; so with `audio`, `video` and `pdf`.
        tools: Whether it calls tools.
        structured_output: Whether it keeps to a schema by itself.
        temperature: Whether it takes one; False for models that refuse it.
        status: Where the provider says so: "deprecated", "beta".
        strengths: What it is good at, in the user's words or the provider's default ones.
    """

    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    images: bool | None = None
    audio: bool | None = None
    video: bool | None = None
    pdf: bool | None = None
    tools: bool | None = None
    structured_output: bool | None = None
    temperature: bool | None = None
    status: str | None = None
    strengths: tuple[str, ...] = ()


_COUNTS: Final = ("max_input_tokens", "max_output_tokens")
#: Our field → the profile's key.
_FLAGS: Final[Mapping[str, str]] = {
    "images": "image_inputs",
    "audio": "audio_inputs",
    "video": "video_inputs",
    "pdf": "pdf_inputs",
    "tools": "tool_calling",
    "structured_output": "structured_output",
    "temperature": "temperature",
}


def capabilities_of(
    profile: Mapping[str, Any] | None, *, strengths: Sequence[str] = ()
) -> Capabilities:
    """A profile's capabilities; nothing known where there is no profile.

    A limit of 0, which profiles of image models have, is none.
    """
    profile = profile or {}
    counts = {field: profile.get(field) for field in _COUNTS}
    flags = {field: profile.get(key) for field, key in _FLAGS.items()}
    status = profile.get("status")
    known: dict[str, Any] = {field: value for field, value in counts.items() if _is_count(value)}
    known |= {field: value for field, value in flags.items() if isinstance(value, bool)}
    if isinstance(status, str):
        known["status"] = status
    return Capabilities(**known, strengths=tuple(strengths))


def check_profile(profile: Mapping[str, Any]) -> None:
    """Refuse a user's profile whose values are none, in the keys that are read here.

    Raises:
        ConfigurationError: naming the key.
    """
    for key in _COUNTS:
        if profile.get(key) is not None and not _is_count(profile[key]):
            raise ConfigurationError(f"profile[{key!r}]: must be a whole number of at least 1")
    for key in _FLAGS.values():
        if not isinstance(profile.get(key), bool | None):
            raise ConfigurationError(f"profile[{key!r}]: must be true or false")
    if not isinstance(profile.get("status"), str | None):
        raise ConfigurationError("profile['status']: must be a word, such as 'deprecated'")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0

"""Capabilities: what a model takes and can do, as LangChain's profiles or the user say.

`model.profile` comes from maintained data (models.dev) and works offline. It is a beta feature of
LangChain, so nothing is taken for granted: what is missing or of another type is not known (None).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Final, NamedTuple

from ..deployment import Provider
from ..errors import ConfigurationError, unknown_name

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


def overridden(capabilities: Capabilities, by: Mapping[str, Any] | None) -> Capabilities:
    """The capabilities with what the user says of them; None makes one unknown.

    Raises:
        ConfigurationError: naming the field that is wrong.
    """
    if not by:
        return capabilities
    return capabilities._replace(**{field: _checked(field, value) for field, value in by.items()})


def _checked(field: str, value: Any) -> Any:
    if field not in Capabilities._fields:
        raise unknown_name("capabilities: the field", str(field), Capabilities._fields)
    if field == "strengths":
        return _words(value)
    if value is None:
        return None
    if field in _COUNTS and not _is_count(value):
        raise ConfigurationError(f"capabilities.{field}: must be a whole number of at least 1")
    if field in _FLAGS and not isinstance(value, bool):
        raise ConfigurationError(f"capabilities.{field}: must be true or false")
    if field == "status" and not isinstance(value, str):
        raise ConfigurationError(f"capabilities.{field}: must be a word, such as 'deprecated'")
    return value


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, Sequence | Set) and not isinstance(value, str):
        words = tuple(value)
        if all(isinstance(word, str) and word.strip() for word in words):
            return words
    raise ConfigurationError("capabilities.strengths: must be a list of words")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0

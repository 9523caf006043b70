"""Asked: what the keywords of a call for vectors mean: options, the class's own, or a mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .attempt import Served
from .errors import ConfigurationError, unknown_name
from .fitness import NOBODY
from .keywords import FORBIDDEN
from .options import OPTION_NAMES, Options, narrow
from .spaces import Spaces
from .vectors import Method

#: Of chat models alone: `task_type` is Gemini's here, nothing is lost of a text to be embedded, and
#: there are neither streams nor second copies.
OF_CHAT = frozenset(
    {
        "allow_losses",
        "first_token_seconds",
        "hedge",
        "hedge_tools",
        "idle_seconds",
        "on_interrupted",
        "prompt_cache_affinity",
        "session",
        "sticky",
        "task_type",
        "spenders",
        "tenant",
    }
)
OPTIONS = OPTION_NAMES - OF_CHAT

#: What a class calls the size that a call asks for.
SIZES = ("dimensions", "output_dimensionality")


class Asked(NamedTuple):
    """One call's keywords, taken apart."""

    options: Options
    model: str | None
    keywords: Mapping[str, Any]  # for the class
    unable: Mapping[int, str]  # deployment's number → why it cannot be asked that
    dimensions: int | None


def read_asked(
    keywords: Mapping[str, Any],
    *,
    method: Method,
    allowed: Options,
    served: Sequence[Served],
    spaces: Spaces,
) -> Asked:
    """Take a call's keywords apart.

    Raises:
        ConfigurationError: naming the keyword that nobody takes, or that is wrong.
    """
    options = allowed
    if keywords:
        options = narrow(options, {k: v for k, v in keywords.items() if k in OPTIONS})
    out = NOBODY if options.allow_model_change else spaces.kept_out
    theirs = {k: v for k, v in keywords.items() if k not in OPTIONS and k != "model"}
    model = keywords.get("model")
    if not isinstance(model, str | None):
        raise ConfigurationError("model: must be the name of a deployment or of a model")
    if not theirs:
        return Asked(options, model, theirs, out, None)
    refused = _refusing(theirs, method, served)
    return Asked(options, model, theirs, {**refused, **out}, _size(theirs))


def _refusing(
    theirs: Mapping[str, Any], method: Method, served: Sequence[Served]
) -> dict[int, str]:
    """Deployment's number → the keywords that its class does not take."""
    takes = [one.classes.keywords(one.model, method) for one in served]
    for name in theirs:
        if name in FORBIDDEN:
            raise ConfigurationError(
                f"{name}: cannot be set in a call; endpoints and credentials belong to the "
                "deployment (Deployment(params={...}) or the embeddings object)"
            )
        if all(taken is not None and name not in taken for taken in takes):
            known = {"model", *OPTIONS, *(k for taken in takes for k in taken or ())}
            raise unknown_name("Call keyword", str(name), known)
    return {
        number: f"takes no {', '.join(name for name in theirs if name not in taken)}"
        for number, taken in enumerate(takes)
        if taken is not None and not theirs.keys() <= taken
    }


def _size(theirs: Mapping[str, Any]) -> int | None:
    for name in SIZES:
        size = theirs.get(name)
        if size is None:
            continue
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ConfigurationError(f"{name}: must be a whole number of at least 1")
        return size
    return None

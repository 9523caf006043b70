"""Identity: what tells one router's answers from another's, in traces and in a shared cache.

Everything that decides who may answer, and how, goes into digests: a cache entry is shared by
routers that are alike, and by no others. What changes by itself (health, statistics) does not.
"""

from __future__ import annotations

import hashlib
import sys
import uuid
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from .attempt import Served
from .options import Options
from .providers.provider import Parameters

#: What a trace shows of the options that are not the defaults; the digest has all of them.
LONGEST_SHOWN = 200

_DEFAULTS = Options().__dict__

#: Functions that no name leads to → a name of their own, for as long as they live.
_NAMED: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


def identity_of(
    options: Options,
    parameters: Parameters,
    served: Sequence[Served],
    deployments: str,
    beside: Sequence[Any] = (),
) -> dict[str, Any]:
    """What goes into every trace and every cache key; a few hundred characters.

    Args:
        options: The router's.
        parameters: Its own, which a call's stand above.
        served: The deployments.
        deployments: Their digest.
        beside: What else decides: task preferences, a classifier.
    """
    names = {one.deployment.model_name for one in served}
    changed = {k: v for k, v in options.__dict__.items() if v != _DEFAULTS[k]}
    changed.pop("session", None)  # somebody's, and it shapes no answer
    changed.pop("spenders", None)  # who pays decides nothing, and is somebody's name
    given = {k: v for k, v in parameters._asdict().items() if v is not None}
    shown = {k: options.strategy_name if callable(v) else plain(v) for k, v in changed.items()}
    shown.pop("tenant", None)  # a name that is somebody's
    return {
        "model_name": names.pop() if len(names) == 1 else "multirouter",
        "deployments": deployments,
        "options": str(shown)[:LONGEST_SHOWN],
        "parameters": str(given)[:LONGEST_SHOWN],
        "settings": digest([changed, given, *beside]),
    }


def digest(value: Any) -> str:
    """Sixteen hexadecimal digits that tell values apart, without telling what they are."""
    return fingerprint(value)[:16]


def fingerprint(value: Any) -> str:
    """All sixty-four of them, for what guards one caller's answers from another's."""
    return hashlib.sha256(repr(plain(value)).encode("utf-8", "backslashreplace")).hexdigest()


def plain(value: Any) -> Any:
    """The value in one form for all that are equal: sets and mappings sorted, functions by name."""
    if isinstance(value, Mapping):
        return sorted((str(key), plain(inner)) for key, inner in value.items())
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return name_of(value) if callable(value) else value


def name_of(function: Any) -> str:
    """A name that no other function or class has.

    Its module's and its own where they lead to it, so that processes agree; else one that is made
    up, and that it keeps.
    """
    owner = getattr(function, "__self__", None)
    inner = getattr(function, "__func__", None)
    if owner is not None and inner is not None:
        return f"{name_of(owner)}.{name_of(inner)}"
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    found: Any = sys.modules.get(str(module))
    for part in str(name).split("."):
        found = getattr(found, part, None)
    if found is function:
        return f"{module}.{name}"
    made_up = f"{type(function).__name__}#{uuid.uuid4().hex}"
    try:
        return _NAMED.setdefault(function, made_up)
    except TypeError:  # it can be neither hashed nor referred to: known to itself alone
        return made_up


def deployments_fingerprint(served: Sequence[Served]) -> str:
    """What tells two routers' deployments apart: their settings, and those of their models."""
    return fingerprint([_of_one(one) for one in served])


def _of_one(served: Served) -> Sequence[Any]:
    deployment, model = served.deployment, served.model
    about = deployment.model_dump(
        include={"name", "provider", "model_name", "tags", "fallback_level", "weight",
                 "price_as", "price_multiplier"}
    )  # fmt: skip
    kind = type(model)
    try:
        said = model._get_llm_string()  # how LangChain itself tells models apart
    except Exception:
        said = ""
    return about, deployment.price, deployment.profile, kind.__module__, kind.__qualname__, said

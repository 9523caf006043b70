"""Travel: what of a router goes into a pickle: settings, no clients, no state and no secret.

The classes of the clouds hold connections, locks and keys, and none of them can be pickled. Where
the router builds them itself, it can build them again in the other process, whose environment has
the keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any, Final

from langchain_core.language_models import BaseChatModel
from pydantic import SecretBytes, SecretStr

from .catalogue import source_of_secret
from .deployment import PROVIDER_ALIASES, Deployment

_NO_SETTINGS: Final = frozenset({"assembled", "compiled", "profile"})
_OBJECTS: Final = ("callbacks", "cache", "rate_limiter", "custom_get_token_ids")
_PLAIN: Final = (str, int, float, bool, bytes, type(None))


def carried(router: Any) -> dict[str, Any]:
    """The keyword arguments that make the router anew.

    Raises:
        TypeError: naming what cannot be carried, and how to give it instead; shows no value.
    """
    for number, (entry, served) in enumerate(
        zip(router.models, router.assembled.served, strict=True)
    ):
        _check_model(entry, f"models[{number}]", served.deployment)
    for name in _OBJECTS:
        if not isinstance(getattr(router, name), bool | None):
            raise TypeError(f"{name}: cannot be pickled; set it where the router is unpickled")
    for number, sink in enumerate(router.sinks):
        if not isinstance(sink, FunctionType) and not _makes_itself(sink):
            raise TypeError(
                f"sinks[{number}]: an object ({type(sink).__name__}) cannot be pickled; set it "
                "where the router is unpickled"
            )
    _check(router.metadata, "metadata", "")
    settings = {"models": list(router.models)}
    for name, field in type(router).model_fields.items():
        value = getattr(router, name)
        if name not in _NO_SETTINGS and value != field.get_default(call_default_factory=True):
            settings[name] = value
    if router.profile is not router.compiled.profile:
        settings["profile"] = router.profile
    return settings


def _makes_itself(sink: Any) -> bool:
    """Whether it says itself what it is made of, as ours do."""
    return getattr(type(sink), "travels", False) is True


def _check_model(entry: Any, place: str, known: Deployment) -> None:
    params: Mapping[str, Any] = {}
    model = entry
    if isinstance(entry, Deployment):
        model, params = entry.model, entry.params
    if isinstance(model, BaseChatModel):
        raise TypeError(
            f"{place}: a model object ({type(model).__name__}) cannot be pickled, since it holds "
            f"connections and credentials. {_instead(known)}"
        )
    _check(params, f"{place}.params", known.provider)


def _instead(known: Deployment) -> str:
    if known.provider not in PROVIDER_ALIASES:
        return "Make the router in the process that uses it."
    model = f'"{known.provider}:{known.model_name}"'
    return (
        f"Give {model}, or Deployment({model}, params={{...}}): it is then built anew, with "
        "credentials from the environment."
    )


def _check(value: Any, place: str, provider: str) -> None:
    """Refuses secrets and objects, at any depth."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            where = source_of_secret(str(name), provider)
            if where and inner is not None:
                raise TypeError(f"{place}[{name!r}]: a pickle holds no secrets; {where}")
            _check(inner, f"{place}[{name!r}]", provider)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            _check(inner, f"{place}[{number}]", provider)
    elif isinstance(value, SecretStr | SecretBytes):
        raise TypeError(f"{place}: a pickle holds no secrets; leave it to the environment")
    elif not isinstance(value, _PLAIN):
        raise TypeError(
            f"{place}: an object ({type(value).__name__}) cannot be pickled; where the class "
            "cannot do without it, make the router in the process that uses it"
        )

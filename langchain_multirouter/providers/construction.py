"""Construction: provider classes built, copied and refused, the same way for every provider.

A user's instance is never changed and, where nothing needs changing, never copied. A copy shares
what costs (connection pools, credentials) and keeps the class, subclasses too; with settings to
override, it is built anew from the fields that were set, so that the class validates them.
"""

from __future__ import annotations

import importlib
import warnings
import weakref
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from pydantic import BaseModel, SecretStr, ValidationError

from ..errors import ConfigurationError, unknown_name

_LONGEST_REASON = 300
_SHORTEST_SECRET = 4

Model = TypeVar("Model", bound=BaseModel)


def imported(module: str, name: str, *, extra: str) -> Any:
    """A class of a provider's package.

    Raises:
        ConfigurationError: it is not installed; with the command that installs it.
    """
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError:
        raise ConfigurationError(
            f"{name} needs {module}, which is not installed or cannot be imported: "
            f'pip install "langchain-multirouter[{extra}]"'
        ) from None


def constructed(kind: Any, settings: Mapping[str, Any]) -> Any:
    """An instance of the class with these settings.

    Raises:
        ConfigurationError: a setting is unknown (the classes would send it along, or only log it),
            or the class refused one. It names the setting and shows no value, which is why the
            class's own error, which does, is not chained.
    """
    known = _known(kind)
    for name in settings:
        if name not in known:
            raise unknown_name(f"Setting of {kind.__name__}", name, known)
    try:
        return kind(**settings)
    except ValidationError as error:
        reason = "; ".join(_reasons(error))
    except Exception as error:  # credentials missing, a profile that is not there
        reason = f"{type(error).__name__}: {error}"
    told = without_values(reason, settings.values())
    raise ConfigurationError(f"{kind.__name__}: {told}") from None


def _known(kind: Any) -> frozenset[str]:
    """The class's fields and their aliases, and `model_kwargs`, which all classes take."""
    fields = kind.model_fields
    aliases = (field.alias for field in fields.values() if field.alias)
    return frozenset((*fields, *aliases, "model_kwargs"))


def _reasons(error: ValidationError) -> Iterable[str]:
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        field = ".".join(str(part) for part in problem["loc"])
        text = problem["msg"].removeprefix("Value error, ")
        yield f"{field}: {text}" if field else text


def without_values(text: str, values: Iterable[Any]) -> str:
    """The text with every string value (a key, a URL) blotted out."""
    for value in values:
        said = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(said, str) and len(said) >= _SHORTEST_SECRET:
            text = text.replace(said, "…")
    return text[:_LONGEST_REASON]


def seconds_of(timeout: Any) -> float | None:
    """The wait for an answer in a time limit of any form: a number, httpx's, connect and read."""
    if isinstance(timeout, tuple):
        timeout = timeout[1] if len(timeout) > 1 else None
    timeout = getattr(timeout, "read", timeout)
    if isinstance(timeout, int | float) and not isinstance(timeout, bool):
        return float(timeout)
    return None


def is_a(model: object, names: Iterable[str], *, package: str) -> bool:
    """Whether the model is of a class of that name, or a subclass, without importing it."""
    wanted = frozenset(names)
    return any(
        kind.__name__ in wanted and kind.__module__.partition(".")[0] == package
        for kind in type(model).__mro__
    )


def set_fields(model: BaseModel, *, without: Iterable[str]) -> dict[str, Any]:
    """What the instance was given: the fields that were set, and those read from the environment.

    The latter are passed on as they are, since the environment can have changed.
    """
    left_out = frozenset(without)
    fields = type(model).model_fields
    return {
        name: getattr(model, name)
        for name, field in fields.items()
        if name not in left_out
        and (
            name in model.model_fields_set
            or (field.default_factory is not None and getattr(model, name) is not None)
        )
    }


def settings_by_field(model: BaseModel, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings under their fields' own names: `timeout` of Azure is `request_timeout`."""
    names = {field.alias: name for name, field in type(model).model_fields.items() if field.alias}
    return {names.get(key, key): value for key, value in settings.items()}


def rebuilt(
    model: Any,
    settings: Mapping[str, Any],
    *,
    clients: tuple[str, ...] = (),
    connection: frozenset[str] = frozenset(),
    without: tuple[str, ...] = (),
) -> Any:
    """The instance built anew from its own set fields, with other settings.

    Args:
        model: The user's instance, which is not changed.
        settings: By name or alias; they win.
        clients: Fields that hold clients. They are passed on, unless
        connection: one of these settings is among the others, which takes clients made anew.
        without: Fields that are not passed on.
    """
    given = settings_by_field(model, settings)
    fields = {**set_fields(model, without=(*clients, *without)), **given}
    if not given.keys() & connection:
        fields |= {name: getattr(model, name) for name in clients}
    return constructed(type(model), fields)


def copied(model: Model, changes: Mapping[str, Any]) -> Model:
    """A shallow copy with other fields; private attributes and the class are kept.

    That a class is deprecated was said where the user made the instance.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return model.model_copy(update=dict(changes))


class Once:
    """Says a thing once per instance, for instances that cannot be hashed."""

    def __init__(self) -> None:
        self._said: dict[int, weakref.ref[Any]] = {}

    def warn(self, model: BaseChatModel, text: str) -> None:
        key = id(model)
        held = self._said.get(key)
        if held is not None and held() is model:
            return
        self._said[key] = weakref.ref(model, lambda _: self._said.pop(key, None))
        warnings.warn(text, UserWarning, stacklevel=4)


#: One warning per instance, whichever router adopts it.
INJECTED = Once()


def warn_injected(model: BaseChatModel, field: str) -> None:
    """Says that a client object of the user's keeps its own retries and time limits."""
    INJECTED.warn(
        model,
        f"{type(model).__name__} was given a client object ({field}): its own retries and time "
        "limits stay as they are and multiply with the router's. Turn its retries off where it "
        "is made, or let the class make it.",
    )

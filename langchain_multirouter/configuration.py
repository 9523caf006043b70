"""Configuration: a router's settings from a file, as keyword arguments of the class.

What a file may hold is what the classes have as fields, so that a field added there is known here;
less what takes Python objects, and secrets, which the providers' classes find in the environment.
Texts of errors hold places and names, never a value, which can be a secret.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

from langchain_core.language_models import ModelProfile
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from .catalogue import source_of_secret
from .deployment import PROVIDER_ALIASES, Deployment
from .document import at, read_document, refused
from .economics.given import given_prices, positive
from .errors import ConfigurationError
from .keywords import read_parameters
from .options import OPTION_NAMES, read_options
from .providers import provider_named
from .providers.provider import Parameters
from .resilience.policy import Policy
from .routing.preferences import read_preferences

#: Fields that take Python objects, or that are the class's own.
_NOT_IN_A_FILE: Final[Mapping[str, frozenset[str]]] = {
    "RoutedChatModel": frozenset(
        {
            "assembled",
            "cache",
            "callbacks",
            "classifier",
            "compiled",
            "custom_get_token_ids",
            "profile",
            "rate_limiter",
            "sinks",
        }
    ),
    "RoutedEmbeddings": frozenset({"assembled", "compiled", "sinks", "spaces"}),
    "Deployment": frozenset({"health_check"}),
    "Policy": frozenset({"wait", "stop"}),
}

#: Settings of the providers' classes that take objects, by how their names end.
_OBJECT: Final = re.compile(
    r"(^|_)(client|token_provider|callbacks|rate_limiter|token_ids)$|^config$"
)

#: Fields that a reader of their own goes through.
_READ_APART: Final = frozenset({"models", "policy"})
#: Numbers that may be negative.
_SIGNED: Final = frozenset({"random_seed"})
_PARAMETERS: Final = frozenset({"temperature", "max_tokens", "top_p", "stop"})

#: Why pydantic refuses what no file can hold anyway: no use to tell.
_OF_OBJECTS: Final = frozenset({"callable_type", "is_instance_of", "needs_python_object"})
_WORDS: Final = {
    "Value error, ": "",
    "Input should be": "must be",
    "a valid array": "a list",
    "an object": "a mapping",
    "a valid dictionary": "a mapping",
    "a valid string": "text",
    "a valid boolean": "true or false",
    "a valid integer": "a whole number",
    "a valid number": "a number",
}


class VectorProfile(ModelProfile, total=False):
    """What can be said of a deployment that embeds: a model's profile, and its vectors' size."""

    dimensions: int


#: What a deployment's profile may hold, where it is not a chat model's.
_PROFILES: Final[Mapping[str, type]] = {"RoutedEmbeddings": VectorProfile}


def read_configuration(
    source: str | os.PathLike[str] | Mapping[str, Any], router: type[BaseModel] | None = None
) -> dict[str, Any]:
    """Keyword arguments of a router, from a file or a mapping of the same shape.

    Args:
        source: A path that ends in `.yaml`, `.yml` or `.json`; or what such a file holds.
        router: The class whose settings they are; `RoutedChatModel` if None.

    Raises:
        ConfigurationError: with the place of what is unknown, wrong or a secret
            ("models[1].tgas: not known. Did you mean 'tags'?").
    """
    from .chat_model import RoutedChatModel  # which offers this function

    router = router or RoutedChatModel
    data = read_document(source)
    settings = _typed(router, data, "")
    try:
        read_options({name: settings[name] for name in OPTION_NAMES & settings.keys()})
        read_parameters({n: settings[n] for n in _PARAMETERS & settings.keys()}, Parameters())
        read_preferences(settings.get("task_preferences"))
    except ConfigurationError as error:
        raise _placed("", error) from None
    for number, name in enumerate(settings.get("configurable_options", ())):
        if name not in OPTION_NAMES:
            place = at("configurable_options", number)
            raise refused(place, f"is no routing option.{_near(name, OPTION_NAMES)}")
    _check_secrets(settings.get("metadata"), "metadata", "")
    if "policy" in data:
        settings["policy"] = Policy(**_typed(Policy, data["policy"], "policy"))
    settings["models"] = _models(data.get("models"), _PROFILES.get(router.__name__, ModelProfile))
    return settings


def _models(entries: Any, profile: type) -> list[str | Deployment]:
    if not isinstance(entries, list) or not entries:
        raise refused("models", "must be a list with at least one model")
    return [_model(entry, at("models", number), profile) for number, entry in enumerate(entries)]


def _model(entry: Any, place: str, profile: type) -> str | Deployment:
    if isinstance(entry, str):
        _check_model(entry, place)
        return entry
    values = _typed(Deployment, entry, place)
    provider = _check_model(values.get("model"), f"{place}.model")
    if values.get("provider"):
        provider = _provider(values["provider"], f"{place}.provider")
    _check_params(values.get("params", {}), f"{place}.params", provider)
    _typed(profile, values.get("profile", {}), f"{place}.profile")
    try:
        if values.get("price") is not None:
            given_prices(_mapping(values["price"], "price"))
        positive("price_multiplier", values.get("price_multiplier", 1))
        return Deployment(**values)
    except ConfigurationError as error:
        raise _placed(place, error) from None


def _check_model(model: Any, place: str) -> str:
    """The name of the provider of a "provider:model" string."""
    try:
        if isinstance(model, str) and Deployment(model):
            return _provider(model.partition(":")[0], place)
    except ConfigurationError as error:
        if not isinstance(error.__context__, ValidationError):
            raise
    raise refused(place, 'must be "provider:model", such as "azure_openai:gpt-6.1-terra"')


def _provider(name: str, place: str) -> str:
    try:
        return provider_named(name).name
    except ConfigurationError:  # whose text has the name, which can be anything
        near = _near(name, PROVIDER_ALIASES)
        raise refused(place, f"its provider is not known.{near}") from None


def _check_params(params: Mapping[str, Any], place: str, provider: str) -> None:
    for name in params:
        if _OBJECT.search(name):
            raise refused(at(place, name), "takes a Python object: set it in code")
    _check_secrets(params, place, provider)


def _check_secrets(value: Any, place: str, provider: str) -> None:
    """Refuses what is named like a secret, at any depth: default_headers.Authorization."""
    if isinstance(value, list):
        for number, one in enumerate(value):
            _check_secrets(one, at(place, number), provider)
    elif isinstance(value, dict):
        for name, one in value.items():
            where = source_of_secret(name, provider)
            if where:
                raise refused(at(place, name), f"a file holds no secrets; {where}")
            _check_secrets(one, at(place, name), provider)


# --- fields, as the classes have them --------------------------------------------------------


@cache
def _shape(kind: type) -> type[BaseModel]:
    """A class's fields that a file can hold, all optional, without the class's own checks."""
    hints: dict[str, Any]
    if issubclass(kind, BaseModel):
        fields = kind.model_fields.items()
        hints = {n: Annotated[(f.annotation, *f.metadata, "")] for n, f in fields}
    else:
        hints = get_type_hints(kind)
    left_out = _NOT_IN_A_FILE.get(kind.__name__, frozenset())
    taken: dict[str, Any] = {n: (hint, None) for n, hint in hints.items() if n not in left_out}
    config = ConfigDict(arbitrary_types_allowed=True, strict=True)
    return create_model(f"{kind.__name__}InAFile", __config__=config, **taken)


def _mapping(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refused(place, "must be a mapping")
    return value


def _typed(kind: type, data: Any, place: str) -> dict[str, Any]:
    """The mapping, if it has the class's fields alone, in the types of the class.

    As strictly as JSON has them: "3" is no number, 1 is not true; a list can be a tuple or a set.
    """
    shape = _shape(kind)
    values = {name: one for name, one in _mapping(data, place).items() if name not in _READ_APART}
    for name in data:
        if name not in shape.model_fields:
            raise refused(at(place, name), _why_unknown(kind, name))
    try:
        shape.model_validate_json(json.dumps(values))
    except ValidationError as error:
        raise ConfigurationError(_told(place, error, shape)) from None
    for name, value in values.items():
        if isinstance(value, int | float) and value < 0 and name not in _SIGNED:
            raise refused(at(place, name), "must be at least 0")
    return values


def _why_unknown(kind: type, name: str) -> str:
    if name in _NOT_IN_A_FILE.get(kind.__name__, ()):
        return "takes a Python object: set it in code"
    where = source_of_secret(name)
    if where:
        return f"a file holds no secrets; {where}"
    near = _near(name, _shape(kind).model_fields)
    if not near and kind is Deployment:
        near = " Settings of the provider's class go into `params`."
    return f"not known.{near}"


def _near(name: str, known: Iterable[str]) -> str:
    """The nearest names that exist; the one that does not is not repeated."""
    near = get_close_matches(name[:80], tuple(known), n=3, cutoff=0.7)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def _placed(place: str, error: ConfigurationError) -> ConfigurationError:
    """A class's own refusal, with the place of what it refuses."""
    cause = error.__context__
    if isinstance(cause, ValidationError):
        return ConfigurationError(_told(place, cause))
    return ConfigurationError(f"{place}.{error}" if place else str(error))


def _told(place: str, error: ValidationError, shape: type[BaseModel] | None = None) -> str:
    """Places and reasons. Of a union's members, whichever came farthest into the value."""
    found: dict[str, list[tuple[tuple[int | str, ...], str]]] = {}
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    for problem in problems:
        field, *path = problem["loc"] or ("",)
        if shape and path and _is_union(shape.model_fields[str(field)].annotation):
            path = path[1:]  # the member's name
        if problem["type"] not in _OF_OBJECTS:
            found.setdefault(str(field), []).append((tuple(path), _in_words(problem["msg"])))
    reasons = []
    for field, told in found.items():
        deepest = max((path for path, _ in told), key=len)
        where = at(place, field)
        for step in deepest:
            where = at(where, step)
        whys = dict.fromkeys(why for path, why in told if path == deepest)
        reasons.append(f"{where}: {' or '.join(whys).replace(' or must be ', ' or ')}")
    return "; ".join(reasons)


def _is_union(annotation: Any) -> bool:
    members = set(get_args(annotation)) - {type(None)}
    return get_origin(annotation) in (Union, UnionType) and len(members) > 1


def _in_words(message: str) -> str:
    for theirs, ours in _WORDS.items():
        message = message.replace(theirs, ours)
    return message

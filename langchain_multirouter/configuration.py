"""Configuration: a router's settings from a YAML file or a dictionary, refused with their place.

A file holds settings, never secrets: the providers' classes read those from the environment. It is
read by YAML's safe loader, bounded in size and depth, without anchors (which can be cyclic, or
expand to billions of nodes), and a key that is given twice is a mistake.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from .deployment import Deployment
from .errors import ConfigurationError, unknown_name
from .options import OPTION_NAMES
from .resilience.policy import Policy

LARGEST_FILE_BYTES = 1_048_576
DEEPEST = 20
MOST_NODES = 20_000

#: What a file can set of a router, of a deployment, and of the policy; what is code, it cannot.
SETTINGS = OPTION_NAMES | {
    "models",
    "temperature",
    "max_tokens",
    "top_p",
    "stop",
    "timeout",
    "streaming",
    "task_preferences",
    "configurable_options",
    "random_seed",
    "health_check_interval_seconds",
    "policy",
}
DEPLOYMENT_SETTINGS = frozenset(Deployment.model_fields) - {"health_check"}
POLICY_SETTINGS = frozenset(field.name for field in fields(Policy)) - {"wait", "stop"}

#: Endings of the names of secrets, and of what gives access.
SECRET_ENDINGS = ("key", "secret", "token", "password", "credentials", "key_id", "token_provider")
#: Provider prefix → the variables from which its class reads them.
SECRETS_FROM: Mapping[str, str] = {
    "azure_openai": "AZURE_OPENAI_API_KEY or AZURE_OPENAI_AD_TOKEN",
    "aws_bedrock": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "gcp_vertex": "GOOGLE_APPLICATION_CREDENTIALS",
}


def read_configuration(source: str | os.PathLike[str] | Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of a router.

    Args:
        source: A path to a YAML or JSON file, or a dictionary of the same shape.

    Raises:
        ConfigurationError: a file that cannot be read, or is no such configuration; an unknown,
            wrong or secret setting, named by its place ("models[1].tgas").
    """
    given = source if isinstance(source, Mapping) else _read(Path(source))
    if not isinstance(given, Mapping):
        raise ConfigurationError("configuration: must be a mapping of settings")
    _check_shape(given)
    _check_names("", given, SETTINGS)
    settings = dict(given)
    models = settings.get("models")
    if not isinstance(models, Sequence) or isinstance(models, str) or not models:
        raise ConfigurationError("models: must be a list with at least one model")
    settings["models"] = [_model(entry, f"models[{i}]") for i, entry in enumerate(models)]
    if "policy" in settings:
        settings["policy"] = _policy(settings["policy"])
    return settings


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise ConfigurationError(f"{path.name}: is larger than {LARGEST_FILE_BYTES:,} bytes")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigurationError(f"{path.name}: cannot be read: {reason}") from None
    return parse_yaml(text, path.name)


def parse_yaml(text: str, name: str) -> Any:
    """The document, by the safe loader alone.

    Raises:
        ConfigurationError: no YAML, too deep, too large, with anchors, tags or a key given twice.
    """
    try:
        _check_events(text, name)
        loader = _UniqueKeys(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except ConfigurationError:
        raise
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
        raise ConfigurationError(f"{name}{line}: {_reason(error)}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{name}: is no YAML ({type(error).__name__})") from None


def _reason(error: yaml.MarkedYAMLError) -> str:
    """PyYAML's problem, which names characters and tags, never a value of the document."""
    return (error.problem or "is no YAML")[:120]


def _check_events(text: str, name: str) -> None:
    """Bound the document before anything is built of it."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        if number > MOST_NODES:
            raise ConfigurationError(f"{name}: has more than {MOST_NODES:,} nodes")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            line = "" if event.start_mark is None else f", line {event.start_mark.line + 1}"
            raise ConfigurationError(f"{name}{line}: anchors and aliases are not taken")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise ConfigurationError(f"{name}: is nested more than {DEEPEST} deep")


class _UniqueKeys(yaml.SafeLoader):
    """YAML's safe loader, to which a key that is given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, "a key is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _check_shape(value: Any, place: str = "configuration", depth: int = 0) -> None:
    """Plain values only, text keys only, and not too deep (a dictionary can hold itself)."""
    if depth > DEEPEST:
        raise ConfigurationError(f"{place[:80]}: is nested more than {DEEPEST} deep")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ConfigurationError(f"{place[:80]}: a key must be text")
            _check_shape(item, f"{place}.{key}"[:200], depth + 1)
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            _check_shape(item, f"{place}[{i}]", depth + 1)
    elif not isinstance(value, str | int | float | bool | None):
        raise ConfigurationError(f"{place[:80]}: must be plain text, number, list or mapping")


def _check_names(place: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    known = frozenset(known)
    for name in given:
        if name not in known:
            raise unknown_name(f"{place}{name[:40]}: the setting", name, known)


def _model(entry: Any, place: str) -> str | Deployment:
    if isinstance(entry, str):
        entry = {"model": entry}
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f'{place}: must be "provider:model" or a mapping')
    _check_names(f"{place}.", entry, DEPLOYMENT_SETTINGS)
    if not isinstance(entry.get("model"), str):
        raise ConfigurationError(f'{place}.model: must be "provider:model"')
    params = entry.get("params") or {}
    if not isinstance(params, Mapping):
        raise ConfigurationError(f"{place}.params: must be a mapping")
    try:
        deployment = Deployment(**entry)
        _refuse_secrets(params, f"{place}.params", deployment)
    except ConfigurationError as error:
        text = str(error)
        where = text if text.startswith(place) else f"{place}: {text}"
        raise ConfigurationError(where) from None
    return deployment


def _refuse_secrets(params: Mapping[str, Any], place: str, deployment: Deployment) -> None:
    from .providers import provider_named

    for name in params:
        if name.casefold().endswith(SECRET_ENDINGS):
            prefix = deployment.model.partition(":")[0]
            provider = provider_named(deployment.provider or prefix).name
            raise ConfigurationError(
                f"{place}.{name[:40]}: secrets stay out of files; the class reads them from the "
                f"environment ({SECRETS_FROM.get(provider, 'see its documentation')})"
            )


def _policy(given: Any) -> Policy:
    if not isinstance(given, Mapping):
        raise ConfigurationError("policy: must be a mapping of numbers")
    _check_names("policy.", given, POLICY_SETTINGS)
    return Policy(**given)

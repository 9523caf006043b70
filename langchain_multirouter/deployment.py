"""Deployment: one model of one provider, in one region or account; what is chosen and measured."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)

from .errors import ConfigurationError

#: A name goes into the metadata of every answer, which is bounded to 1 KB.
LONGEST_NAME = 64


class Provider(StrEnum):
    """The clouds the router knows; any other LangChain chat model keeps its own type as a name."""

    AWS_BEDROCK = "aws_bedrock"
    AZURE_OPENAI = "azure_openai"
    GCP_VERTEX = "gcp_vertex"


#: What people call the providers → the name the router prints.
PROVIDER_ALIASES: Mapping[str, Provider] = {
    "aws_bedrock": Provider.AWS_BEDROCK,
    "bedrock": Provider.AWS_BEDROCK,
    "bedrock_converse": Provider.AWS_BEDROCK,
    "amazon_bedrock": Provider.AWS_BEDROCK,
    "azure_openai": Provider.AZURE_OPENAI,
    "azure": Provider.AZURE_OPENAI,
    "gcp_vertex": Provider.GCP_VERTEX,
    "google_vertexai": Provider.GCP_VERTEX,
    "vertex": Provider.GCP_VERTEX,
}

Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class Deployment(BaseModel):
    """One model of one provider, with what the router should know about it.

    Args:
        model: `"provider:model"` (`"azure_openai:gpt-6.1-terra"`) or any LangChain chat model; in
            a `RoutedEmbeddings`, any LangChain embeddings object.
        name: What statistics, errors and metadata call it; made from provider and model if not
            given. Unique in a router, at most 64 characters.
        provider: The cloud; found from the model if not given.
        model_name: The model's id, where the model object does not tell (an Azure deployment named
            "prod-eu" that serves "gpt-6.1-terra").
        fallback_level: Deployments of level 1 are tried only after those of level 0, and so on.
        tags: Labels that a call can require (`"eu"`, `"zero-retention"`).
        weight: Relative share where a strategy draws lots, and of sessions; 0 is never drawn first.
        timeout_seconds: The longest wait of one attempt for an answer or for the stream's next
            token; the router's own `timeout` if not given.
        params: Settings of the provider's class alone (`azure_endpoint`, `region_name`…).
        price: USD per million tokens (`{"input": 3, "output": 15}`), or a genai-prices
            `ModelPrice`, where maintained data does not know the price or yours is another.
        price_as: Another model whose price holds here.
        price_multiplier: On that price: 1.1 for a data zone that costs 10 % more.
        profile: What the model takes and can do, in the keys of LangChain's model profiles
            (`{"max_input_tokens": 200_000, "image_inputs": True}`); above the maintained ones. Of
            embeddings: their size (`{"dimensions": 1536}`), where the class does not say.
        strengths: What it is good at, in your words; the provider's default ones if not given.
        health_check: Your own check, called by `check_health()`; a false value or an exception
            means unhealthy. A call for one token if not given.
        requests_per_minute: The service's limit, which is kept rather than met: who has no headroom
            left is asked after the others, or waited for (`max_wait_seconds`).
        tokens_per_minute: The same for tokens, input and output together.
        keep_retries: Leave a model object's own hidden retries on (they multiply with the
            router's; off by default).

    Raises:
        ConfigurationError: naming the field that is wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    model: Any = Field(repr=False)
    name: str = ""
    provider: str = ""
    model_name: str = ""
    fallback_level: int = Field(default=0, ge=0, le=99)
    tags: tuple[Tag, ...] = ()
    weight: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    timeout_seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    params: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    price: Any = Field(default=None, repr=False)
    price_as: str | None = None
    price_multiplier: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    profile: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    strengths: tuple[Tag, ...] | None = None
    health_check: Callable[[], Any] | None = Field(default=None, repr=False)
    keep_retries: bool = False
    requests_per_minute: float | None = Field(default=None, ge=0.01, allow_inf_nan=False)
    tokens_per_minute: float | None = Field(default=None, ge=1, allow_inf_nan=False)

    def __init__(self, model: Any = None, /, **settings: Any) -> None:
        if model is not None:
            settings["model"] = model
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise configuration_error("Deployment", error) from None

    @field_validator(
        "fallback_level",
        "weight",
        "timeout_seconds",
        "price_multiplier",
        "requests_per_minute",
        "tokens_per_minute",
        mode="before",
    )
    @classmethod
    def _number(cls, value: Any) -> Any:
        return a_number(value)

    @field_validator("health_check")
    @classmethod
    def _health_check_is_synchronous(cls, check: Any) -> Any:
        refuse_asynchronous("health_check", check)
        return check

    @field_validator("name")
    @classmethod
    def _name_is_printable(cls, name: str) -> str:
        if len(name) > LONGEST_NAME or not (name.isascii() and name.isprintable()):
            raise ValueError(f"must be printable ASCII of at most {LONGEST_NAME} characters")
        return name

    @field_validator("provider")
    @classmethod
    def _provider_in_its_first_form(cls, provider: str) -> str:
        return PROVIDER_ALIASES.get(provider, provider)

    @field_validator("model")
    @classmethod
    def _model_is_given(cls, model: Any) -> Any:
        if isinstance(model, str):
            prefix, colon, rest = model.partition(":")
            if not (colon and prefix and rest.strip()):
                raise ValueError('must be "provider:model", such as "azure_openai:gpt-6.1-terra"')
        elif model is None:
            raise ValueError("must be given")
        return model

    @property
    def family(self) -> str:
        """What this deployment's model is called wherever it is served; see `model_family`."""
        return model_family(self.model_name)


def refuse_asynchronous(name: str, function: Any) -> None:
    """Refuse a coroutine function where an answer is needed at once: a coroutine is always true.

    Raises:
        ConfigurationError: naming the setting.
    """
    call = getattr(type(function), "__call__", function)  # noqa: B004  # the function, no question
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call):
        raise ConfigurationError(f"{name}: asynchronous functions cannot be used")


def a_number(value: Any) -> Any:
    """The value, unless it is a bool, which pydantic would take for 0 or 1."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def configuration_error(what: str, error: ValidationError) -> ConfigurationError:
    """Pydantic's refusal as one text that names fields and reasons and shows no value.

    Values can be secrets (a key given to the wrong field), so none is repeated.
    """
    reasons = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        field = ".".join(str(part) for part in problem["loc"]) or what
        reasons.append(f"{field}: {problem['msg'].removeprefix('Value error, ')}")
    return ConfigurationError(f"{what}: " + "; ".join(reasons))


_REGION = re.compile(r"^(us|eu|apac|jp|au|ca|sa|global|us-gov)\.")
_VENDOR = re.compile(r"^(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|google)\.")
_VERSION = re.compile(r"(-v\d+)?(:\d+)?(:\d+k)?$")
_DATE = re.compile(r"[-@](\d{8}|\d{4}-\d{2}-\d{2}|latest|default)$")


def model_family(model_name: str) -> str:
    """The model's name without region, vendor, path, version and date.

    Two deployments with the same family serve the same model: `eu.anthropic.claude-sonnet-4-5-
    20250929-v1:0` on Bedrock and `claude-sonnet-4-5@20250929` on Vertex.
    """
    return _DATE.sub("", _VERSION.sub("", bare_name(model_name)))


def bare_name(model_name: str) -> str:
    """The model's name without region, vendor and path, in lower case."""
    name = model_name.strip().casefold().rsplit("/", 1)[-1]
    return _VENDOR.sub("", _REGION.sub("", name))


def finite(field: str, value: float | None, *, least: float = 0.0) -> float | None:
    """The number, or a ConfigurationError that names the field if it is no finite one ≥ least."""
    if value is not None and not (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and least <= value <= sys.float_info.max  # NaN compares false
    ):
        raise ConfigurationError(f"{field}: must be a finite number of at least {least:g}")
    return value

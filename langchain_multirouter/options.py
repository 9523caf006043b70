"""Options: what one call may ask of the router; they narrow what the router allows, never widen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

from .deployment import PROVIDER_ALIASES, Tag, a_number, configuration_error
from .errors import ConfigurationError, unknown_name
from .narrowing import NARROWING
from .task_types import TaskType


class Strategy(StrEnum):
    """How the order of candidates is found; each is a row of `routing.strategy`."""

    ORDERED = "ordered"
    ROUND_ROBIN = "round_robin"
    PERFORMANCE_BASED = "performance_based"
    COST_OPTIMIZED = "cost_optimized"
    AVAILABILITY_BASED = "availability_based"
    MODEL_SPECIFIC = "model_specific"
    WEIGHTED_RANDOM = "weighted_random"
    INTELLIGENT = "intelligent"
    ADAPTIVE = "adaptive"


class Interrupted(StrEnum):
    """What comes of a stream that breaks off after a part of it was delivered."""

    RAISE = "raise"
    CONTINUE = "continue"
    BUFFER = "buffer"


LONGEST_TENANT = 256
MOST_SPENDERS = 8
Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TENANT)]

#: A strategy of the user's own: candidates and the request → a score each, the highest first.
UsersStrategy = Callable[[Sequence[Any], Any], Sequence[float]]


class Options(BaseModel):
    """A call's routing options, validated.

    Args:
        strategy: How candidates are ordered: a name, or a function that scores them.
        preferred_provider: A provider whose healthy deployments go first.
        model_preference: Models to use where some candidate has one of them.
        fallback_enabled: Whether a second deployment may be tried after the first failed.
        max_retries: Retries on one deployment within a call.
        max_attempts: Attempts of one call, over all deployments; twice the candidates if None,
            at most 8.
        deadline_seconds: The whole call, all attempts and all waits; None is no limit.
        require_tags: Tags a deployment must have, all of them.
        allow_model_change: Whether a fallback may go to another model.
        task_type: What the prompt asks for; found from the prompt if not given.
        max_cost: The most this request may be expected to cost, in USD. Deployments of unknown
            price are left out.
        max_response_time: Leaves out deployments that are known to take longer, in seconds on
            average. Not a time limit: see `deadline_seconds`.
        allow_losses: Whether a deployment may serve that cannot take all of the request (a seed,
            a temperature, a pattern in a tool's schema); `notes` say what it was not sent.
        hedge: Whether a second copy goes elsewhere when the first takes long: after so many
            seconds, or (True) longer than 95 % of its deployment's own; the first answer wins.
            False forbids it; None is off. Paid for by the retry budget.
        first_token_seconds: A stream's limit for its first token, in seconds; the attempt's own
            limit, which holds for every silence of a stream, may be shorter.
        idle_seconds: A stream's limit between two chunks, as above.
        on_interrupted: What comes of a stream that breaks off after a part was delivered: "raise"
            an error that has the part; "continue", so that another deployment carries on from it,
            but never from inside a tool call; or "buffer", so that nothing is delivered until all
            of it is there, and it fails over as a whole answer does. `usage_metadata` is the sum
            of what was counted in the delivered parts; the metadata's `cost_usd` and
            `estimated_usd` are of all attempts.
        hedge_tools: Whether calls with tools may be hedged too: a model may call tools twice then.
        tenant: Whose call it is, for what is kept apart by tenant; once said it cannot be changed.
        prompt_cache_affinity: Whether expected costs count what a provider has of the prompt from
            earlier calls, and charges a fraction for.
        session: A conversation's key: it stays on its deployment while it may and can, moves when
            it must, and stays where it moved. The strategy orders who comes after.
        sticky: Whether the `thread_id` of a call's configuration, which LangGraph sets, is its
            session where the call names none.
        max_wait_seconds: The longest a call waits for a deployment that is in cooldown, has no
            headroom in its quota, or asked to be tried later; 0 for never. At most the policy's
            `longest_wait_seconds`, which holds if not given.
        spenders: Who else pays for it, for the budgets of such keys: `{"user": "ann", "run": "7"}`;
            what is said once cannot be changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: Strategy | UsersStrategy = Strategy.INTELLIGENT
    preferred_provider: str | None = None
    model_preference: tuple[str, ...] = ()
    fallback_enabled: bool = True
    max_retries: int = Field(default=3, ge=0, le=20)
    max_attempts: int | None = Field(default=None, ge=1, le=64)
    deadline_seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    require_tags: frozenset[Tag] = frozenset()
    allow_model_change: bool = True
    task_type: TaskType | None = None
    max_cost: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    max_response_time: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    allow_losses: bool = True
    first_token_seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    idle_seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    on_interrupted: Interrupted = Interrupted.RAISE
    hedge: bool | float | None = None
    hedge_tools: bool | None = None
    tenant: str | None = Field(default=None, min_length=1, max_length=LONGEST_TENANT)
    prompt_cache_affinity: bool = True
    session: str | None = Field(default=None, min_length=1, repr=False)
    sticky: bool = False
    max_wait_seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    spenders: Mapping[Name, Name] = Field(default_factory=dict, max_length=MOST_SPENDERS)

    @property
    def strategy_name(self) -> str:
        """For metadata and logs."""
        strategy = self.strategy
        if isinstance(strategy, Strategy):
            return strategy.value
        return str(getattr(strategy, "__name__", type(strategy).__name__))[:64]

    @field_validator("strategy", mode="before")
    @classmethod
    def _strategy(cls, value: Any) -> Any:
        if callable(value) and not isinstance(value, str):
            return value
        known = [strategy.value for strategy in Strategy]
        if value not in known:
            raise ValueError(f"is none of {', '.join(known)}, and no function")
        return Strategy(value)

    @field_validator(
        "max_retries",
        "max_attempts",
        "deadline_seconds",
        "max_cost",
        "max_response_time",
        "first_token_seconds",
        "idle_seconds",
        "max_wait_seconds",
        mode="before",
    )
    @classmethod
    def _number(cls, value: Any) -> Any:
        return a_number(value)

    @field_validator("hedge", mode="before")
    @classmethod
    def _hedge(cls, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        return _more_than_nothing(a_number(value))

    @field_validator("preferred_provider")
    @classmethod
    def _provider_in_its_first_form(cls, provider: str | None) -> str | None:
        return None if provider is None else PROVIDER_ALIASES.get(provider, provider)

    @field_validator("spenders")
    @classmethod
    def _no_tenant(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        if "tenant" in value:
            raise ValueError("a tenant is named by the option tenant= itself")
        return value

    @field_validator("model_preference", "require_tags", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        if isinstance(value, str):
            return (value,)
        return () if value is None else value


def _more_than_nothing(value: Any) -> float:
    seconds = float(value)
    if not 0.0 < seconds < float("inf"):
        raise ValueError("must be true, false, or seconds above 0")
    return seconds


OPTION_NAMES = frozenset(NARROWING)


def read_options(settings: Mapping[str, Any]) -> Options:
    """Validated options.

    Raises:
        ConfigurationError: naming the option that is unknown or wrong.
    """
    for name in settings:
        if name not in OPTION_NAMES:
            raise unknown_name("Routing option", str(name), OPTION_NAMES)
    try:
        return Options(**settings)
    except ValidationError as error:
        raise configuration_error("Routing options", error) from None


def narrow(allowed: Options, asked: Mapping[str, Any]) -> Options:
    """What is allowed, narrowed by what is asked."""
    if not asked:
        return allowed
    wanted = read_options(asked)
    changes = {
        name: NARROWING[name](getattr(allowed, name), getattr(wanted, name)) for name in asked
    }
    if allowed.preferred_provider is not None and not allowed.fallback_enabled:
        changes.pop("preferred_provider", None)  # without fallback it is the only one allowed
    return allowed.model_copy(update=changes)


def read_configurable(value: Any, permitted: frozenset[str]) -> dict[str, Any]:
    """The options in `config={"configurable": {"router": {...}}}`, which may come from outside.

    Raises:
        ConfigurationError: naming an option that `configurable_options` does not permit.
    """
    if not isinstance(value, Mapping):
        raise ConfigurationError('configurable["router"]: must be a mapping of routing options')
    for name in value:
        if not isinstance(name, str):
            raise ConfigurationError(
                f'configurable["router"]: the option {str(name)[:80]!r} is no text, as names are'
            )
        if name not in permitted:
            raise ConfigurationError(
                f'configurable["router"]: the option {str(name)[:80]!r} is not permitted here; '
                f"`configurable_options` permits {sorted(permitted) or 'none'}"
            )
    return dict(value)

"""Compiled: a router's settings, read once, so that a call need not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .assembly import Assembled, assembled_for
from .caching.settings import NUMBERS as CACHE_NUMBERS
from .caching.settings import Caching, caching_of
from .deployment import finite, refuse_asynchronous
from .economics.lengths import Lengths, usual_tokens
from .errors import ConfigurationError, unknown_name
from .fitness import NOBODY, NOTHING, needs_of
from .identity import identity_of
from .keywords import read_parameters
from .lineup import DEFAULT_TIMEOUT_SECONDS
from .options import OPTION_NAMES, Options, read_options
from .prompt import tools_tokens
from .providers.provider import Parameters
from .request import Prompt, Request
from .routing.preferences import read_preferences
from .task_types import TaskType
from .telemetry.audience import Audience
from .telemetry.sinks import remark
from .values import new

#: Settings to which pydantic would take True for 1.
NUMBERS = frozenset(
    {
        "temperature",
        "max_tokens",
        "top_p",
        "timeout",
        "max_retries",
        "max_attempts",
        "deadline_seconds",
        "max_cost",
        "max_response_time",
        "first_token_seconds",
        "idle_seconds",
        "max_wait_seconds",
        "health_check_interval_seconds",
        "random_seed",
        *CACHE_NUMBERS,
    }
)


class Compiled(NamedTuple):
    """What a call needs of its router's settings."""

    options: Options
    parameters: Parameters
    permitted: frozenset[str]
    preferences: Mapping[TaskType, tuple[str, ...]]
    task_of: Callable[[Prompt], TaskType]
    identity: Mapping[str, Any]
    names: frozenset[str]
    check_interval_seconds: float | None
    roomy_input_tokens: float  # see `Request.roomy`
    roomy_output_tokens: float
    profile: Mapping[str, Any] | None = None  # the one that was found, not given
    audience: Audience | None = None
    caching: Caching | None = None  # None: off

    def request(
        self,
        options: Options,
        parameters: Parameters,
        prompt: Prompt,
        *,
        model: str | None,
        streamed: bool,
        lengths: Lengths,
        unable: Mapping[int, str] = NOBODY,
    ) -> Request:
        """One call as the core sees it."""
        tools = parameters.tools or parameters.tool_settings
        if tools:
            schema = (parameters.tool_settings or {}).get("response_format")
            more = tools_tokens((*(parameters.tools or ()), schema))
            prompt = prompt._replace(input_tokens=prompt.input_tokens + more)
        asked = parameters.max_tokens
        roomy = prompt.input_tokens <= self.roomy_input_tokens and (
            asked is None or asked <= self.roomy_output_tokens
        )
        task = options.task_type or self.task_of(prompt)
        values = (
            options,
            streamed,
            model,
            model in self.names,
            parameters.timeout_seconds,
            task,
            prompt,
            asked,
            self.preferences,
            None if self.audience is None else self.audience.heard(),
            usual_tokens(lengths, task),
            False,
            unable,
            roomy,
            needs_of(parameters) if tools else NOTHING,
            None if options.hedge is None else hedge_of(options, parameters),
            (),
            None,  # see `recall`
            None,
        )
        return new(Request, values)


def compile_router(router: Any) -> tuple[Assembled, Compiled]:
    """A router's deployments, and its settings as its calls need them.

    Raises:
        ConfigurationError: naming the setting that is wrong.
    """
    options = read_options({name: getattr(router, name) for name in OPTION_NAMES})
    names = ("temperature", "max_tokens", "top_p", "stop")
    parameters = read_parameters({name: getattr(router, name) for name in names}, Parameters())
    finite("timeout", router.timeout, least=1e-3)
    for name in router.configurable_options:
        if name not in OPTION_NAMES:
            raise unknown_name("configurable_options:", str(name), OPTION_NAMES)
    interval = finite(
        "health_check_interval_seconds", router.health_check_interval_seconds, least=1.0
    )
    preferences, task_of = read_preferences(router.task_preferences), task_finder(router.classifier)
    known = assembled_for(router)
    if router.timeout != known.timeout:  # a copy's own, on the clients that are there
        parameters = parameters._replace(timeout_seconds=router.timeout or DEFAULT_TIMEOUT_SECONDS)
    beside = (preferences, router.classifier)
    return known, Compiled(
        options,
        parameters,
        frozenset(router.configurable_options),
        preferences,
        task_of,
        identity_of(options, parameters, known.served, known.digest, beside),
        frozenset(served.deployment.name for served in known.served),
        interval,
        known.roomy_input_tokens,
        known.roomy_output_tokens,
        audience=known.audience,
        caching=caching_of(router, known.fingerprint, beside),
    )


def hedge_of(options: Options, parameters: Parameters) -> float | bool | None:
    """When this call may be hedged: never with tools, unless they are declared safe."""
    if options.hedge is False or (parameters.tools and not options.hedge_tools):
        return None
    return options.hedge


def task_finder(classifier: Callable[[str], Any] | None) -> Callable[[Prompt], TaskType]:
    """The user's classifier, if there is one; chat where it raises or gives no task type."""
    if classifier is None:
        return _remembering(_classified)
    refuse_asynchronous("classifier", classifier)

    def find(prompt: Prompt) -> TaskType:
        try:
            return TaskType(classifier(prompt.text))
        except Exception as error:
            name = type(error).__name__
            remark("The classifier failed (%s); the task is taken as chat.", name)
            return TaskType.CHAT

    return find


def _classified(prompt: Prompt) -> TaskType:
    from .routing.task import classify_task  # its tables take a while to read

    return classify_task(prompt)


def refuse_wrong(settings: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Refuse a setting that does not exist, and True and False where a number is meant.

    Raises:
        ConfigurationError: naming the setting.
    """
    for name in settings:
        if name not in known:
            hint = " Settings of one provider alone go into Deployment(params={...})."
            raise unknown_name("Setting", name, known, hint=hint)
    for name in NUMBERS.intersection(settings):
        if isinstance(settings[name], bool):
            raise ConfigurationError(f"{name}: must be a number")


#: How many prompts' tasks are remembered, by their hashes; no text is kept.
REMEMBERED = 1024


def _remembering(classify: Callable[[Prompt], TaskType]) -> Callable[[Prompt], TaskType]:
    """An agent's steps all have the same last human turn: its task is found once."""
    known: dict[tuple[int, int, frozenset[str]], TaskType] = {}

    def find(prompt: Prompt) -> TaskType:
        key = (hash(prompt.text), len(prompt.text), prompt.kinds)
        task = known.get(key)
        if task is None:
            if len(known) >= REMEMBERED:
                known.clear()
            task = known[key] = classify(prompt)
        return task

    return find

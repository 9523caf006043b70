"""Compiled: a router's settings, read once, so that a call need not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .assembly import Assembled
from .deployment import refuse_asynchronous
from .errors import ConfigurationError
from .options import Options
from .providers.provider import Parameters
from .request import Prompt, Request
from .routing.task import classify_task
from .task_types import TaskType
from .telemetry.sinks import listening, remark
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
        "health_check_interval_seconds",
        "random_seed",
    }
)


NOBODY: Mapping[int, str] = {}


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

    def request(
        self,
        options: Options,
        parameters: Parameters,
        prompt: Prompt,
        *,
        model: str | None,
        streamed: bool,
        usual_output_tokens: float | None,
        unable: Mapping[int, str] = NOBODY,
    ) -> Request:
        """One call as the core sees it."""
        values = (
            options,
            streamed,
            model,
            model in self.names,
            parameters.timeout_seconds,
            options.task_type or self.task_of(prompt),
            prompt,
            parameters.max_tokens,
            self.preferences,
            listening(),
            usual_output_tokens,
            False,
            unable,
            None if options.hedge is None else hedge_of(options, parameters),
        )
        return new(Request, values)


def hedge_of(options: Options, parameters: Parameters) -> float | bool | None:
    """When this call may be hedged: never with tools, unless they are declared safe."""
    if options.hedge is False or (parameters.tools and not options.hedge_tools):
        return None
    return options.hedge


def identity_of(options: Options, parameters: Parameters, assembled: Assembled) -> dict[str, Any]:
    """What tells this router's answers from another's, in traces and in a shared cache."""
    names = {served.deployment.model_name for served in assembled.served}
    asked = {**options.__dict__, "strategy": options.strategy_name}
    return {
        "model_name": names.pop() if len(names) == 1 else "multirouter",
        "deployments": assembled.digest,
        "options": str({k: sorted(v) if isinstance(v, frozenset) else v for k, v in asked.items()}),
        "parameters": repr(parameters),
    }


def task_finder(classifier: Callable[[str], Any] | None) -> Callable[[Prompt], TaskType]:
    """The user's classifier, if there is one; chat where it raises or gives no task type."""
    if classifier is None:
        return _remembering(classify_task)
    refuse_asynchronous("classifier", classifier)

    def find(prompt: Prompt) -> TaskType:
        try:
            return TaskType(classifier(prompt.text))
        except Exception as error:
            name = type(error).__name__
            remark("The classifier failed (%s); the task is taken as chat.", name)
            return TaskType.CHAT

    return find


def refuse_truths(settings: Mapping[str, Any]) -> None:
    """Refuse True and False where a number is meant.

    Raises:
        ConfigurationError: naming the setting.
    """
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

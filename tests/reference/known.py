"""Known: candidates of whom exactly so much is known, and routers over scripted models."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

import tenacity
from langchain_core.language_models import BaseChatModel

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.candidate import Candidate, Facts
from langchain_multirouter.economics.capabilities import Capabilities
from langchain_multirouter.economics.price import Price, Rates
from langchain_multirouter.options import read_options
from langchain_multirouter.request import Prompt, Request
from langchain_multirouter.resilience.breaker import Breaker
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.routing.strategy import Ranking, rank
from langchain_multirouter.task_types import TaskType
from langchain_multirouter.telemetry.sinks import LOGGER
from langchain_multirouter.telemetry.stats import Measured, Stats
from langchain_multirouter.testing import ScriptedModel

NOW = 1000.0
#: Out: its breaker is open for five seconds more.
OUT = Breaker(opened=1, open_until=NOW + 5, cause="server")
#: Nothing is waited for between retries, and one failure in a row more than a test makes opens.
STEADY = Policy(wait=tenacity.wait_none(), breaker_failures=50, breaker_least=1000)
NOTHING_KNOWN = Capabilities()
LETTERS = "abcdefghij"
PROVIDERS = ("azure_openai", "aws_bedrock", "gcp_vertex")
TASKS = tuple(task.value for task in TaskType)


def usd(into: float, out: float | None = None) -> Price:
    """A price in USD per 1,000 tokens, as the reference's tables have it."""
    a, b = into / 1000.0, (into if out is None else out) / 1000.0
    return Price(Rates(a, b, a, a, a, a, a, b, b, a))


def known(
    number: int = 0,
    *,
    seconds: float | None = None,
    good: float = 0.0,
    bad: float = 0.0,
    price: Price | None = None,
    started: int | None = None,
    capabilities: Capabilities = NOTHING_KNOWN,
    **settings: Any,
) -> Candidate:
    """Candidate "a", "b" …; `good` and `bad` attempts lie in its window, undecayed.

    Settings are the deployment's, or the candidate's own: breaker, cooldown, paused.
    """
    own = {k: settings.pop(k) for k in ("breaker", "cooldown", "paused") if k in settings}
    named = {"name": LETTERS[number], "provider": "azure_openai", "model_name": "m", **settings}
    measured = Measured(average_seconds=seconds, total=good + bad, good=good, at=NOW)
    succeeded = int(good) if started is None else started
    stats = Stats(succeeded=succeeded, failed=int(bad), measured=measured)
    deployment = Deployment(f"x:{number}", **named)
    return Candidate(number, deployment, Facts(price, capabilities), stats, **own)


def asking(
    *,
    tokens: int = 500,
    kinds: Sequence[str] = (),
    preferences: Mapping[Any, Any] | None = None,
    max_tokens: int | None = None,
    **options: Any,
) -> Request:
    """A request of so many input tokens; its answer is expected to have 500."""
    read = read_options(options)
    prompt = Prompt("hello", frozenset(kinds), tokens)
    task = read.task_type or TaskType.CHAT
    return Request(
        read,
        task_type=task,
        prompt=prompt,
        preferences=preferences or {},
        max_tokens=max_tokens,
    )


def ranked(fleet: Sequence[Candidate], *, turn: int = 0, seed: int = 0, **asked: Any) -> Ranking:
    """The ranking for one request."""
    return rank(fleet, asking(**asked), turn=turn, rng=Random(seed), now=NOW)


def order(fleet: Sequence[Candidate], **asked: Any) -> str:
    """The names in order: "bca"."""
    return "".join(c.deployment.name for c in ranked(fleet, **asked).order)


def scripted(
    *models: BaseChatModel | Sequence[Any], deployments: Sequence[Any] = (), **settings: Any
) -> RoutedChatModel:
    """A router over scripted models named "a", "b" …, each of another provider."""
    settings = {"strategy": "ordered", "policy": STEADY, "random_seed": 0, **settings}
    more = [*deployments, *[{}] * len(models)]
    built = [
        Deployment(
            model=model if isinstance(model, BaseChatModel) else ScriptedModel(script=model),
            **{"name": LETTERS[i], "provider": PROVIDERS[i % 3], **more[i]},
        )
        for i, model in enumerate(models)
    ]
    return RoutedChatModel(built, **settings)


def told(answer: Any) -> dict[str, Any]:
    """What an answer says about its call."""
    metadata: dict[str, Any] = answer.response_metadata["router"]
    return metadata


class Listener(logging.Handler):
    """Keeps every record."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def names(self) -> list[str]:
        """The events' names, in order."""
        return [record.getMessage().split()[0] for record in self.records]

    def of(self, name: str) -> list[dict[str, Any]]:
        """The fields of the events of this name."""
        found = [r for r in self.records if r.getMessage().split()[0] == name]
        return [record.router for record in found]  # type: ignore[attr-defined]

    def text(self) -> str:
        """All that a formatter could print of them."""
        plain = logging.Formatter("%(message)s %(exc_text)s")
        return "\n".join(f"{plain.format(r)} {vars(r)}" for r in self.records)


@contextmanager
def listening(
    handler: logging.Handler | None = None, level: int = logging.DEBUG
) -> Iterator[Listener]:
    """The package's logger with this handler alone, as an application would configure it."""
    mine = handler or Listener()
    before = (LOGGER.level, LOGGER.propagate)
    LOGGER.setLevel(level)
    LOGGER.propagate = False
    LOGGER.addHandler(mine)
    try:
        yield mine  # type: ignore[misc]  # a Listener unless the test gave another
    finally:
        LOGGER.removeHandler(mine)
        LOGGER.setLevel(before[0])
        LOGGER.propagate = before[1]

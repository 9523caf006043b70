"""Conversations in virtual time over priced deployments whose services cache prompts.

Everything that chance decides (who says how much and when, whose words are cut into how many
tokens, who is throttled when, which call misses the machine with the cache) is drawn once, with a
seed, and met by every strategy alike. The services' caches are written here anew, so that what the
router believes of them is not what makes it right.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from langchain_multirouter.candidate import Candidate, Facts
from langchain_multirouter.deployment import Deployment
from langchain_multirouter.economics.price import Price
from langchain_multirouter.economics.resolve import resolve_price
from langchain_multirouter.fleet import Fleet
from langchain_multirouter.flow import route
from langchain_multirouter.options import read_options
from langchain_multirouter.outcome import Answered, Cause, Failure
from langchain_multirouter.prompt import read_prompt
from langchain_multirouter.providers.provider import Parameters
from langchain_multirouter.recall import recalled
from langchain_multirouter.request import Request
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.steps import Elapsed, Ended, Start, Wait

#: Prices are those of one day, so that the figures can be compared.
PRICED_AT = datetime(2026, 11, 26, tzinfo=UTC)
#: A mark of what to cache, which only Bedrock's models need and all others are not sent.
POINT = {"cachePoint": {"type": "default"}}
SERVICES = {  # provider → least tokens, step, seconds, share of calls that find their cache
    "azure_openai": (1024, 128, 420.0, 0.95),
    "gcp_vertex": (4096, 1, 300.0, 0.9),
    "aws_bedrock": (1024, 1, 300.0, 1.0),
}


class Turn(NamedTuple):
    """When a human speaks, how many tokens they say, and how many the answer has."""

    conversation: int
    number: int
    at: float
    said_tokens: int
    answer_tokens: int


class Traffic(NamedTuple):
    """What everybody meets: turns by time, each conversation's system prompt and tokens per
    estimated token, and each deployment's times of throttling."""

    turns: tuple[Turn, ...]
    systems: tuple[tuple[int, int], ...]  # which, and its tokens
    density: tuple[float, ...]
    throttled: Mapping[str, tuple[tuple[float, float], ...]]
    seed: int


def traffic(
    names: Iterable[str], *, conversations: int = 60, seed: int = 0, throttled_share: float = 0.03
) -> Traffic:
    """Conversations of 2 to 20 turns that begin within an hour, a minute between two turns."""
    rng = random.Random(seed)
    turns = []
    for conversation in range(conversations):
        at = rng.uniform(0.0, 3600.0)
        for number in range(rng.randint(2, 20)):
            said = int(rng.lognormvariate(5.0, 1.0)) + 20
            turns.append(Turn(conversation, number, at, said, int(rng.lognormvariate(5.7, 0.6))))
            at += 15.0 + rng.expovariate(1 / 60.0)
    last = max(turn.at for turn in turns)
    out = {name: tuple(_throttled(rng, last, throttled_share)) for name in names}
    systems = tuple(
        (which, 2500 + 1500 * which) for which in rng.choices(range(4), k=conversations)
    )
    density = tuple(rng.choice((0.9, 1.0, 1.3, 2.0)) for _ in range(conversations))
    return Traffic(tuple(sorted(turns, key=lambda t: t.at)), systems, density, out, seed)


def _throttled(rng: random.Random, until: float, share: float) -> Iterable[tuple[float, float]]:
    at, seconds = 0.0, 20.0
    while share and at < until:
        at += rng.expovariate(share / seconds)
        yield at, at + seconds


class Service:
    """One deployment's side: its price, and its prompt cache."""

    def __init__(self, deployment: Deployment, world: Traffic) -> None:
        found = resolve_price(
            deployment.model_name,
            deployment.provider,
            at=PRICED_AT,
            price=deployment.price,
            price_as=deployment.price_as,
        )
        assert found is not None, f"no price of {deployment.model_name} is known"
        self.price: Price = found
        self.name = deployment.name
        self.rules = SERVICES.get(deployment.provider)
        self.throttled = world.throttled[deployment.name]
        self._seed = world.seed
        self._last_use: dict[tuple[Any, int], float] = {}

    def is_throttled(self, now: float) -> bool:
        return any(begin <= now < end for begin, end in self.throttled)

    def answer(self, turn: Turn, ends: list[tuple[Any, int]], now: float) -> dict[str, Any]:
        """The usage, as LangChain has it; `ends` are the prompt's messages: name, tokens so far."""
        tokens = ends[-1][1]
        read = written = 0
        if self.rules is not None:
            least, step, seconds, found = self.rules
            luck = random.Random(f"{self._seed}:{self.name}:{turn[:2]}").random() < found
            for end in ends:
                if luck and now - self._last_use.get(end, -1e9) <= seconds and end[1] >= least:
                    read = end[1] - end[1] % step
            if tokens >= least:
                written = tokens - tokens % step - read
                self._last_use.update(dict.fromkeys(ends, now))
        return {
            "input_tokens": tokens,
            "output_tokens": turn.answer_tokens,
            "total_tokens": tokens + turn.answer_tokens,
            "input_token_details": {"cache_read": read, "cache_creation": written},
        }


class Outcome(NamedTuple):
    """What one strategy made of the traffic."""

    usd: float
    warm_share: float  # of the calls after a conversation's first, those that found their cache
    cached_share: float  # of all input tokens
    moves: int  # a conversation's call that another deployment answered than the one before


def converse(deployments: list[Deployment], world: Traffic, **options: Any) -> Outcome:
    """All conversations under one strategy."""
    services = [Service(deployment, world) for deployment in deployments]
    fleet = Fleet(
        (
            Candidate(i, d, Facts(s.price))
            for i, (d, s) in enumerate(zip(deployments, services, strict=True))
        ),
        Policy(),
        world.seed,
    )
    keyed = bool(options.pop("keyed", False))
    histories: dict[int, list[BaseMessage]] = {}
    ends: dict[int, list[tuple[Any, int]]] = {}
    homes: dict[int, str] = {}
    usd = read = asked = 0.0
    warm = later = moves = 0
    for turn in world.turns:
        messages, spoken = _said(turn, world, histories, ends)
        session = {"session": str(turn.conversation)} if keyed else {}
        allowed = read_options({**options, **session})
        request = Request(allowed, prompt=read_prompt(messages))
        now = 1000.0 + turn.at
        parameters = Parameters()
        request = recalled(request, messages, parameters, fleet.memory, now)
        answered = _routed(request, fleet, services, turn, spoken, now)
        usage = answered.attempts[-1].usage
        assert usage is not None
        assert answered.cost_usd is not None
        usd += answered.cost_usd
        asked, read = asked + usage[0], read + usage[2]
        name = answered.deployment.name
        if turn.number:
            later, warm = later + 1, warm + (usage[2] > 0)
            moves += homes[turn.conversation] != name
        homes[turn.conversation] = name
        _answered(turn, world, histories, ends)
    return Outcome(usd, warm / later, read / asked, moves)


def _said(
    turn: Turn, world: Traffic, histories: dict[int, list[BaseMessage]], ends: dict[int, Any]
) -> tuple[list[BaseMessage], list[tuple[Any, int]]]:
    """The prompt of this turn, with a mark after the system prompt and at its end."""
    which, tokens = world.systems[turn.conversation]
    density = world.density[turn.conversation]
    if turn.number == 0:
        system = f"{which}" + "word" * tokens
        histories[turn.conversation] = [SystemMessage([{"type": "text", "text": system}, POINT])]
        ends[turn.conversation] = [(which, tokens)]
    history, known = histories[turn.conversation], ends[turn.conversation]
    text = f"{turn[:2]}" + "word" * turn.said_tokens
    known.append((turn[:2], known[-1][1] + int(turn.said_tokens * density)))
    history.append(HumanMessage(text))
    marked = HumanMessage([{"type": "text", "text": text}, POINT])
    return [*history[:-1], marked], list(known)


def _answered(
    turn: Turn, world: Traffic, histories: dict[int, list[BaseMessage]], ends: dict[int, Any]
) -> None:
    density = world.density[turn.conversation]
    histories[turn.conversation].append(AIMessage("word" * int(turn.answer_tokens / density)))
    known = ends[turn.conversation]
    known.append(((*turn[:2], "answer"), known[-1][1] + turn.answer_tokens))


def _routed(
    request: Request,
    fleet: Fleet,
    services: list[Service],
    turn: Turn,
    spoken: list[tuple[Any, int]],
    now: float,
) -> Answered:
    """One call, from its first step to its answer."""
    flow = route(request, fleet, (60.0,) * len(services), now)
    started: Start | None = None
    event: Any = None
    try:
        while True:
            step = flow.send(event)
            event = None
            if isinstance(step, Start):
                started = step
            elif isinstance(step, Wait):
                if started is None:
                    assert step.until is not None
                    now = max(now, step.until)
                    event = Elapsed(now)
                    continue
                service, id = services[started.number], started.id
                started = None
                if service.is_throttled(now - 1000.0):
                    event = Ended(id, Failure(Cause.THROTTLED), now)
                else:
                    now += 2.0
                    event = Ended(id, None, now, service.answer(turn, spoken, now))
    except StopIteration as end:
        answered: Answered = end.value
        return answered

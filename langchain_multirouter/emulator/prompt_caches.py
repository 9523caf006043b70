"""The services' prompt caches: what of a prompt they have seen lately, and report as cached.

Azure OpenAI and Gemini keep every prompt that is long enough; Bedrock keeps what ends at a
`cachePoint`, and looks for what was kept at the twenty blocks before one. A "token" is what
`answers.respond` counts as one. The minimum lengths, the steps and the times are those of the
router's own table; how Gemini steps is not written down, and taken to be as Azure does.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, NamedTuple

from langchain_multirouter.economics.prompt_caches import (
    FIVE_MINUTES,
    ONE_HOUR,
    POINT,
    CacheRules,
    rules_of,
)
from langchain_multirouter.emulator.answers import dumps
from langchain_multirouter.emulator.ask import Ask, Found

_STEP = 128
_BLOCKS_BEFORE = 20
_MOST = 50_000
#: From this model on Azure OpenAI charges for what is written, and reports it.
_FIRST_CHARGING_WRITES = (5, 6)


class _End(NamedTuple):
    """Where a prefix ends that a service could keep, and how long it does."""

    digest: bytes
    tokens: int
    seconds: float  # 0: it is looked for, and not kept


@dataclass
class PromptCaches:
    """All deployments' prompt caches; from any thread.

    Args:
        clock: Tells the seconds.
    """

    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[tuple[str, bytes], float] = {}
        self._passed_seconds = 0.0

    def later(self, seconds: float) -> None:
        """Lets so much time pass for the caches alone."""
        with self._lock:
            self._passed_seconds += seconds

    def forget(self) -> None:
        """Empties them."""
        with self._lock:
            self._until.clear()

    def asked(self, provider: str, ask: Ask) -> Ask:
        """The request, with what the service finds of it in its cache and will write to it."""
        rules, ends = _ends(provider, ask)
        if not ends:
            return ask
        place, now = _place(provider, ask), self._now()
        with self._lock:
            has = [end for end in ends if self._until.get((place, end.digest), 0.0) > now]
        read = max((end.tokens for end in has), default=0)
        kept = max(((end.tokens, end.seconds) for end in ends if end.seconds), default=(0, 0.0))
        written = max(0, kept[0] - read) if _reports_writes(rules, ask) else 0
        return replace(ask, found=Found(read, written, kept[1] >= ONE_HOUR))

    def keep(self, provider: str, ask: Ask) -> None:
        """The request has been answered."""
        _, ends = _ends(provider, ask)
        place, now = _place(provider, ask), self._now()
        with self._lock:
            for digest, _, seconds in ends:
                key = (place, digest)
                if seconds or self._until.get(key, 0.0) > now:
                    self._until[key] = now + (seconds or FIVE_MINUTES)
            while len(self._until) > _MOST:
                self._until.pop(next(iter(self._until)))

    def _now(self) -> float:
        return self.clock() + self._passed_seconds


def _place(provider: str, ask: Ask) -> str:
    return f"{provider}:{ask.model}"


def _ends(provider: str, ask: Ask) -> tuple[CacheRules, list[_End]]:
    """Where prefixes end that are long enough, the shortest first."""
    rules = rules_of(provider, ask.answers_as or ask.model)
    if ask.operation == "embed" or not rules.least_tokens:
        return rules, []
    ends = _marked(ask) if provider == "aws_bedrock" else _stepped(ask, rules.seconds)
    return rules, [end for end in ends if end.tokens >= rules.least_tokens]


def _reports_writes(rules: CacheRules, ask: Ask) -> bool:
    if rules.mark is not None:
        return True
    version = re.search(r"gpt-(\d+)(?:\.(\d+))?", ask.answers_as)
    if version is None:
        return False
    return (int(version[1]), int(version[2] or 0)) >= _FIRST_CHARGING_WRITES


def _stepped(ask: Ask, seconds: float) -> Iterator[_End]:
    """Ends at every so many tokens: tools first, then the messages."""
    running = blake2b(digest_size=16)
    for tokens, token in enumerate(_tokens(ask), 1):
        running.update(token.encode("utf-8", "replace") + b"\0")
        if tokens % _STEP == 0:
            yield _End(running.copy().digest(), tokens, seconds)


def _tokens(ask: Ask) -> Iterator[str]:
    for tool in ask.tools:
        yield from _token_by_token(f"tool {tool.name}", 4, dumps(dict(tool.schema)))
    for turn in ask.turns:
        yield from _token_by_token(f"{turn.role} {turn.calls}", 3, turn.text)


def _token_by_token(marker: str, markers: int, text: str) -> Iterator[str]:
    """As `answers.tokens_in` counts: so many for the marker, and one for four characters."""
    yield from [marker] * markers
    yield from (text[at : at + 4] for at in range(0, len(text), 4))


def _marked(ask: Ask) -> list[_End]:
    """Ends at every block that a mark ends, and those before them that are looked for."""
    running, tokens = blake2b(digest_size=16), 0
    ends: list[_End] = []
    wanted: set[int] = set()
    for block in _blocks(ask.body):
        if POINT in block:
            if ends:
                seconds = ONE_HOUR if block[POINT].get("ttl") == "1h" else FIVE_MINUTES
                ends[-1] = ends[-1]._replace(seconds=seconds)
                wanted.update(range(max(0, len(ends) - 1 - _BLOCKS_BEFORE), len(ends)))
            continue
        text = dumps(block)
        running.update(text.encode("utf-8", "replace") + b"\0")
        tokens += 3 + (len(block["text"]) if "text" in block else len(text)) // 4
        ends.append(_End(running.copy().digest(), tokens, 0.0))
    return [ends[i] for i in sorted(wanted)]


def _blocks(body: Any) -> Iterator[dict[str, Any]]:
    """In the order in which they are cached."""
    yield from (body.get("toolConfig") or {}).get("tools") or ()
    yield from body.get("system") or ()
    for message in body["messages"]:
        yield from message["content"]

"""Warmth: which deployment has lately been sent which prefix, and how far it is taken to have it.

A prefix is known by its digest alone, one for each end of a message. What a deployment has been
sent it is expected to have for its provider's time (`prompt_caches`), to the share in which it has
lately reported cached tokens where they were expected: its belief.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Final

from ..conversation import Cached, Conversation, Prefix
from .price import Usage
from .prompt_caches import CONTROL, ONE_HOUR, POINT, CacheRules

#: So many prefixes are remembered, the latest; about 300 bytes each.
MOST_PREFIXES: Final = 16_384
#: Of one prompt so many: the shortest, and the longest ones.
MOST_OF_ONE: Final = 128
#: What a service is believed before it has reported counts as so many reports.
PRIOR_REPORTS: Final = 4
#: How much of the belief is the latest report, once there are enough.
NEWEST_SHARE: Final = 0.05
#: Tokens are estimated: a prefix that is hardly as long as the least may well have been too short.
SURELY_LONG_ENOUGH: Final = 1.5


class Warmth:
    """Prefixes and who has them; bounded. Its owner sees to it that one thread is in it at a time.

    Args:
        rules: Each deployment's, by its number.
        services: Whose cache each deployment's is; those of one service, such as one model in
            several regions, are believed alike. Each is its own if not given.
        most: How many prefixes are remembered.
    """

    def __init__(
        self,
        rules: Sequence[CacheRules],
        services: Sequence[Hashable] = (),
        *,
        most: int = MOST_PREFIXES,
    ) -> None:
        self._rules = tuple(rules)
        named = list(services or range(len(rules)))
        self._service = [named.index(service) for service in named]  # the first one's number
        self._most = most
        self._belief = [one.believed for one in rules]
        self._reports = [PRIOR_REPORTS] * len(self._rules)
        self._holders: OrderedDict[bytes, dict[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._holders)

    def belief(self, number: int) -> float:
        """The share of the expected tokens that this deployment is believed to have: 0 to 1."""
        return self._belief[self._service[number]]

    def expected(self, prefixes: Sequence[Prefix], now: float) -> dict[int, Cached]:
        """Deployment's number → what its cache is expected to do for a prompt of these prefixes.

        Those whose caches have nothing to do with it are left out.
        """
        kept = {
            number: up_to
            for number, rules in enumerate(self._rules)
            if (up_to := _kept_of(prefixes, rules))[0]
        }
        found: dict[int, int] = {}
        for prefix in reversed(prefixes):
            holders = self._holders.get(prefix.digest)
            if holders is None:
                continue
            for number, until in holders.items():
                if until > now and number not in found and number in kept:
                    tokens = min(prefix.tokens, kept[number][0])
                    found[number] = self._rules[number].kept(tokens)
            if len(found) == len(kept):
                break
        return {
            number: self._cached(number, found.get(number, 0), *up_to)
            for number, up_to in kept.items()
        }

    def _cached(self, number: int, found: int, tokens: int, seconds: float) -> Cached:
        belief = self.belief(number)
        read = int(found * belief)
        written = tokens - read if self._rules[number].believed else 0
        for_an_hour = written if seconds >= ONE_HOUR else 0
        return Cached(read, written, for_an_hour, int(tokens * belief), found)

    def answered(
        self, conversation: Conversation, number: int, usage: Usage | None, now: float
    ) -> None:
        """A deployment has answered: it has seen the prompt now, and reported what it had of it."""
        prefixes, rules = conversation.prefixes, self._rules[number]
        if usage is not None and usage.input_tokens:
            before = conversation.cached.get(number)
            found = 0 if before is None else before.found_tokens
            self._learn(number, found, prefixes[-1].tokens, usage)
        kept, _ = _kept_of(prefixes, rules)
        if not kept:
            return
        for prefix in (*prefixes[:1], *prefixes[1:][1 - MOST_OF_ONE :]):
            if prefix.tokens < rules.least_tokens or (rules.mark and prefix.tokens > kept):
                continue
            seconds = _seconds(prefix, rules)
            holders = self._holders.get(prefix.digest)
            if not seconds:  # not marked: used again, if it was kept before
                if holders is None or number not in holders:
                    continue
                seconds = rules.seconds
            if holders is None:
                holders = self._holders[prefix.digest] = {}
            holders[number] = max(now + seconds, holders.get(number, 0.0))
            self._holders.move_to_end(prefix.digest)
        while len(self._holders) > self._most:
            self._holders.popitem(last=False)

    def _learn(self, number: int, found: int, tokens: int, usage: Usage) -> None:
        """What was reported, beside what was expected; where nothing was, only good news count."""
        reported = usage.cache_read_tokens / usage.input_tokens
        service = self._service[number]
        belief = self._belief[service]
        if found >= SURELY_LONG_ENOUGH * self._rules[number].least_tokens:
            sample = min(1.0, reported * tokens / found)
        elif reported > 0.0:
            sample = 1.0
        else:
            return
        reports = self._reports[service] = self._reports[service] + 1
        self._belief[service] = belief + max(NEWEST_SHARE, 1.0 / reports) * (sample - belief)


def usage_now(cached: Cached, usage: Usage, estimated_tokens: int) -> Usage:
    """The usage of a call with what its deployment's cache does.

    Args:
        cached: In tokens of the estimate.
        usage: Without a cache, in the deployment's own tokens.
        estimated_tokens: The prompt's.
    """
    scale = usage.input_tokens / (estimated_tokens or 1)
    for_an_hour = int(cached.written_1h_tokens * scale)
    return usage._replace(
        cache_read_tokens=int(cached.read_tokens * scale),
        cache_write_tokens=int(cached.written_tokens * scale),
        cache_write_1h_tokens=for_an_hour,
    )


def usage_next(cached: Cached, usage: Usage, estimated_tokens: int) -> Usage:
    """The usage of the same call again, once its prompt is in the deployment's cache."""
    scale = usage.input_tokens / (estimated_tokens or 1)
    return usage._replace(cache_read_tokens=int(cached.next_read_tokens * scale))


def _seconds(prefix: Prefix, rules: CacheRules) -> float:
    """How long this prefix is kept; 0 where it needs a mark and has none."""
    if rules.mark == POINT:
        return prefix.point_seconds
    if rules.mark == CONTROL:
        return prefix.control_seconds
    return rules.seconds


def _kept_of(prefixes: Sequence[Prefix], rules: CacheRules) -> tuple[int, float]:
    """How many tokens of the prompt will be kept, and for how many seconds."""
    for prefix in reversed(prefixes):
        seconds = _seconds(prefix, rules)
        if seconds:
            return rules.kept(prefix.tokens), seconds
    return 0, 0.0

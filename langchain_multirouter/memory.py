"""Memory: what a router remembers of conversations, behind a lock: warm prefixes, sessions' moves.

A session that was never moved is not remembered: where it belongs follows from its key.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from .conversation import Cached, Conversation, Prefix, Session
from .deployment import Deployment
from .economics.price import Usage
from .economics.prompt_caches import rules_of
from .economics.warmth import Warmth
from .forks import tell_when_forked
from .routing.stickiness import rendezvous

#: So many moved sessions are remembered, the latest.
MOST_MOVES: Final = 16_384

#: Of so many calls, and half as many before them, the usual length of a conversation is taken.
COUNTED_CALLS: Final = 1_000

#: So that nothing of a prompt or a key can be found from what is remembered of it.
SALT: Final = os.urandom(32)


class Memory:
    """What is remembered of conversations; shared by a router's copies, threads and loops."""

    def __init__(self, deployments: Sequence[Deployment]) -> None:
        self._weighted = [(one.name, one.weight) for one in deployments]
        services = [(one.provider, one.model_name) for one in deployments]
        self._warmth = Warmth([rules_of(*service) for service in services], services)
        self._moved: OrderedDict[bytes, int] = OrderedDict()
        self._first_calls, self._later_calls = 1, 0  # of conversations with long prompts
        self.forked()
        tell_when_forked(self)

    def forked(self) -> None:
        """A lock of this process' own."""
        self._lock = threading.Lock()

    def session(self, key: str) -> Session:
        """The conversation of this key: who has it now, then who else would."""
        text = key.encode("utf-8", "surrogatepass")
        own = blake2b(text, key=SALT, digest_size=16).digest()
        order = rendezvous(blake2b(text, digest_size=32).digest(), self._weighted)
        with self._lock:
            moved = self._moved.get(own)
            if moved is None:
                return Session(own, order)
            self._moved.move_to_end(own)
        return Session(own, (moved, *(number for number in order if number != moved)))

    @property
    def usual_calls_ahead(self) -> float:
        """How many calls a conversation has had after its first one, on average."""
        return self._later_calls / self._first_calls

    def cached(self, prefixes: Sequence[Prefix], now: float) -> dict[int, Cached]:
        """Deployment's number → what its prompt cache is expected to do for this prompt."""
        with self._lock:
            return self._warmth.expected(prefixes, now)

    def answered(
        self, conversation: Conversation, number: int, usage: Usage | None, now: float
    ) -> None:
        """A deployment has answered this call of the conversation."""
        session = conversation.session
        with self._lock:
            if conversation.prefixes:
                self._warmth.answered(conversation, number, usage, now)
                self._count(conversation.calls_before)
            if session is None or number == session.order[0]:
                return
            self._moved[session.key] = number
            self._moved.move_to_end(session.key)
            while len(self._moved) > MOST_MOVES:
                self._moved.popitem(last=False)

    def _count(self, calls_before: int) -> None:
        """One more call; what was long ago counts less and less."""
        if calls_before:
            self._later_calls += 1
        else:
            self._first_calls += 1
        if self._first_calls + self._later_calls > COUNTED_CALLS:
            self._first_calls = max(1, self._first_calls // 2)
            self._later_calls //= 2

"""Conversation: what ties a call to earlier ones: the prefixes of its prompt, and its session.

Digests and numbers, never a text. All tokens are estimates, as `request.Prompt` has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Prefix(NamedTuple):
    """A prompt up to the end of one of its messages.

    Args:
        digest: Of all that is sent up to there, tools included.
        tokens: So many.
        point_seconds: How long it is kept where a "cachePoint" ends it; 0 where none does.
        control_seconds: The same for a "cache_control".
    """

    digest: bytes
    tokens: int
    point_seconds: float = 0.0
    control_seconds: float = 0.0


class Cached(NamedTuple):
    """What a deployment's prompt cache is expected to do for one request, in tokens.

    Args:
        read_tokens: Those of the prompt that it has.
        written_tokens: Those that it takes in; for five minutes unless they are in the next.
        written_1h_tokens: Those of the written ones that are kept for an hour.
        next_read_tokens: What it would have of the next call's prompt, if this call went there.
        found_tokens: What it had last time, whether or not the service is believed to.
    """

    read_tokens: int = 0
    written_tokens: int = 0
    written_1h_tokens: int = 0
    next_read_tokens: int = 0
    found_tokens: int = 0


class Session(NamedTuple):
    """A conversation's key, digested, and the deployments' numbers in the order it wants them."""

    key: bytes
    order: tuple[int, ...]


class Conversation(NamedTuple):
    """One call's ties to earlier ones.

    Args:
        prefixes: Of its prompt, the shortest first; none where prompt caches are left alone.
        cached: Deployment's number → what its cache is expected to do.
        calls_before: How many answers it has had.
        calls_ahead: How many calls of it are expected after this one.
        session: Where it belongs, if it has a session.
    """

    prefixes: tuple[Prefix, ...] = ()
    cached: Mapping[int, Cached] = {}
    calls_before: int = 0
    calls_ahead: float = 0.0
    session: Session | None = None

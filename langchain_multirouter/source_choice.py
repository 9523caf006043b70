"""Source choice: the cheapest source that can do what a call's options ask."""

from __future__ import annotations

from .options import Options
from .races import TaskSource, ThreadSource
from .sources import AsyncSource, Attempts, InlineSource, Source


def source_for(attempts: Attempts, options: Options) -> Source:
    """Worker threads where a limit must hold to the moment; else the caller's own thread."""
    exact = options.deadline_seconds is not None or options.hedge
    if attempts.streamed and not exact:
        exact = options.first_token_seconds is not None or options.idle_seconds is not None
    if exact:
        return ThreadSource(attempts)
    return InlineSource(attempts)


def async_source_for(attempts: Attempts, options: Options) -> AsyncSource | TaskSource:
    """Tasks where an attempt may overtake another; else the caller's own task."""
    return TaskSource(attempts) if options.hedge else AsyncSource(attempts)

"""Telling: what the caches did, for whoever listens; names and numbers, no text and no key."""

from __future__ import annotations

import json
import logging

from ..telemetry.sinks import LOGGER


def hit(call: int, kind: str, deployment: str, saved_usd: float | None) -> None:
    """An answer came from a cache: "exact", "semantic" or "last_resort"."""
    _tell("CacheHit", call=call, kind=kind, deployment=deployment, saved_usd=saved_usd)


def missed(call: int) -> None:
    """No cache had an answer."""
    _tell("CacheMissed", call=call)


def failed(call: int, cause: str) -> None:
    """A cache gave no answer, or one that is none; the call went on without it."""
    _tell("CacheFailed", call=call, cause=cause)


def _tell(name: str, **fields: object) -> None:
    if not LOGGER.isEnabledFor(logging.DEBUG):
        return
    try:
        LOGGER.debug("%s %s", name, json.dumps(fields), extra={"router": fields})
    except Exception:  # noqa: S110  # a listener's trouble is not the router's
        pass

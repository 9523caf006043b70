"""Surroundings: the signs by which a call tells that a layer around the router makes it again.

A retry leaves signs from its second attempt on. A `with_retry()` tags the run of what it wraps, not
what is inside that: of a chain's, as of a middleware's or anybody's own loop, there is no sign, and
such calls are known by their request alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.callbacks.manager import BaseRunManager
from langchain_core.runnables.config import var_child_runnable_config

from .fleet import Fleet
from .repeats import CALLER, RETRY_POLICY, WITH_RETRY, Repeat
from .request import Request
from .telemetry.sinks import remark

#: What `RunnableRetry` tags, before the attempt's number.
_TAG = "retry:attempt:"
#: Where LangGraph keeps the runtime of a node in its configuration.
_RUNTIME = "__pregel_runtime"


def with_repeats(
    request: Request, fleet: Fleet, run_manager: BaseRunManager | None, now: float
) -> Request:
    """The request, with those who make it again; they are counted, and new ones remarked on."""
    tags = None if run_manager is None else run_manager.tags
    config = var_child_runnable_config.get()
    if not tags and config is None and not fleet.repeats.failed:
        return request
    signs: list[Repeat] = []
    if tags:
        for tag in tags:
            if tag.startswith(_TAG) and (number := tag.removeprefix(_TAG)).isdecimal():
                signs.append(Repeat(WITH_RETRY, int(number[:9])))
    if config is not None and (attempt := _node_attempt(config)) > 1:
        signs.append(Repeat(RETRY_POLICY, attempt))
    if not signs and not fleet.repeats.failed:
        return request
    repeats, new = fleet.repeated(signs, request.prompt.identity, now)
    for layer in new:
        if layer == CALLER:
            continue  # somebody asks again: no setting of theirs to be warned of
        remark(
            "Calls of this router are repeated by %s: each time may cost again what repr() says "
            "as at_most. The router's errors say is_retryable=False.",
            layer,
        )
    return request._replace(repeats=repeats) if repeats else request


def _node_attempt(config: Mapping[str, Any]) -> int:
    """Which attempt of a LangGraph node this is; 1 outside of any."""
    configurable = config.get("configurable")
    runtime = configurable.get(_RUNTIME) if configurable else None
    if runtime is None:
        return 1
    attempt = getattr(getattr(runtime, "execution_info", None), "node_attempt", 1)
    return attempt if isinstance(attempt, int) else 1

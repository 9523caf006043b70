"""Tracing: every attempt as a child run of its call's run, where LangSmith's or MLflow's tracer is.

The tracers alone are told, not the call's other callbacks: for token counters, `astream_events` and
LangGraph there was one call to one model, as the user asked for. The children hold names, numbers
and causes; no text of anybody's, and no usage metadata, which would be added up again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context, copy_context
from typing import Any, NamedTuple
from uuid import UUID

from langchain_core.callbacks.manager import BaseRunManager
from langchain_core.utils.uuid import uuid7

from .attempt import Served
from .deployment import Deployment
from .observer import Observer
from .outcome import Failure, rounded
from .telemetry.sinks import remark


class FailedAttempt(Exception):  # noqa: N818  # what a trace shows as the attempt's error
    """An attempt's cause, code and exception class, for the trace; never the provider's text."""


class Kind(NamedTuple):
    """What is particular to a tracer: how a run learns facts, and where a model's name stands."""

    add: Callable[[Any, UUID, Mapping[str, Any]], None]
    provider_key: str
    model_key: str


def _add_to_langsmith(tracer: Any, run_id: UUID, facts: Mapping[str, Any]) -> None:
    run = tracer.run_map.get(str(run_id))
    if run is not None:
        run.add_metadata(facts)


def _add_to_mlflow(tracer: Any, run_id: UUID, facts: Mapping[str, Any]) -> None:
    tracer._get_span_by_run_id(run_id).set_attributes(dict(facts))


KINDS: Mapping[str, Kind] = {
    "LangChainTracer": Kind(_add_to_langsmith, "ls_provider", "ls_model_name"),
    "MlflowLangchainTracer": Kind(_add_to_mlflow, "mlflow.llm.provider", "mlflow.llm.model"),
}


def kind_of(handler: object) -> Kind | None:
    """By the names of its class and those it inherits from, since neither need be installed."""
    names = (cls.__name__ for cls in type(handler).__mro__)
    return next((KINDS[name] for name in names if name in KINDS), None)


def observer_for(run_manager: BaseRunManager | None, served: Sequence[Served]) -> Observer | None:
    """Who watches a call's attempts: nobody, unless a tracer watches the call."""
    if run_manager is None or not run_manager.handlers:
        return None
    tracers = [
        (handler, kind)
        for handler in run_manager.handlers
        if (kind := kind_of(handler)) is not None
    ]
    return AttemptRuns(tracers, run_manager.run_id, served) if tracers else None


class _Open(NamedTuple):
    """A child run that has not ended."""

    run_id: UUID
    deployment: Deployment
    began: float
    context: Context  # MLflow's tracer must end a span in the context that it began it in


class AttemptRuns:
    """A call's attempts as child runs of the call's own run.

    Attempts begin in the caller's thread and may end in another. Each is taken out of `_open`
    once, by whoever comes first, so that no lock is needed.
    """

    def __init__(
        self, tracers: Sequence[tuple[Any, Kind]], call_run_id: UUID, served: Sequence[Served]
    ) -> None:
        self._tracers = tracers
        self._call = call_run_id
        self._served = served
        self._open: dict[int, _Open] = {}

    def began(self, id: int, deployment: Deployment) -> None:
        """Open a run for it, under the call's own."""
        opened = _Open(uuid7(), deployment, time.monotonic(), copy_context())
        self._open[id] = opened
        for tracer, _ in self._tracers:
            asked = {
                "deployment": deployment.name,
                "provider": deployment.provider,
                "model": deployment.model_name,
                "attempt": id + 1,
            }
            _told(
                opened.context,
                tracer.on_chain_start,
                {},
                asked,
                run_id=opened.run_id,
                parent_run_id=self._call,
                name=f"attempt {deployment.name}",
                metadata={"model_name": deployment.model_name},  # not the router's name
            )

    def ended(self, id: int, failure: Failure | None, usage: Mapping[str, Any] | None) -> None:
        """Close its run with what came of it; the call's run learns who really answered."""
        facts: dict[str, Any] = {"outcome": "success" if failure is None else "failure"}
        if failure is not None:
            facts["cause"] = failure.cause.value
            if failure.code:
                facts["code"] = failure.code
        if usage is not None:
            facts.update({name: usage.get(name) for name in ("input_tokens", "output_tokens")})
        opened = self._close(id, facts, failure)
        if opened is not None and failure is None:
            self._name_the_answering(opened)

    def left(self, id: int) -> None:
        """Close its run, if it is open still."""
        self._close(id, {"outcome": "left"}, None)

    def _close(self, id: int, facts: dict[str, Any], failure: Failure | None) -> _Open | None:
        opened = self._open.pop(id, None)
        if opened is None:
            return None
        run_id, _, began, context = opened
        facts["seconds"] = rounded(time.monotonic() - began, 10_000.0)
        for tracer, kind in self._tracers:
            _told(context, kind.add, tracer, run_id, facts)
            if failure is None:
                _told(context, tracer.on_chain_end, dict(facts), run_id=run_id)
            else:
                _told(context, tracer.on_chain_error, _shown(failure), run_id=run_id)
        return opened

    def _name_the_answering(self, opened: _Open) -> None:
        """Say on the call's run which model answered, in the words that costs are found by.

        LangChain says it before the call is routed, when nobody knows yet.
        """
        context, deployment = opened.context, opened.deployment
        model = next(it.model for it in self._served if it.deployment is deployment)

        def name(tracer: Any, kind: Kind) -> None:
            known = model._get_ls_params()
            names = {
                kind.provider_key: known.get("ls_provider", deployment.provider),
                kind.model_key: known.get("ls_model_name", deployment.model_name),
            }
            kind.add(tracer, self._call, names)

        for tracer, kind in self._tracers:
            _told(context, name, tracer, kind)


def _shown(failure: Failure) -> FailedAttempt:
    kind = "" if failure.error is None else f" ({type(failure.error).__name__})"
    return FailedAttempt(failure.described() + kind)


def _told(context: Context, tell: Callable[..., Any], *values: Any, **named: Any) -> None:
    """Tell a tracer; its trouble is not the call's."""
    try:
        context.run(tell, *values, **named)
    except Exception as error:
        remark("An attempt could not be traced (%s).", type(error).__name__)

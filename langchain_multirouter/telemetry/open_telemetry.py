"""OpenTelemetry: events as metrics, and the decision as attributes of the current span.

The span is the caller's, so its attributes are set in the call; the metrics are recorded off the
calls' path. Nothing of OpenTelemetry is imported before a sink of this kind is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ConfigurationError
from .audience import Router, Told
from .delivery import Delivery
from .events import CallEnded
from .instruments import OWN
from .record import CallRecord
from .recording import Recorder


class _Entry(NamedTuple):
    """What was told, and the context of the span that was current, where one was recording."""

    told: Told
    context: Any = None


class OpenTelemetry:
    """A sink that records metrics and marks spans: `sinks=[OpenTelemetry()]`.

    Metrics are those of OpenTelemetry's conventions for generative AI (`gen_ai.client.*`, for each
    attempt) and our own (`langchain_multirouter.*`); `instruments.METRICS` is the list. On the span
    that is current when a call ends are put deployment, provider, strategy, task type, number of
    attempts, cause and cost; never a text.

    Args:
        meter_provider: Where the metrics go; the one set for the process if None.

    Raises:
        ConfigurationError: opentelemetry-api is not installed.
    """

    travels = True  # in a router's pickle, where it is the process' own provider

    def __init__(self, *, meter_provider: Any = None) -> None:
        try:
            from opentelemetry import context, metrics, trace
        except ImportError:
            raise ConfigurationError(
                "OpenTelemetry: needs the package opentelemetry-api; run "
                'pip install "langchain-multirouter[otel]"'
            ) from None
        if meter_provider is not None and not hasattr(meter_provider, "get_meter"):
            raise ConfigurationError("meter_provider: must be an OpenTelemetry MeterProvider")
        self._given = meter_provider
        self._current_span, self._context = trace.get_current_span, context.get_current
        self._recorder = Recorder(metrics.get_meter(OWN, meter_provider=meter_provider))
        self._dropped = 0
        self.delivery = Delivery("OpenTelemetry", self._deliver)

    def __repr__(self) -> str:
        return "OpenTelemetry()"

    def __reduce__(self) -> tuple[Any, ...]:
        """Without a provider of its own, which is of this process alone.

        Raises:
            TypeError: it has one.
        """
        if self._given is not None:
            raise TypeError("sinks: an OpenTelemetry with a meter_provider cannot be pickled")
        return OpenTelemetry, ()

    def __deepcopy__(self, memo: dict[int, Any]) -> OpenTelemetry:
        """Copies of a router share their sinks."""
        return self

    def take(self, told: Told) -> None:
        """Mark the current span where a call ends; all else is done later."""
        last = told.happened[-1]
        context = None
        if isinstance(last, CallEnded) and not last.is_check:
            span = self._current_span()
            if span.is_recording():
                span.set_attributes(span_attributes(last.record, told.router))
                context = self._context()
        self.delivery.take(_Entry(told, context))

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Wait until all that happened is recorded; whether it is."""
        return self.delivery.flush(timeout_seconds)

    def _deliver(self, batch: Sequence[_Entry]) -> None:
        dropped, self._dropped = self._dropped, self.delivery.dropped
        if self._dropped > dropped:
            self._recorder.add("lost", self._dropped - dropped, {})
        for told, context in batch:
            self._recorder.record(told, context)
        self._recorder.settle()


def span_attributes(record: CallRecord, router: Router) -> Mapping[str, str | int | float]:
    """What a span says of the call that ended in it."""
    provider, _ = router.deployments.get(record.deployment or "", ("", ""))
    told = {
        "deployment": record.deployment,
        "provider": provider or None,
        "strategy": record.strategy,
        "task_type": record.task_type,
        "attempts": len(record.attempts),
        "candidates": record.candidates,
        "seconds": record.seconds,
        "cause": record.cause,
        "cost_usd": record.cost_usd,
        "cached": record.cached,
    }
    return {f"{OWN}.{name}": value for name, value in told.items() if value is not None}

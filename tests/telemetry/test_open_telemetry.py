"""OpenTelemetry: the conventions' metrics and our own, and the decision on the caller's span."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from langchain_core.exceptions import ModelError
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
from opentelemetry.semconv.attributes import error_attributes
from prometheus_client import generate_latest

import langchain_multirouter
from langchain_multirouter import (
    ConfigurationError,
    Deployment,
    OpenTelemetry,
    RoutedChatModel,
    RoutedEmbeddings,
)
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.outcome import Cause
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.telemetry import delivery, instruments
from langchain_multirouter.telemetry.events import (
    AttemptStarted,
    BudgetReached,
    CacheFailed,
    CacheHit,
    CacheMissed,
    Happening,
    HealthChanged,
    Hedged,
    Interrupted,
    QuotaReached,
    QuotaWaited,
)
from langchain_multirouter.telemetry.instruments import METRICS, PROVIDER_NAMES, Labels
from langchain_multirouter.telemetry.recording import RECORDED
from tests.embeddings.scripted import Scripted
from tests.reference.known import STEADY, listening, scripted
from tests.security.canaries import QUESTION, found
from tests.wire.conftest import MODES, WIRES, ask

ALL_MODES = pytest.mark.parametrize("mode", MODES)
FAULT = ConnectionError("gone")
PRICED = [{"price": {"input": 1000, "output": 2000}}] * 2
ALERTS = Path(__file__).parents[2] / "operations" / "alerts.yaml"


@pytest.fixture(autouse=True)
def prompt_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "GATHERING_SECONDS", 0.001)


class Measured:
    """A sink over the SDK's in-memory reader, and what it has been told."""

    def __init__(self) -> None:
        self.reader = InMemoryMetricReader()
        self.sink = OpenTelemetry(meter_provider=MeterProvider(metric_readers=[self.reader]))

    def points(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        """Labels and point of every series of a metric."""
        assert self.sink.flush()
        data = self.reader.get_metrics_data()
        scopes = [s for r in data.resource_metrics for s in r.scope_metrics] if data else []
        return [
            (dict(point.attributes), point)
            for scope in scopes
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def values(self, name: str, label: str) -> dict[str | None, Any]:
        """Label's value → count of a histogram, or value."""
        return {
            labels.get(label): getattr(point, "count", None) or getattr(point, "value", None)
            for labels, point in self.points(name)
        }


@pytest.fixture
def measured() -> Measured:
    return Measured()


# --- names ------------------------------------------------------------------------------------


def test_the_names_are_those_of_the_conventions() -> None:
    theirs = {
        "duration": gen_ai_metrics.GEN_AI_CLIENT_OPERATION_DURATION,
        "tokens": gen_ai_metrics.GEN_AI_CLIENT_TOKEN_USAGE,
        "first_chunk": gen_ai_metrics.GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
    }
    assert {name: METRICS[name].name for name in theirs} == theirs
    assert instruments.OPERATION == gen_ai_attributes.GEN_AI_OPERATION_NAME
    assert instruments.PROVIDER == gen_ai_attributes.GEN_AI_PROVIDER_NAME
    assert instruments.MODEL == gen_ai_attributes.GEN_AI_REQUEST_MODEL
    assert instruments.TOKEN_TYPE == gen_ai_attributes.GEN_AI_TOKEN_TYPE
    assert error_attributes.ERROR_TYPE == instruments.ERROR
    providers = {one.value for one in gen_ai_attributes.GenAiProviderNameValues}
    assert set(instruments.PROVIDER_NAMES.values()) <= providers
    own = [metric.name for name, metric in METRICS.items() if name not in theirs]
    assert all(name.startswith("langchain_multirouter.") for name in own)


def test_every_event_but_an_attempts_beginning_is_a_metric() -> None:
    assert set(RECORDED) >= set(get_args(Happening)) - {AttemptStarted}


# --- what is measured -------------------------------------------------------------------------


@ALL_MODES
def test_each_attempt_is_an_operation_of_its_deployment(mode: str, measured: Measured) -> None:
    router = scripted([FAULT, FAULT], ["one two"], deployments=PRICED, sinks=[measured.sink])
    answer = ask(router, mode, "hello there")
    found = {
        (labels["langchain_multirouter.deployment"], labels.get("error.type")): (labels, point)
        for labels, point in measured.points("gen_ai.client.operation.duration")
    }
    assert set(found) == {("a", "connection"), ("b", None)}
    failed, succeeded = found["a", "connection"], found["b", None]
    assert (failed[1].count, succeeded[1].count) == (2, 1)
    assert succeeded[0] == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.request.model": "scripted",
        "langchain_multirouter.deployment": "b",
    }
    assert 0.0 < succeeded[1].sum < 5.0
    tokens = measured.points("gen_ai.client.token.usage")
    assert {(labels["gen_ai.token.type"], point.sum) for labels, point in tokens} == {
        ("input", 2),
        ("output", 2),
    }
    ((_, cost),) = measured.points("langchain_multirouter.cost")
    assert cost.value == pytest.approx(answer.response_metadata["router"]["cost_usd"])
    first = measured.points("gen_ai.client.operation.time_to_first_chunk")
    assert [point.count for _, point in first] == ([1] if "stream" in mode else [])
    label = "langchain_multirouter.deployment"
    assert measured.values("langchain_multirouter.retries", label) == {"a": 1}
    assert measured.values("langchain_multirouter.fallbacks", label) == {"a": 1}


@ALL_MODES
@pytest.mark.parametrize("wire", WIRES)
def test_over_the_wire_tokens_and_cost_are_those_of_the_answer(
    wire: str, mode: str, cloud: Emulator, models: dict[str, Any], measured: Measured
) -> None:
    router = RoutedChatModel([Deployment(models[wire], name=wire)], sinks=[measured.sink])
    answer = ask(router, mode, QUESTION)
    tokens = {
        labels["gen_ai.token.type"]: (labels["gen_ai.provider.name"], point.sum)
        for labels, point in measured.points("gen_ai.client.token.usage")
    }
    name = PROVIDER_NAMES[wire]
    usage = answer.usage_metadata
    assert tokens == {
        "input": (name, usage["input_tokens"]),
        "output": (name, usage["output_tokens"]),
    }
    ((_, cost),) = measured.points("langchain_multirouter.cost")
    assert cost.value == pytest.approx(answer.response_metadata["router"]["cost_usd"])
    assert found(measured.reader.get_metrics_data()) == []


@ALL_MODES
def test_a_call_is_measured_with_its_strategy_its_task_and_its_cause(
    mode: str, measured: Measured
) -> None:
    router = scripted([FAULT], sinks=[measured.sink], max_retries=0)
    with pytest.raises(ModelError):
        ask(router, mode, "hi")
    ((labels, point),) = measured.points("langchain_multirouter.call.duration")
    assert point.count == 1
    assert labels == {
        "gen_ai.operation.name": "chat",
        "langchain_multirouter.strategy": "ordered",
        "langchain_multirouter.task_type": "chat",
        "error.type": "connection",
    }
    ((labels, point),) = measured.points("langchain_multirouter.decision.duration")
    assert (labels["langchain_multirouter.strategy"], point.count) == ("ordered", 1)
    assert 0.0 < point.sum < 1.0


def test_a_health_check_is_an_operation_and_no_call(measured: Measured) -> None:
    scripted(["x"], sinks=[measured.sink]).check_health()
    assert len(measured.points("gen_ai.client.operation.duration")) == 1
    assert measured.points("langchain_multirouter.call.duration") == []


def test_embeddings_are_measured_as_such_and_have_no_output(measured: Measured) -> None:
    RoutedEmbeddings([Scripted("m")], sinks=[measured.sink]).embed_query("hi")
    (labels,) = [labels for labels, _ in measured.points("gen_ai.client.operation.duration")]
    assert labels["gen_ai.operation.name"] == "embeddings"
    tokens = measured.points("gen_ai.client.token.usage")
    assert {labels["gen_ai.token.type"] for labels, _ in tokens} <= {"input"}


def test_a_breakers_state_is_shown_from_the_first_call_on(measured: Measured) -> None:
    policy = Policy(wait=STEADY.wait, breaker_failures=2, open_seconds=0.0)
    script = [FAULT, FAULT, "fine"]
    router = scripted(script, ["x"], policy=policy, sinks=[measured.sink], max_retries=1)
    label, name = "langchain_multirouter.deployment", "langchain_multirouter.breaker.state"
    router.invoke("hi")
    assert {k: v or 0 for k, v in measured.values(name, label).items()} == {"a": 1, "b": 0}
    assert measured.values("langchain_multirouter.breaker.opened", "error.type") == {
        "connection": 1
    }
    router.invoke("hi", model="a")
    assert {k: v or 0 for k, v in measured.values(name, label).items()} == {"a": 0, "b": 0}


def test_a_pause_is_shown_until_it_ends(measured: Measured) -> None:
    router = scripted(["x"], sinks=[measured.sink])
    router.pause("a")
    assert measured.values("langchain_multirouter.paused", "error.type") == {None: 1}
    router.resume("a")
    assert measured.points("langchain_multirouter.paused")[0][1].value == 0


OTHERS = [
    (Hedged(1, "a", "b", 2), "hedges", 1),
    (Interrupted(1, "a", 1, "connection"), "interruptions", 1),
    (BudgetReached(1, "monthly", None, 0.0, 1.0, "refused"), "budget.reached", 1),
    (QuotaReached(1, "a", "tokens", 3.0), "quota.reached", 1),
    (QuotaWaited(1, "a", "tokens", 3.0), "quota.wait", 3.0),
    (CacheHit(1, "exact", "a", 0.25), "cache.hits", 1),
    (CacheHit(1, "exact", "a", 0.25), "saved", 0.25),
    (CacheMissed(1), "cache.misses", 1),
    (CacheFailed(1, "OSError"), "cache.failures", 1),
    (HealthChanged("a", False, "server"), "breaker.opened", 1),
]


@pytest.mark.parametrize(("event", "name", "value"), OTHERS)
def test_what_happens_beside_attempts_is_counted(
    event: Happening, name: str, value: float, measured: Measured
) -> None:
    router = scripted(["x"], ["y"], sinks=[measured.sink])
    router.assembled.audience.announce(event)
    ((_, point),) = measured.points(f"langchain_multirouter.{name}")
    assert (point.sum if hasattr(point, "sum") else point.value) == value


def test_what_was_dropped_is_counted_when_the_sink_goes_on(measured: Measured) -> None:
    router = scripted(["x"], sinks=[measured.sink])
    measured.sink.delivery.dropped += 3
    router.invoke("hi")
    ((_, point),) = measured.points("langchain_multirouter.events.dropped")
    assert point.value == 3


# --- bounded ----------------------------------------------------------------------------------


def test_there_is_never_more_than_so_many_of_a_label(measured: Measured) -> None:
    for number in range(Labels.MOST + 50):
        named = [{"name": f"tenant-{number}", "model_name": "m" * 500 + str(number)}]
        scripted(["x"], deployments=named, sinks=[measured.sink]).invoke("hi")
    names = measured.values("gen_ai.client.operation.duration", "langchain_multirouter.deployment")
    assert len(names) <= Labels.MOST + 1
    assert names["other"] == 50
    models = measured.values("gen_ai.client.operation.duration", "gen_ai.request.model")
    assert max(len(str(model)) for model in models) <= Labels.LONGEST
    assert len(measured.points("langchain_multirouter.breaker.state")) <= Labels.MOST


def test_the_users_own_strategies_are_one(measured: Measured) -> None:
    def strategy(number: int) -> Any:
        def mine(candidates: Any, request: Any) -> list[float]:
            return [0.0] * len(candidates)

        mine.__name__ = f"mine_{number}"
        return mine

    router = scripted(["x"], sinks=[measured.sink])
    for number in range(5):
        router.invoke("hi", strategy=strategy(number))
    label = "langchain_multirouter.strategy"
    assert measured.values("langchain_multirouter.call.duration", label) == {"custom": 5}


def test_an_errors_type_is_a_cause_and_never_a_providers_code(measured: Measured) -> None:
    class Coded(Exception):  # noqa: N818
        status_code, code = 503, "CANARY-4711"

    router = scripted([Coded("CANARY")], ["fine"], sinks=[measured.sink])
    router.invoke("CANARY")
    points = measured.points("gen_ai.client.operation.duration")
    kinds = {labels["error.type"] for labels, _ in points if "error.type" in labels}
    assert kinds <= {cause.value for cause in Cause}
    assert kinds
    assert "CANARY" not in repr(measured.reader.get_metrics_data())


# --- the span ---------------------------------------------------------------------------------


@pytest.fixture
def spans() -> Iterator[tuple[Any, InMemorySpanExporter]]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("test"), exporter
    provider.shutdown()


@ALL_MODES
def test_the_callers_span_tells_the_decision_and_no_text(
    mode: str, spans: Any, measured: Measured
) -> None:
    tracer, exporter = spans
    router = scripted([FAULT], ["CANARY"], deployments=PRICED, sinks=[measured.sink])
    with tracer.start_as_current_span("mine"):
        answer = ask_here(router, mode, "CANARY")
    (span,) = exporter.get_finished_spans()
    told = {k.removeprefix("langchain_multirouter."): v for k, v in span.attributes.items()}
    assert 0.0 < told.pop("seconds") < 5.0
    assert told.pop("cost_usd") == pytest.approx(answer.response_metadata["router"]["cost_usd"])
    assert told == {
        "deployment": "b",
        "provider": "aws_bedrock",
        "strategy": "ordered",
        "task_type": "chat",
        "attempts": 3,
        "candidates": 2,
    }


def ask_here(router: Any, mode: str, prompt: str) -> Any:
    """In this context, which another thread's event loop would not see."""
    import asyncio

    async def run() -> Any:
        if mode == "ainvoke":
            return await router.ainvoke(prompt)
        whole = None
        async for chunk in router.astream(prompt):
            whole = chunk if whole is None else whole + chunk
        return whole

    if mode in ("ainvoke", "astream"):
        return asyncio.run(run())
    return ask(router, mode, prompt)


def test_a_call_that_fails_tells_its_cause_on_the_span(spans: Any, measured: Measured) -> None:
    tracer, exporter = spans
    router = scripted([FAULT], sinks=[measured.sink], max_retries=0)
    with tracer.start_as_current_span("mine"), pytest.raises(ModelError):
        router.invoke("hi")
    (span,) = exporter.get_finished_spans()
    assert span.attributes["langchain_multirouter.cause"] == "connection"
    assert "langchain_multirouter.deployment" not in span.attributes


def test_a_slow_calls_measurement_leads_to_its_trace(spans: Any, measured: Measured) -> None:
    tracer, _ = spans
    router = scripted(["x"], sinks=[measured.sink])
    with tracer.start_as_current_span("mine") as span:
        router.invoke("hi")
    ((_, point),) = measured.points("langchain_multirouter.call.duration")
    assert [one.trace_id for one in point.exemplars] == [span.get_span_context().trace_id]


# --- where there is none, or a broken one -----------------------------------------------------


def test_nothing_of_it_is_imported_before_a_sink_is_made() -> None:
    importing = {
        (path.name, line.startswith(" "))
        for path in Path(langchain_multirouter.__file__).parent.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if re.match(r"\s*(from|import) opentelemetry\b", line)
    }
    assert importing == {("open_telemetry.py", True)}  # where it is indented: in a function


def test_where_it_is_not_installed_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigurationError) as raised:
        OpenTelemetry()
    assert 'pip install "langchain-multirouter[otel]"' in str(raised.value)


def test_a_provider_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="meter_provider"):
        OpenTelemetry(meter_provider="http://collector")


@ALL_MODES
def test_without_a_provider_calls_go_on_and_nothing_is_recorded(mode: str) -> None:
    sink = OpenTelemetry()
    router = scripted([FAULT], ["fine"], sinks=[sink])
    assert ask(router, mode).text == "fine"
    assert sink.flush()
    assert sink.delivery.failed == 0


class BrokenInstrument:
    def record(self, *_: Any) -> None:
        raise RuntimeError("CANARY")

    add = set = record


class BrokenMeter:
    def create_histogram(self, *_: Any, **__: Any) -> BrokenInstrument:
        return BrokenInstrument()

    create_counter = create_gauge = create_histogram


class BrokenProvider:
    def get_meter(self, *_: Any, **__: Any) -> BrokenMeter:
        return BrokenMeter()


@ALL_MODES
def test_instruments_that_raise_harm_no_call(mode: str) -> None:
    sink = OpenTelemetry(meter_provider=BrokenProvider())
    router = scripted([FAULT], ["fine"], sinks=[sink])
    with listening() as listener:
        assert ask(router, mode).text == "fine"
        assert sink.flush()
    assert sink.delivery.failed > 0
    assert "CANARY" not in listener.text()


def test_it_travels_without_a_provider_of_its_own_alone(measured: Measured) -> None:
    assert isinstance(pickle.loads(pickle.dumps(OpenTelemetry())), OpenTelemetry)  # noqa: S301
    with pytest.raises(TypeError, match="sinks: an OpenTelemetry with a meter_provider"):
        pickle.dumps(measured.sink)


def test_a_process_that_ends_has_exported_what_happened() -> None:
    program = (
        "from opentelemetry import metrics\n"
        "from opentelemetry.sdk.metrics import MeterProvider\n"
        "from opentelemetry.sdk.metrics.export import ConsoleMetricExporter\n"
        "from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader\n"
        "from langchain_multirouter import OpenTelemetry\n"
        "from tests.reference.known import scripted\n"
        "reader = PeriodicExportingMetricReader(ConsoleMetricExporter())\n"
        "metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))\n"
        "scripted(['x'], sinks=[OpenTelemetry()]).invoke('hi')\n"
    )
    ran = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert "gen_ai.client.operation.duration" in ran.stdout


# --- Prometheus, and the alerts ---------------------------------------------------------------


@pytest.fixture
def exported() -> Iterator[str]:
    """What the exporter shows when everything has happened once."""
    reader = PrometheusMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    sink = OpenTelemetry(meter_provider=provider)
    policy = Policy(wait=STEADY.wait, breaker_failures=2)
    router = scripted(
        [FAULT, FAULT, FAULT], ["fine"], deployments=PRICED, policy=policy, sinks=[sink]
    )
    list(router.stream("hi"))
    with pytest.raises(ModelError):
        router.invoke("hi", require_tags=["nobody"])
    for event, _, _ in OTHERS:
        router.assembled.audience.announce(event)
    sink.delivery.dropped += 1
    router.pause("a")
    assert sink.flush()
    yield generate_latest().decode()
    provider.shutdown()


def alerts() -> list[dict[str, Any]]:
    loaded = yaml.safe_load(ALERTS.read_text("utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def test_every_metric_and_label_of_the_alerts_is_one_that_the_exporter_shows(
    exported: str,
) -> None:
    samples = re.findall(r"^(\w+)\{(.*)\} ", exported, re.MULTILINE)
    shown: dict[str, set[str]] = {}
    for name, labels in samples:
        shown.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    named = 0
    for rule in alerts():
        by = re.findall(r"(?:by|ignoring) \(([\w, ]+)\)", rule["expr"])
        expression = re.sub(r"(?:by|ignoring|group_left) \([\w, ]*\)", "", rule["expr"])
        asked = {label.strip() for labels in by for label in labels.split(",")}
        asked |= set(re.findall(r'(\w+)[!=]=?~?"', expression))
        metrics = re.findall(r"\b(?:gen_ai|langchain_multirouter)_\w+", expression)
        assert metrics, rule["alert"]
        for metric in metrics:
            assert metric in shown, f"{rule['alert']} names {metric}"
            named += 1
        known = set().union(*(shown[metric] for metric in metrics))
        assert asked <= known, f"{rule['alert']} names {asked - known}"
        used = re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))
        assert set(used) <= asked
    assert named >= 15


def test_an_alert_has_a_name_of_its_own_a_severity_and_a_summary() -> None:
    rules = alerts()
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert rule["annotations"]["summary"]
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_error_types_in_the_alerts_are_causes() -> None:
    causes = {cause.value for cause in Cause} | {"cancelled", ""}
    for rule in alerts():
        for words in re.findall(r'error_type[!=]=?~?"([^"]*)"', rule["expr"]):
            assert set(words.split("|")) <= causes


def test_every_metric_of_ours_is_exported(exported: str) -> None:
    missing = [
        metric.name
        for key, metric in METRICS.items()
        if metric.name.replace(".", "_") not in exported and key != "estimated_cost"
    ]
    assert missing == []

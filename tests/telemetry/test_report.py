"""Report: what recorded calls say: as values, frames, charts, a page, a notebook's cell."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from langchain_multirouter import ConfigurationError, RoutedChatModel
from langchain_multirouter.options import read_options
from langchain_multirouter.telemetry import charts
from langchain_multirouter.telemetry.advising.situation import Settings
from langchain_multirouter.telemetry.journal_reading import Site
from langchain_multirouter.telemetry.page import page
from langchain_multirouter.telemetry.replay import candidates_of, replayed
from langchain_multirouter.telemetry.report import Analytics
from langchain_multirouter.telemetry.savings import flat_price
from tests.embeddings.scripted import Scripted, named
from tests.embeddings.scripted import router as embeddings_router
from tests.reference.known import known, scripted, usd
from tests.reference.test_analytics import MOMENT
from tests.telemetry.made import AT, call, failure, success

NEW_KEYS = {"recorded", "tasks", "strategies", "windows", "savings", "advice", "evidence"}
CHEAP, DEAR = usd(0.001), usd(0.004)
FLEET = [known(0, price=CHEAP), known(1, price=DEAR, provider="aws_bedrock")]
#: Forty calls in forty minutes: half of them fall back, one is refused, one is of a cache.
RECORDS = [
    *(call(success("a", 1.0 + i / 40, price=CHEAP, first=0.2), at=AT + 120 * i) for i in range(20)),
    *(call(failure("a", "throttled"), success("b", 3.0, price=DEAR), at=AT + 120 * i,
           task="analysis") for i in range(20)),
    call(at=AT + 60, cause="NoCandidateError", removed_by=("max_cost",), strategy="cost_optimized"),
    call(at=AT + 61, cached="exact", saved_usd=0.01, seconds=0.0),
]  # fmt: skip


def report(records: Any = RECORDS, fleet: Any = FLEET, **more: Any) -> Analytics:
    return Analytics(fleet, calls=40, checked={}, moment=MOMENT, records=records, **more)


# --- values -----------------------------------------------------------------------------------


def test_the_new_keys_stand_beside_the_old_ones() -> None:
    told = report().to_dict()
    assert set(told) == NEW_KEYS | {"deployments", "providers", "overall", "recommendations"}
    assert set(told["recorded"]["deployments"]) == {"a", "b"}
    assert set(told["recorded"]["providers"]) == {"azure_openai", "aws_bedrock"}
    assert set(told["tasks"]) == {"chat", "analysis"}
    assert told["tasks"]["analysis"]["answers"] == {"b": 20}
    assert set(told["strategies"]) == {"intelligent", "cost_optimized"}
    assert told["savings"]["always"]["b"]["saved_usd"] == pytest.approx(20 * 0.0036)
    assert told["recorded"]["since"] == "2026-11-23T12:00:00+00:00"
    assert "windows" in json.dumps(told, allow_nan=False)


def test_one_answer_alone_has_an_interval_that_programs_can_read() -> None:
    router = scripted(["x"], ["y"])
    router.invoke("hi")
    told = router.analytics().to_dict()
    assert told["evidence"]["fastest"]["interval"] == [0.0, None]
    assert "evidence" in json.dumps(told, allow_nan=False)


def test_what_a_caller_does_to_the_values_is_of_no_consequence() -> None:
    shown = report()
    shown.to_dict()["tasks"].clear()
    assert shown.to_dict()["tasks"]


def test_a_recommendation_has_its_evidence_and_how_sure_it_is() -> None:
    quick = known(0, seconds=1.0, good=150, bad=0, price=CHEAP)
    slow = known(1, seconds=3.0, good=100, bad=50)
    told = report((), [quick, slow]).to_dict()["evidence"]
    assert told["most_reliable"]["deployment"] == "a"
    assert told["most_reliable"]["runner_up"] == "b"
    assert told["most_reliable"]["sure"] == "high"
    assert told["most_reliable"]["interval"][0] == pytest.approx(0.975, abs=1e-3)
    assert told["most_cost_effective"]["sure"] == "medium", "b's price is not known"
    assert told["fastest"]["sure"] == "low", "no times were kept of these"
    assert told["best_for_coding"] is None


def test_a_strength_that_is_only_stated_is_not_sure() -> None:
    router = scripted(["x"], deployments=[{"provider": "aws_bedrock"}])
    told = router.analytics().to_dict()["evidence"]["best_for_coding"]
    assert (told["deployment"], told["sure"]) == ("a", "low")


def test_a_routers_own_calls_are_in_its_report() -> None:
    router = scripted([ConnectionError("no"), "x"], ["y"])
    router.invoke("Write a poem", max_retries=0)
    told = router.analytics().to_dict()
    assert told["tasks"]["creative_writing"]["answers"] == {"b": 1}
    assert told["recorded"]["deployments"]["a"]["causes"] == {"connection": 1}
    assert len(told["windows"]) == 1


def test_only_the_last_seconds_are_looked_at_where_that_is_asked_for() -> None:
    router = scripted(["x"])
    router.invoke("hi")
    assert router.analytics(since_seconds=3600).to_dict()["recorded"]["calls"] == 1
    history = router.assembled.fleet.history
    old = history.records()[0]._replace(at=history.records()[0].at - 7200.0)
    history.keep(old)
    assert router.analytics().to_dict()["recorded"]["calls"] == 2
    assert router.analytics(since_seconds=3600).to_dict()["recorded"]["calls"] == 1
    assert router.analytics(since_seconds=1).to_dict()["overall"]["total_calls"] == 1


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "1", True])
def test_a_time_that_is_none_is_refused(seconds: Any) -> None:
    with pytest.raises(ConfigurationError, match="since_seconds"):
        scripted(["x"]).analytics(since_seconds=seconds)


def test_advice_is_told_in_the_text_too() -> None:
    lines = repr(report(settings=Settings(read_options({}), {"a": 3}, attempts=4, requests=8)))
    (nested,) = (line for line in lines.splitlines() if "SDK" in line)
    assert nested.startswith("- a's SDK makes up to 3 requests of one attempt")
    assert "-4 requests per call at worst; certainty: high" in nested


# --- from a journal ---------------------------------------------------------------------------


def test_deployments_can_be_had_from_records_alone() -> None:
    records = [
        call(success("azure_openai:gpt", 2.0), at=AT),
        call(failure("azure_openai:gpt"), success("b", 1.0), at=AT + 10),
    ]
    first, second = candidates_of(records, {}, at=datetime.fromtimestamp(AT, UTC))
    assert (first.deployment.name, first.deployment.provider) == (
        "azure_openai:gpt",
        "azure_openai",
    )
    assert (first.stats.succeeded, first.stats.failed) == (1, 1)
    assert first.stats.causes == {"server": 1}
    assert first.average_seconds == 2.0
    assert second.deployment.provider == "unknown"
    assert second.stats.measured.cost_usd == 0.002


def test_a_journals_prices_are_those_of_its_costs_or_else_of_its_models_names() -> None:
    own = flat_price(3e-6, 4e-6)
    records = [
        *(call(success("own", tokens=(100 * i, 10), price=own)) for i in range(1, 4)),
        call(success("gpt", usd=None)),
        call(success("nobody", usd=None)),
    ]
    sites = {"gpt": Site("azure_openai", "gpt-4o"), "own": Site("azure_openai", "gpt-4o")}
    told = replayed(records, sites, now=AT).to_dict()
    prices = {n: r["estimated_cost_per_1k_tokens"] for n, r in told["deployments"].items()}
    assert prices["own"] == pytest.approx(own.usd_per_1k(600, 30), rel=1e-6)
    assert prices["gpt"] == pytest.approx((2.5 * 1_000 + 10 * 200) / 1_200 / 1_000)
    assert prices["nobody"] is None
    assert told["deployments"]["gpt"]["model_name"] == "gpt-4o"
    assert set(told["savings"]["always"]) == {"own", "gpt"}


def test_a_journals_report_has_all_forms_too() -> None:
    told = replayed(RECORDS, {}, now=AT + 4_000, notes=["3 lines were cut"])
    assert told.to_dict()["overall"]["total_calls"] == 40
    assert "; 3 lines were cut" in repr(told)
    assert "By deployment" in Read(page(told.to_dict())).words
    assert len(told.to_pandas("attempt")) == 60


def test_a_name_in_a_journal_that_no_deployment_could_have_harms_nobody() -> None:
    records = [call(success("\x00é" * 80))]
    assert "?" in repr(replayed(records, {}, now=AT))


def test_a_call_that_its_caller_left_is_neither_answered_nor_failed() -> None:
    left = call(success("a"), cause="cancelled")
    overall = report([call(success("a")), left]).to_dict()["recorded"]["overall"]
    assert (overall["calls"], overall["answered"], overall["success_rate"]) == (2, 1, 1.0)


# --- frames -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("deployment", 2),
        ("provider", 2),
        ("task", 2),
        ("strategy", 2),
        ("call", 42),
        ("attempt", 60),
    ],
)
def test_a_frame_has_a_row_for_each(by: str, rows: int) -> None:
    assert len(report().to_pandas(by)) == rows


def test_a_frames_columns_are_flat_and_its_times_are_times() -> None:
    frame = report().to_pandas()
    assert frame.loc["a", "response_seconds_p50"] == pytest.approx(1.225)
    assert frame.loc["a", "success_interval_low"] < 0.5 < frame.loc["a", "success_interval_high"]
    windows = report().to_pandas("window")
    assert str(windows["start"].dt.tz) == "UTC"
    assert windows["calls"].sum() == 42
    assert str(report().to_pandas("call")["at"].iloc[0]) == "2026-11-23 12:00:00+00:00"


def test_a_frame_without_calls_is_empty() -> None:
    assert len(report(()).to_pandas("call")) == len(report(()).to_pandas()) == 0


@pytest.mark.parametrize("by", ["deploymnt", None, 3])
def test_a_frame_that_there_is_not_is_refused(by: Any) -> None:
    with pytest.raises(ConfigurationError, match="by: the table"):
        report().to_pandas(by)


@pytest.mark.parametrize(("module", "method"), [("pandas", "to_pandas"), ("matplotlib", "plot")])
def test_a_library_that_is_missing_is_told_with_the_extra_that_brings_it(
    module: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    told = rf'{method}\(\) needs {module}: pip install "langchain-multirouter\[notebook\]"'
    with pytest.raises(ImportError, match=told):
        getattr(report(), method)()


# --- charts -----------------------------------------------------------------------------------


def texts(figure: Figure) -> str:
    return " ".join(t.get_text() for axes in figure.axes for t in [*axes.texts, axes.title])


def test_a_plot_shows_points_bars_and_shares() -> None:
    figure = report().plot()
    assert isinstance(figure, Figure)
    cost, times, traffic, shares = figure.axes
    assert {t.get_text() for t in cost.texts} == {"a", "b"}
    assert len(cost.collections) == 2
    assert [t.get_text().strip() for t in times.texts] == ["b", "a"]
    assert sum(bar.get_height() for bar in traffic.patches) == 42
    assert sum(bar.get_width() for bar in shares.patches) == pytest.approx(200)


def test_a_plot_is_drawn_by_a_notebook_without_pyplot() -> None:
    image = report().plot()._repr_png_()  # type: ignore[attr-defined]
    assert image.startswith(b"\x89PNG")
    assert len(image) > 10_000


def test_long_names_leave_a_plot_room_for_its_charts() -> None:
    long = [f"aws_bedrock:eu.anthropic.claude-sonnet-5-5-number-{n}".ljust(64, "x") for n in "123"]
    figure = report([call(success(name)) for name in long], ()).plot()
    assert figure._repr_png_()  # type: ignore[attr-defined]  # laid out; a warning is an error
    assert all(axes.get_position().width > 0.35 for axes in figure.axes)
    assert all(axes.get_position().height > 0.25 for axes in figure.axes)


def test_a_plot_without_data_says_so() -> None:
    said = texts(report(()).plot())
    assert said.count(charts.NO_ANSWERS) == 3
    assert charts.NO_CALLS in said
    assert charts.NO_PRICES in texts(report([call(success(usd=None))]).plot())
    assert report(()).plot()._repr_png_()  # type: ignore[attr-defined]


def test_a_name_with_signs_of_mathematics_is_drawn_as_it_is() -> None:
    records = [call(success("cost$_{x}$\\frac"))]
    assert report(records, ()).plot()._repr_png_()  # type: ignore[attr-defined]


def test_the_axes_have_round_numbers_up_to_the_most() -> None:
    assert charts.ticks(40.0) == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert charts.ticks(0.07)[-1] == pytest.approx(0.08)
    assert charts.ticks(0.0) == charts.ticks(float("inf")) == [0.0, 1.0]
    assert all(
        ticks[-1] >= most for most in (3e-9, 1.0, 17.3, 8e7) for ticks in [charts.ticks(most)]
    )


# --- the page ---------------------------------------------------------------------------------

VOID = {"meta"}


class Read(HTMLParser):
    """Every tag in its order; that each is closed again; and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def written() -> str:
    return page(report(settings=Settings(read_options({}), {"a": 3}, 4, 8)).to_dict())


def test_the_page_is_one_file_that_loads_and_runs_nothing(written: str) -> None:
    read = Read(written)
    names = {tag for tag, _ in read.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "form", "base", "a"}
    addresses = [a for _, attributes in read.tags for a in attributes if a in ("src", "href")]
    assert addresses == []
    assert not any(name.startswith("on") for _, attributes in read.tags for name in attributes)
    assert "http:" not in written.replace("http-equiv", "")
    assert "https:" not in written
    assert "url(" not in written
    assert "default-src 'none'" in written


def test_the_page_has_everything_that_the_report_says(written: str) -> None:
    words = Read(written).words
    for heading in ("Advice", "Charts", "Recommendations", "Savings", "Numbers"):
        assert heading in words
    assert "a's SDK makes up to 3 requests" in words
    assert "the same tokens at every deployment" in words
    assert "throttled: 20" in words
    assert "Caches saved 0.01 USD" in words
    assert written.count("<svg") == 4


def test_the_page_can_be_read_on_a_phone_by_keyboard_and_in_the_dark(written: str) -> None:
    read = Read(written)
    assert (
        "meta",
        {"name": "viewport", "content": "width=device-width,initial-scale=1"},
    ) in read.tags
    assert "prefers-color-scheme:dark" in written
    wide = [a for tag, a in read.tags if tag == "div" and a.get("class") == "wide"]
    assert wide
    assert all(a["tabindex"] == "0" and a["role"] == "region" and a["aria-label"] for a in wide)
    drawings = [a for tag, a in read.tags if tag == "svg"]
    assert all(a["role"] == "img" and a["aria-label"] and "viewBox".lower() in a for a in drawings)
    assert {tag for tag, _ in read.tags} >= {"details", "summary", "th", "caption", "main", "h1"}
    assert all(a.get("scope") == "col" for tag, a in read.tags if tag == "th")


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_texts_stand_out_from_what_is_behind_them_light_and_dark(written: str) -> None:
    for block in re.findall(r":root\{(.*?)\}", written, re.DOTALL):
        colours = dict(re.findall(r"--(\w+):(#\w+)", block))
        full = {
            n: c if len(c) == 7 else "#" + "".join(x * 2 for x in c[1:]) for n, c in colours.items()
        }
        for front in ("text", "dim", "accent"):
            for back in ("back", "card"):
                light, dark = sorted((luminance(full[front]), luminance(full[back])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (front, back)


HOSTILE = "<script>alert('x')</script>&\"'</svg>"


def test_names_are_escaped_wherever_they_are_shown() -> None:
    records = [
        call(success(HOSTILE), strategy=HOSTILE, task=HOSTILE),
        *[call(failure(HOSTILE, HOSTILE), success("b"), strategy=HOSTILE) for _ in range(30)],
    ]
    shown = report(records, (), notes=[HOSTILE])
    for html in (page(shown.to_dict()), shown._repr_html_()):
        assert "<script" not in html
        assert "alert" in html
        read = Read(html)
        assert not any("onerror" in attributes for _, attributes in read.tags)


def test_a_page_without_calls_says_so(tmp_path: Path) -> None:
    router: RoutedChatModel = scripted(["x"])
    router.analytics().to_html(tmp_path / "report.html")
    words = Read((tmp_path / "report.html").read_text(encoding="utf-8")).words
    assert charts.NO_CALLS in words
    assert words.count(charts.NO_ANSWERS) == 3
    assert "None: nothing that stands out, or too few calls to tell." in words
    assert "By task: nothing yet." in words


def test_a_notebooks_cell_has_the_table_and_folded_below_it_the_rest() -> None:
    html = report()._repr_html_()
    read = Read(html)
    assert next(tag for tag, _ in read.tags) == "table"
    assert {"Advice", "Savings", "Tasks"} <= set(re.findall(r"<summary>(\w+)", html))
    assert "<details" not in report(())._repr_html_()


# --- embeddings -------------------------------------------------------------------------------


def test_routed_embeddings_have_all_of_it_too() -> None:
    price = {"input": 0.02, "output": 0}
    router = embeddings_router(
        named("a", Scripted("m"), price=price),
        named("b", Scripted("m"), price={"input": 0.1, "output": 0}),
        strategy="round_robin",
    )
    for _ in range(4):
        router.embed_query("hello")
    told = router.analytics().to_dict()
    assert told["tasks"]["embeddings"]["answers"] == {"a": 2, "b": 2}
    assert told["strategies"]["round_robin"]["calls"] == 4
    assert router.explain("hello").to_dict()["smallest_change"]["kind"] == "turn"
    Read(page(told))

"""Counterfactual: every change that is told is really made, and really puts that one first."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from langchain_multirouter import Strategy
from langchain_multirouter.candidate import Candidate
from langchain_multirouter.economics.price import Price, Rates, Usage
from langchain_multirouter.options import read_options
from langchain_multirouter.request import Request
from langchain_multirouter.resilience.breaker import Breaker
from langchain_multirouter.resilience.cooldown import Cooldown
from langchain_multirouter.routing.strategy import STRATEGIES, rank
from langchain_multirouter.telemetry.changes import with_seconds
from langchain_multirouter.telemetry.counterfactual import counterfactuals
from langchain_multirouter.telemetry.explanation import Explanation
from langchain_multirouter.telemetry.scene import DRAWING, Change, rounded_down, rounded_up
from tests.reference.known import NOW, OUT, asking, known, scripted, usd
from tests.routing.candidates import NOW as FLEETS_NOW
from tests.routing.candidates import fleets

ROWS = pytest.mark.parametrize("strategy", Strategy)
DRAWN = [s for s in Strategy if STRATEGIES[s].picker in DRAWING]


def found(fleet: Sequence[Candidate], *, turn: int = 0, **asked: Any) -> list[Change]:
    request = asking(**asked)
    ranking = rank(fleet, request, turn=turn, rng=Random(0), now=NOW)
    return counterfactuals(fleet, request, ranking, now=NOW, turn=turn)


def of(changes: Sequence[Change], name: str, kind: str) -> Change:
    (one,) = (c for c in changes if (c.deployment, c.kind) == (name, kind))
    return one


# --- the law: what is told is so ----------------------------------------------------------------


class Zero(Random):
    def random(self) -> float:
        return 0.0


def made(
    change: Change, fleet: Sequence[Candidate], request: Request, turn: int, value: Any
) -> str | None:
    """Who is first after the change is really made, by nothing of the code that found it."""
    options, turns = dict(request.options), 0
    target = next(c for c in fleet if c.deployment.name == change.deployment)
    deployment, stats, facts = target.deployment, target.stats, target.facts
    match change.kind:
        case "price":
            facts = facts._replace(price=_at_price(target, request, value))
        case "response_time":
            new = stats.measured._replace(average_seconds=value, peak_seconds=value)
            stats = stats._replace(measured=new)
        case "success_rate":
            good = 1e9 if value == 1.0 else value * 1e9
            new = stats.measured._replace(total=1e9, good=good, at=FLEETS_NOW)
            stats = stats._replace(measured=new)
        case "weight" | "fallback_level" as field:
            deployment = deployment.model_copy(update={field: value})
        case "health":
            target = target._replace(breaker=Breaker(), cooldown=Cooldown())
        case "paused":
            target = target._replace(paused=False)
        case "turn":
            turns = value
        case "draw":
            pass
        case option:
            options[option] = value
    target = target._replace(deployment=deployment, stats=stats, facts=facts)
    fleet = [target if c.number == target.number else c for c in fleet]
    request = request._replace(options=read_options(options))
    if change.likeliest:
        return _likeliest(fleet, request)
    order = rank(fleet, request, turn=turn + turns, rng=Zero(), now=FLEETS_NOW).order
    return order[0].deployment.name if order else None


def _at_price(target: Candidate, request: Request, per_1k: float) -> Price:
    """All rates in proportion, so that the request's tokens cost so much."""
    price = target.facts.price
    usage = Usage(target.expected_input(request), target.expected_output(request))
    now = 0.0 if price is None else 1_000 * price.cost_usd(usage) / (usage[0] + usage[1])
    if price is None or not now:
        return Price(Rates(*[per_1k / 1_000] * 10))
    return Price(Rates(*(rate * per_1k / now for rate in price.rates)))


def _likeliest(fleet: Sequence[Candidate], request: Request) -> str | None:
    """Who is first of those in the first place, by score: the first of all draws at best."""
    ranking = rank(fleet, request, turn=0, rng=Zero(), now=FLEETS_NOW)
    if not ranking.order:
        return None
    strategy = request.options.strategy
    assert isinstance(strategy, Strategy)
    scorer = STRATEGIES[strategy].scorer

    def by_score(candidates: Sequence[Candidate], request: Request) -> list[float]:
        return scorer.scores(candidates, request, FLEETS_NOW)

    options = request.options.model_copy(update={"strategy": by_score})
    again = rank(fleet, request._replace(options=options), turn=0, rng=Zero(), now=FLEETS_NOW)
    return again.order[0].deployment.name


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "max_cost": st.sampled_from([0.0, 0.001, 0.02]),
        "max_response_time": st.sampled_from([0.5, 50.0, 5_000.0]),
        "require_tags": st.sampled_from([["eu"], ["us"]]),
        "preferred_provider": st.sampled_from(["aws_bedrock", "gcp_vertex"]),
        "fallback_enabled": st.booleans(),
        "model_preference": st.sampled_from(["gpt-4o", "nobody's"]),
    },
)


@ROWS
@settings(max_examples=12)
@given(fleets(), OPTIONS, st.integers(0, 12))
def test_every_change_that_is_told_really_puts_that_deployment_first(
    strategy: Strategy, fleet: list[Candidate], options: dict[str, Any], turn: int
) -> None:
    request = asking(strategy=strategy, **options)
    ranking = rank(fleet, request, turn=turn, rng=Zero(), now=FLEETS_NOW)
    for change in counterfactuals(fleet, request, ranking, now=FLEETS_NOW, turn=turn):
        assert change.deployment in {c.deployment.name for c in fleet}
        assert change.likeliest is (strategy in DRAWN)
        first = made(change, fleet, request, turn, change.value)
        assert first == change.deployment, change


NUMBERS = ("price", "response_time", "success_rate")


@ROWS
@settings(max_examples=12)
@given(fleets(), st.integers(0, 12))
def test_a_number_that_is_told_is_where_the_order_turns(
    strategy: Strategy, fleet: list[Candidate], turn: int
) -> None:
    """A hundredth less of a change, and it is not first."""
    request = asking(strategy=strategy)
    ranking = rank(fleet, request, turn=turn, rng=Zero(), now=FLEETS_NOW)
    for change in counterfactuals(fleet, request, ranking, now=FLEETS_NOW, turn=turn):
        if change.kind not in NUMBERS:
            continue
        if change.kind == "success_rate":
            less = change.value - 2e-4 - 2e-4 * (1.0 - change.value)
            if less <= change.now:
                continue
        else:
            less = 1.01 * change.value + 2e-5 * (change.now or 10.0 * change.value)
            if change.now is not None and less >= change.now:
                continue
        assert made(change, fleet, request, turn, less) != change.deployment, change


@settings(max_examples=25)
@given(fleets())
def test_the_smallest_change_comes_first_and_nothing_is_changed_by_looking(
    fleet: list[Candidate],
) -> None:
    request = asking(strategy="intelligent")
    before = list(fleet)
    ranking = rank(fleet, request, turn=0, rng=Zero(), now=FLEETS_NOW)
    changes = counterfactuals(fleet, request, ranking, now=FLEETS_NOW)
    assert [c.size for c in changes] == sorted(c.size for c in changes)
    assert fleet == before


# --- strategy by strategy, with numbers one can check by hand -----------------------------------

A = known(0, seconds=2.0, price=usd(0.002))
B = known(1, seconds=4.0, price=usd(0.003), provider="aws_bedrock", tags=["eu"])


def test_the_cheapest_is_overtaken_at_its_own_price() -> None:
    change = of(found([A, B], strategy="cost_optimized"), "b", "price")
    assert change.value == pytest.approx(0.002, rel=1e-3)
    assert change.value < 0.002
    assert change.now == pytest.approx(0.003)
    assert change.size == pytest.approx(1 / 3, rel=1e-2)
    assert str(change).startswith("b would be first at a price of at most 0.00")


def test_the_fastest_is_overtaken_at_its_own_time() -> None:
    change = of(found([A, B], strategy="performance_based"), "b", "response_time")
    assert change.value == pytest.approx(2.0, rel=1e-3)
    assert "4 s now" in change.words


def test_a_failing_one_is_first_where_its_rate_makes_up_for_the_rest() -> None:
    """The others' 2 s against 1 s and 100 × (1 − rate): above 99 %."""
    quick = known(1, seconds=1.0, good=9, bad=9)
    change = of(found([A, quick], strategy="performance_based"), "b", "success_rate")
    assert change.value == pytest.approx(0.9901)
    assert change.words == "if at least 99.01 % of its attempts succeeded (52.63 % now)"


def test_intelligents_price_is_solved_from_the_linear_score() -> None:
    """b gives 0.2 × (1 − p/0.01) for its price p: what the rest lacks has to come from it."""
    fleet = [known(0, price=usd(0.001)), known(1, price=usd(0.009))]
    preferences = {"chat": ("azure_openai",)}
    change = of(found(fleet, strategy="intelligent", preferences=preferences), "b", "price")
    assert change.value == pytest.approx(0.001, rel=1e-3)


def test_whose_turn_comes_is_told_of_round_robin() -> None:
    fleet = [A, B, known(2)]
    changes = found(fleet, strategy="round_robin", turn=1)
    assert of(changes, "c", "turn").words == "in the next call, by turn"
    assert of(changes, "a", "turn").words == "2 calls later, by turn"
    assert not {c.kind for c in changes} & {"price", "response_time", "success_rate"}


def test_of_a_rotation_whose_turn_is_not_known_only_turns_are_told() -> None:
    fleet, request = [A, B, known(2)], asking(strategy="round_robin")
    ranking = rank(fleet, request, turn=4, rng=Random(0), now=NOW)
    changes = counterfactuals(fleet, request, ranking, now=NOW)
    assert [(c.deployment, c.kind, c.value) for c in changes] == [
        ("c", "turn", 1),
        ("a", "turn", 2),
    ]


def test_that_a_call_explored_is_told_as_its_turn() -> None:
    asked = known(0, started=5, seconds=1.0)
    changes = found([asked, known(1)], strategy="intelligent", turn=9)
    assert of(changes, "a", "turn").words == "in the next call, by turn"


def test_a_weight_is_solved_from_the_shares() -> None:
    fleet = [known(0, weight=3.0), known(1, weight=1.0)]
    change = of(found(fleet, strategy="weighted_random"), "b", "weight")
    assert change.value == pytest.approx(3.0, rel=1e-3)
    assert change.likeliest
    assert str(change) == "b would be the likeliest first with a weight of at least 3.001 (1 now)"


def test_the_lot_that_fell_on_another_is_told_as_a_draw() -> None:
    fleet = [known(0, weight=1.0), known(1, weight=1.5)]
    request = asking(strategy="weighted_random")
    for seed in range(20):
        ranking = rank(fleet, request, turn=0, rng=Random(seed), now=NOW)
        kinds = {(c.deployment, c.kind) for c in counterfactuals(fleet, request, ranking, now=NOW)}
        drawn_one = ranking.order[0].deployment.name
        assert (("b", "draw") in kinds) is (drawn_one == "a")


def test_a_slower_one_is_first_in_adaptive_below_the_others_load() -> None:
    fleet = [with_seconds(A, 2.0), with_seconds(B, 4.0)]
    change = of(found(fleet, strategy="adaptive"), "b", "response_time")
    assert change.value == pytest.approx(2.0, rel=1e-3)
    assert change.likeliest


# --- settings -----------------------------------------------------------------------------------


def test_a_max_cost_that_removed_one_is_raised_to_what_it_costs() -> None:
    changes = found([B], strategy="ordered", max_cost=0.001)
    change = of(changes, "b", "max_cost")
    assert change.value == pytest.approx(0.003)
    assert change.words == "with a max_cost of at least 0.003 USD (0.001 now)"


def test_a_max_cost_that_leaves_the_first_out_is_told() -> None:
    fleet = [known(0, price=usd(0.003)), known(1, price=usd(0.002))]
    change = of(found(fleet, strategy="ordered"), "b", "max_cost")
    assert change.words == "with a max_cost of 0.002 USD, which leaves out those before it"


def test_required_tags_are_dropped_or_added() -> None:
    without = of(found([A, B], strategy="ordered", require_tags=["eu"]), "a", "require_tags")
    assert without.words == "without require_tags eu"
    assert without.value == []
    with_ = of(found([A, B], strategy="ordered"), "b", "require_tags")
    assert with_.words == "with require_tags=['eu']"


def test_health_pauses_and_levels_are_told() -> None:
    out = known(0, breaker=OUT)
    change = of(found([out, B], strategy="ordered"), "a", "health")
    assert change.words == "once it is healthy again (now: breaker open for 5.0 s more (server))"
    paused = known(0, paused=True)
    assert of(found([paused, B], strategy="ordered"), "a", "paused").words == "after resume('a')"
    spare = known(0, fallback_level=1)
    assert of(found([spare, B], strategy="ordered"), "a", "fallback_level").value == 0


def test_other_strategies_and_preferred_providers_are_told() -> None:
    cheaper = known(1, price=usd(0.001), provider="aws_bedrock")
    changes = found([A, cheaper], strategy="ordered")
    assert of(changes, "b", "strategy").words == "with strategy='cost_optimized'"
    assert of(changes, "b", "preferred_provider").value == "aws_bedrock"


def test_fallback_and_model_preference_that_remove_one_are_told() -> None:
    only = found([B, A], strategy="ordered", model_preference=["gpt-9"])
    assert "model_preference" not in {c.kind for c in only}
    fleet = [A, known(1, model_name="gpt-9")]
    change = of(
        found(fleet, strategy="ordered", model_preference=["gpt-9"]), "a", "model_preference"
    )
    assert change.words == "without model_preference"


def test_of_a_strategy_of_the_users_own_nothing_is_said() -> None:
    assert found([A, B], strategy=lambda candidates, request: [1.0, 2.0]) == []


def test_of_very_many_deployments_the_next_eight_are_looked_at() -> None:
    fleet = [known(0, price=usd(0.001 * (i + 1)))._replace(number=i) for i in range(40)]
    fleet = [
        c._replace(deployment=c.deployment.model_copy(update={"name": f"d{c.number}"}))
        for c in fleet
    ]
    told = {change.deployment for change in found(fleet, strategy="cost_optimized")}
    assert told == {f"d{i}" for i in range(1, 9)}


@given(st.floats(1e-12, 1e12))
def test_what_is_said_in_four_digits_still_holds(value: float) -> None:
    down, up = rounded_down(value), rounded_up(value)
    assert down <= value <= up
    assert up - down <= 2e-3 * value
    assert float(f"{down:.4g}") == down
    assert float(f"{up:.4g}") == up


# --- in explanations ----------------------------------------------------------------------------


def test_an_explanation_tells_what_the_others_cost_and_what_would_change_the_choice() -> None:
    request = asking(strategy="cost_optimized", max_cost=0.01)
    fleet = [A, B, known(2, price=usd(0.5))]
    ranking = rank(fleet, request, turn=0, rng=Random(0), now=NOW)
    shown = Explanation(fleet, request, ranking, evidence=(), now=NOW)
    told = shown.to_dict()
    assert [row["deployment"] for row in told["alternatives"]] == ["b", "c"]
    assert told["alternatives"][0]["more_usd"] == pytest.approx(0.001)
    assert told["alternatives"][0]["more_seconds"] == 2.0
    assert told["alternatives"][1]["removed_by"].startswith("max_cost")
    assert told["smallest_change"] == told["changes"][0]
    assert told["smallest_change"]["kind"] == "price"
    text, html = repr(shown), shown._repr_html_()
    for one in told["changes"][:1]:
        assert f"- b would be first {one['words']}" in text
        assert f"<li>b would be first {one['words']}</li>" in html


def test_a_single_deployment_has_no_alternatives() -> None:
    told = scripted(["x"]).explain("hi").to_dict()
    assert (told["alternatives"], told["changes"], told["smallest_change"]) == ([], [], None)


def test_an_answer_tells_what_the_others_would_have_charged_for_its_tokens() -> None:
    price = {"input": 1.0, "output": 1.0}
    router = scripted(
        ["one two three"], ["y"], ["z"],
        deployments=[{"price": price}, {"price": {"input": 2.0, "output": 2.0}}],
    )  # fmt: skip
    router.invoke("hi", model="b")
    answer = router.invoke("one two")  # two tokens in, three out
    shown = router.explain(answer)
    (other,) = shown.to_dict()["alternatives"]
    assert other["deployment"] == "b"
    assert other["cost_usd"] == pytest.approx(10e-6)
    assert other["more_usd"] == pytest.approx(5e-6)
    assert other["seconds"] > 0.0
    assert "b: 0.000010 USD (+0.000005)" in repr(shown)
    assert "<li>b: 0.000010 USD (+0.000005)" in shown._repr_html_()
    assert "Assumed of the others: the same tokens" in repr(shown)
    again = shown.to_dict()["again"]
    assert again["would_choose"] == "a"
    assert {change["deployment"] for change in again["changes"]} == {"b", "c"}
    assert "- Asked again now, a would be first." in repr(shown)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"strategy": "nobody's", "task_type": 3, "deployment": ["x"], "cost_usd": "much"},
        {"strategy": ["intelligent"], "task_type": {}, "attempts": None},
    ],
    ids=["nothing", "strange words", "strange kinds"],
)
def test_whatever_a_messages_metadata_says_it_is_explained(told: dict[str, Any]) -> None:
    router = scripted(["x"], ["y"], deployments=[{"price": {"input": 1.0, "output": 1.0}}])
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    message = AIMessage("x", response_metadata={"router": told}, usage_metadata=usage)
    shown = router.explain(message)
    assert shown.to_dict()["again"]["would_choose"] == "a"
    assert repr(shown)


def test_an_answer_whose_tokens_are_not_known_is_told_as_it_was() -> None:
    answer = scripted(["x"], ["y"]).invoke("hi")
    assert "alternatives" not in scripted(["x"]).explain(answer).to_dict()

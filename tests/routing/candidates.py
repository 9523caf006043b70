"""Random candidates and requests for the laws of routing."""

from __future__ import annotations

from hypothesis import strategies as st

from langchain_multirouter.candidate import Candidate, Facts
from langchain_multirouter.deployment import Deployment
from langchain_multirouter.economics.capabilities import Capabilities
from langchain_multirouter.economics.price import Price, Rates
from langchain_multirouter.resilience.breaker import Breaker
from langchain_multirouter.resilience.cooldown import Cooldown
from langchain_multirouter.telemetry.stats import Measured, Stats
from tests.laws.scenes import MODELS, TAGS

NOW = 1000.0
PROVIDERS = ["aws_bedrock", "azure_openai", "gcp_vertex"]
BREAKERS = [
    Breaker(),
    Breaker(opened=1, open_until=NOW + 5, cause="server"),
    Breaker(opened=1, open_until=NOW - 5, cause="server"),
    Breaker(opened=1, open_until=NOW - 5, cause="server", probe_until=NOW + 5),
]
COOLDOWNS = [Cooldown(), Cooldown(NOW + 9, 1, "throttled"), Cooldown(NOW - 9, 1, "throttled")]
COUNTS = st.integers(0, 10_000)
CENTS = st.sampled_from([0.0, 1e-7, 3e-6, 15e-6])
PRICES = st.builds(
    lambda into, out: Price(Rates(into, out, *[into] * 5, out, out, into)), CENTS, CENTS
)
FACTS = st.builds(
    lambda price, window, images: Facts(price, Capabilities(window, images=images)),
    st.none() | PRICES,
    st.sampled_from([None, 8_000]),
    st.sampled_from([None, True, False]),
)
SECONDS = st.none() | st.floats(0.0, 1e4)
MEASURED = st.builds(
    lambda seconds, first, total, good, at: Measured(
        seconds, first, total=total, good=good * total, at=at
    ),
    SECONDS,
    SECONDS,
    st.floats(0.0, 1e4),
    st.floats(0.0, 1.0),
    st.sampled_from([0.0, NOW]),
)


def candidate(number: int, name: str = "", **settings: object) -> Candidate:
    """A candidate that nothing is known of."""
    known = {"provider": "azure_openai", "model_name": "gpt-4o", **settings}
    deployment = Deployment(f"x:{number}", name=name or f"d{number}", **known)
    return Candidate(number, deployment)


@st.composite
def fleets(draw: st.DrawFn) -> list[Candidate]:
    """Up to seven candidates in any state."""
    return [
        candidate(
            number,
            provider=draw(st.sampled_from(PROVIDERS)),
            model_name=draw(st.sampled_from(MODELS)),
            fallback_level=draw(st.integers(0, 2)),
            tags=tuple(draw(TAGS)),
            weight=draw(st.sampled_from([0.0, 0.5, 1.0, 3.0])),
        )._replace(
            facts=draw(FACTS),
            stats=Stats(draw(COUNTS), draw(COUNTS), draw(COUNTS), draw(COUNTS), {}, draw(MEASURED)),
            breaker=draw(st.sampled_from(BREAKERS)),
            cooldown=draw(st.sampled_from(COOLDOWNS)),
            paused=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 7)))
    ]

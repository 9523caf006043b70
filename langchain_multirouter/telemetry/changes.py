"""Changes: a candidate as it would be with another price, time, success rate, weight or health."""

from __future__ import annotations

from ..candidate import Candidate
from ..economics.price import Price, Rates, Tier
from ..request import Request
from ..resilience.breaker import Breaker
from ..resilience.cooldown import Cooldown
from .savings import flat_price

#: So many attempts make a rate that is given: the window's prior, one success, is lost in them.
_MANY = 1e9


def price_per_1k(candidate: Candidate, request: Request) -> float | None:
    """USD per 1,000 tokens of this request's mix, or None where the price is unknown."""
    price = candidate.facts.price
    if price is None:
        return None
    return price.usd_per_1k(candidate.expected_input(request), candidate.expected_output(request))


def with_price(candidate: Candidate, request: Request, usd_per_1k: float) -> Candidate:
    """At so many USD per 1,000 tokens of this request's mix; all rates in proportion."""
    now, price = price_per_1k(candidate, request), candidate.facts.price
    if price is None or not now:
        other = flat_price(usd_per_1k / 1_000.0, usd_per_1k / 1_000.0)
    else:
        other = _scaled(price, usd_per_1k / now)
    return candidate._replace(facts=candidate.facts._replace(price=other))


def _scaled(price: Price, factor: float) -> Price:
    def times(rates: Rates) -> Rates:
        return Rates(*(rate * factor for rate in rates))

    tiers = tuple(Tier(above, times(rates)) for above, rates in price.tiers)
    return Price(times(price.rates), tiers, price.valid_until, price.source)


def with_seconds(candidate: Candidate, seconds: float) -> Candidate:
    """With such an average response time, and no slower one of late."""
    measured = candidate.stats.measured._replace(average_seconds=seconds, peak_seconds=seconds)
    return candidate._replace(stats=candidate.stats._replace(measured=measured))


def with_success(candidate: Candidate, rate: float, now: float) -> Candidate:
    """With such a success rate in the window."""
    good = _MANY if rate >= 1.0 else max(0.0, rate * (_MANY + 1.0) - 1.0)
    measured = candidate.stats.measured._replace(total=_MANY, good=good, at=now)
    return candidate._replace(stats=candidate.stats._replace(measured=measured))


def with_weight(candidate: Candidate, weight: float) -> Candidate:
    """With such a weight."""
    deployment = candidate.deployment.model_copy(update={"weight": weight})
    return candidate._replace(deployment=deployment)


def with_level(candidate: Candidate, level: int) -> Candidate:
    """With such a fallback level."""
    deployment = candidate.deployment.model_copy(update={"fallback_level": level})
    return candidate._replace(deployment=deployment)


def healthy(candidate: Candidate) -> Candidate:
    """With a closed breaker and no cooldown."""
    return candidate._replace(breaker=Breaker(), cooldown=Cooldown())


def resumed(candidate: Candidate) -> Candidate:
    """Not paused."""
    return candidate._replace(paused=False)

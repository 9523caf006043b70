"""Replay: a report of a journal, without the router that wrote it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ..candidate import Candidate, Facts
from ..deployment import LONGEST_NAME, Deployment, finite
from ..economics.price import Price, Usage
from ..economics.resolve import resolve_price
from ..economics.spent import Spent
from ..errors import ConfigurationError
from . import stats
from .aggregate import LAST_SECOND
from .findings import named_provider
from .journal_reading import Reading, Site, read_journal
from .record import CallRecord
from .report import Analytics, Moment
from .savings import inferred
from .stats import Sample, Stats


def journal_analytics(
    path: str | os.PathLike[str], *, since_seconds: float | None = None
) -> Analytics:
    """What a journal's calls say, as a router's `analytics()` does; advice on settings excepted.

    Prices are those that the journal's own costs show, or else the maintained ones of the models
    that it names.

    Args:
        path: The journal's file.
        since_seconds: Only calls that ended in the last so many seconds.

    Raises:
        ConfigurationError: the file cannot be read, or `since_seconds` is no number above 0.
    """
    if since_seconds is not None and not finite("since_seconds", since_seconds):
        raise ConfigurationError("since_seconds: must be more than 0")
    reading, now = read_journal(path), time.time()
    begin = 0.0 if since_seconds is None else now - since_seconds
    records = [record for record in reading.records if record.at >= begin]
    return replayed(records, reading.sites, now=now, notes=_notes(reading))


def replayed(
    records: Sequence[CallRecord],
    sites: Mapping[str, Site],
    *,
    now: float,
    notes: Sequence[str] = (),
) -> Analytics:
    """A report of records alone.

    Args:
        records: The calls, with `at` in the epoch's seconds.
        sites: Deployment → its `provider` and `model`, as far as they are known.
        now: The epoch's seconds.
        notes: What has to be known of the numbers.
    """
    records = [r._replace(at=min(max(0.0, r.at), LAST_SECOND)) for r in records]  # a date, too
    asked = [record for record in records if record.attempts]
    wall = datetime.fromtimestamp(now, UTC)
    return Analytics(
        candidates_of(records, sites, at=wall),
        calls=len(asked),
        failed_calls=sum(record.cause not in (None, "cancelled") for record in asked),
        checked={},
        moment=Moment(now, wall),
        notes=notes,
        records=records,
    )


def candidates_of(
    records: Sequence[CallRecord], sites: Mapping[str, Site], *, at: datetime
) -> list[Candidate]:
    """A candidate for every deployment that was tried, with the statistics of its attempts."""
    kept: dict[str, Stats] = {}
    for record in records:
        _count(kept, record)
    prices = {one.name: one.price for one in inferred(records)}
    found = []
    for number, (name, known) in enumerate(kept.items()):
        site = sites.get(name)
        provider = named_provider(name) if site is None else str(site.provider)
        model = "" if site is None else str(site.model)
        price = prices.get(name) or _maintained(model, provider, at)
        deployment = Deployment(
            "journal:unknown", name=_printable(name), provider=provider, model_name=model
        )
        found.append(Candidate(number, deployment, Facts(price), known))
    return found


def _count(kept: dict[str, Stats], record: CallRecord) -> None:
    """One call's attempts; as if each had ended when the call did."""
    at = record.at
    for attempt in record.attempts:
        began = at - attempt.seconds
        usage = Usage(*attempt.usage[:2]) if attempt.usage else None
        spent = Spent(usage, attempt.cost_usd, attempt.estimated_usd)
        known = stats.begun(kept.get(attempt.deployment, Stats()), began)
        if attempt.outcome == "success":
            into, out = attempt.usage[:2] if attempt.usage else (None, None)
            first, usd = attempt.first_token_seconds, attempt.cost_usd
            sample = Sample(attempt.seconds, first, into, out, usd)
            known = stats.success(known, sample, at, began=began)
        elif attempt.outcome == "failure":
            cause = attempt.cause or "unknown"
            known = stats.failure(known, cause, attempt.code, at, began=began, spent=spent)
        else:
            known = stats.cancellation(known, at, began=began, spent=spent)
        kept[attempt.deployment] = known


def _maintained(model: str, provider: str, at: datetime) -> Price | None:
    return resolve_price(model, provider, at=at) if model else None


def _printable(name: str) -> str:
    """A name as deployments may have it, whatever a file says."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in name)[:LONGEST_NAME]


def _notes(reading: Reading) -> list[str]:
    notes = ["from a journal: prices are those that its costs or its models' names show"]
    if reading.skipped:
        notes.append(f"{reading.skipped} lines were cut or foreign and are left out")
    if reading.forgotten:
        notes.append(f"{reading.forgotten} earlier events are left out")
    return notes

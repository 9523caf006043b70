"""Findings: all that recorded calls say, as plain values: the part of a report that looks back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..candidate import Candidate
from ..deployment import PROVIDER_ALIASES
from . import aggregate
from .advising.rules import advice
from .advising.situation import Settings
from .aggregate import Group
from .record import CallRecord
from .savings import Charges, savings


def findings(
    records: Sequence[CallRecord],
    candidates: Sequence[Candidate],
    settings: Settings | None,
) -> dict[str, Any]:
    """Traffic by deployment, provider, task, strategy and window; savings; advice.

    Args:
        records: The calls, with `at` in the epoch's seconds.
        candidates: The deployments, with their prices as far as these are known.
        settings: The router's; None where they are not known, as of a journal.
    """
    shares, charges = aggregate.shares_by_task(records), Charges(records, candidates)
    groups = aggregate.by_deployment(records)
    tasks = {
        task: {**group.public(), "answers": shares.get(task, {})}
        for task, group in aggregate.by_task(records).items()
    }
    return {
        "recorded": {
            **_span(records),
            "deployments": _public(groups),
            "providers": _public(aggregate.by_deployment(records, provider_finder(candidates))),
            "overall": aggregate.of_calls(records, total=len(records)).public(),
        },
        "tasks": tasks,
        "strategies": _public(aggregate.by_strategy(records)),
        "windows": [window.public() for window in aggregate.windows(records)],
        "savings": savings(records, charges),
        "advice": [
            piece.public()
            for piece in advice(records, candidates, settings, groups=groups, charges=charges)
        ],
    }


def _public(groups: Mapping[str, Group]) -> dict[str, Any]:
    return {name: group.public() for name, group in groups.items()}


def _span(records: Sequence[CallRecord]) -> dict[str, Any]:
    times = [record.at for record in records]
    return {
        "calls": len(records),
        "since": aggregate.iso(min(times)) if times else None,
        "until": aggregate.iso(max(times)) if times else None,
    }


def provider_finder(candidates: Sequence[Candidate]) -> Callable[[str], str]:
    """A deployment's name → its provider: as it is known, or as the name begins."""
    known = {c.deployment.name: c.deployment.provider for c in candidates}
    return lambda name: known.get(name) or named_provider(name)


def named_provider(name: str) -> str:
    """The provider that a name begins with ("azure_openai:gpt-6.1-terra"), or "unknown"."""
    prefix, colon, _ = name.partition(":")
    provider = PROVIDER_ALIASES.get(prefix) if colon else PROVIDER_ALIASES.get(name)
    return "unknown" if provider is None else provider.value

"""Frames: a report as pandas data frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigurationError, unknown_name
from .record import CallRecord

if TYPE_CHECKING:
    from pandas import DataFrame  # type: ignore[import-untyped]


def library(name: str, use: str) -> Any:
    """A library that only notebooks need.

    Raises:
        ImportError: naming the extra that brings it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        missing = name.partition(".")[0]
        raise ImportError(
            f'{use} needs {missing}: pip install "langchain-multirouter[notebook]"', name=missing
        ) from error


def frame(by: str, told: Mapping[str, Any], records: Sequence[CallRecord]) -> DataFrame:
    """One table of a report; see `Analytics.to_pandas`.

    Raises:
        ImportError: pandas is not there.
        ConfigurationError: naming `by`, where it is no table.
    """
    rows = _TABLES.get(by) if isinstance(by, str) else None
    if rows is None:
        raise _unknown(by)
    pandas = library("pandas", "to_pandas()")
    made = pandas.DataFrame([flat(row) for row in rows(told, records)])
    for column in ("at", "start"):
        if column in made:
            unit = "s" if column == "at" else None
            made[column] = pandas.to_datetime(made[column], unit=unit, utc=True)
    index = by if by in made else None
    return made if index is None else made.set_index(index)


def _unknown(by: object) -> ConfigurationError:
    return unknown_name("by: the table", str(by), _TABLES)


def flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested values as columns: `response_seconds_p95`; an interval as `…_low` and `…_high`."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping):
            found |= flat(value, f"{name}_")
        elif isinstance(value, list) and key.endswith("_interval"):
            found[f"{name}_low"], found[f"{name}_high"] = value
        else:
            found[name] = value
    return found


def _grouped(section: str, name: str) -> Callable[..., Iterator[dict[str, Any]]]:
    def rows(told: Mapping[str, Any], records: Sequence[CallRecord]) -> Iterator[dict[str, Any]]:
        groups = told["recorded"][section] if section in told["recorded"] else told[section]
        for key, group in groups.items():
            yield {name: key, **group}

    return rows


def _windows(told: Mapping[str, Any], records: Sequence[CallRecord]) -> Iterator[Mapping[str, Any]]:
    yield from told["windows"]


def _calls(told: Mapping[str, Any], records: Sequence[CallRecord]) -> Iterator[dict[str, Any]]:
    for record in records:
        values = record._asdict()
        attempts = values.pop("attempts")
        values["removed_by"] = ", ".join(record.removed_by)
        yield {**values, "attempts": len(attempts), "cost_usd": record.cost_usd}


def _attempts(told: Mapping[str, Any], records: Sequence[CallRecord]) -> Iterator[dict[str, Any]]:
    for number, record in enumerate(records):
        for place, attempt in enumerate(record.attempts, 1):
            values = attempt._asdict()
            usage = values.pop("usage")
            into, out = usage[:2] if usage else (None, None)
            about = {"call_row": number, "number": place, "at": record.at}
            also = {"strategy": record.strategy, "task_type": record.task_type}
            yield {**about, **also, **values, "input_tokens": into, "output_tokens": out}


_TABLES: Final[Mapping[str, Callable[..., Iterator[Mapping[str, Any]]]]] = {
    "deployment": _grouped("deployments", "deployment"),
    "provider": _grouped("providers", "provider"),
    "task": _grouped("tasks", "task"),
    "strategy": _grouped("strategies", "strategy"),
    "window": _windows,
    "call": _calls,
    "attempt": _attempts,
}

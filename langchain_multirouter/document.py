"""Document: a YAML or JSON file as plain data, bounded before anything of it is built.

`yaml.safe_load` makes no objects, but it follows aliases: 300 bytes can stand for billions of
values, or for a list within itself. So the file's events are counted first, an alias as all that
it stands for; only then is it loaded. Texts of errors hold places and keys, never a value.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, Final

import yaml

from .errors import ConfigurationError

MOST_BYTES: Final = 1 << 20
MOST_LEVELS: Final = 20
#: Of all values, aliases counted as what they stand for.
MOST_NODES: Final = 10_000
#: PyYAML takes `1:1:1…` for a number of base 60, and quadratic time for it.
LONGEST_NUMBER: Final = 64
LARGEST_NUMBER: Final = 1 << 63

_SUFFIXES: Final = (".yaml", ".yml", ".json")
_DIGITS: Final = re.compile(r"[-+0-9.:_]+")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PRINTABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,79}")
#: What PyYAML quotes: names of its tokens, single signs, or else something of the file.
_QUOTED: Final = re.compile(r"""('<[a-z ]+>'|'.{1,2}')|'[^']*'|"[^"]*\"""")


def refused(place: str, why: str) -> ConfigurationError:
    """The error for what is wrong at a place."""
    return ConfigurationError(f"{place or 'the configuration'}: {why}")


def at(place: str, step: str | int) -> str:
    """The place within a place: "models[1].tags"."""
    if isinstance(step, int):
        return f"{place}[{step}]"
    if not _PRINTABLE.fullmatch(step):
        return f"{place}[{step[:80]!r}]"
    return f"{place}.{step}" if place else step


def read_document(source: str | os.PathLike[str] | Mapping[str, Any]) -> Any:
    """A file's content, or a mapping's copy: mappings, lists, texts, finite numbers, true, false.

    Raises:
        ConfigurationError: what is no such thing, too large, too deep, or cannot be read.
    """
    if isinstance(source, str | os.PathLike):
        source = _loaded(source)
    return _plain(source, "", 1, count(1))


def _plain(value: Any, place: str, level: int, nodes: Iterator[int]) -> Any:
    holds = isinstance(value, Mapping | list | tuple)
    if next(nodes) > MOST_NODES or (holds and level > MOST_LEVELS):
        raise refused(place, f"must have at most {MOST_NODES:,} values and {MOST_LEVELS} levels")
    match value:
        case None | bool():
            return value
        case str():
            return _text(value, place, "")
        case int() | float():
            if not abs(value) <= LARGEST_NUMBER:  # NaN compares false
                raise refused(place, "must be a finite number")
            return value
        case Mapping():
            return {
                _text(key, place, "keys "): _plain(one, at(place, key), level + 1, nodes)
                for key, one in value.items()
            }
        case list() | tuple():
            return [_plain(one, at(place, i), level + 1, nodes) for i, one in enumerate(value)]
        case date():
            raise refused(place, "is taken for a date; put it in quotes")
    raise refused(place, f"must be data, not {type(value).__name__}")


def _text(value: Any, place: str, what: str) -> str:
    if not isinstance(value, str):
        raise refused(place, f"{what}must be text; put them in quotes")
    if not value.isascii() and _SURROGATE.search(value):
        raise refused(place, f"{what}must be Unicode without lone surrogates")
    return value


class _RefusedError(Exception):
    """Why a file is refused, where its name is not known."""


def _loaded(source: str | os.PathLike[str]) -> Any:
    path = os.fsdecode(source)
    if not path.endswith(_SUFFIXES):
        raise refused(repr(path[-200:]), f"a configuration's name ends in {', '.join(_SUFFIXES)}")
    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise _RefusedError(f"must have at most {MOST_BYTES:,} bytes")
        text = content.decode("utf-8-sig")
        if path.endswith(".json"):
            return json.loads(text, object_pairs_hook=_without_twins)
        _check(text)
        return yaml.safe_load(text)
    except _RefusedError as error:
        reason = str(error)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        reason = "must be text in UTF-8"
    except json.JSONDecodeError as error:
        reason = f"line {error.lineno}, column {error.colno}: {error.msg}"
    except yaml.MarkedYAMLError as error:
        reason = f"{_line(error.problem_mark)}: {_unquoted(error.problem)}"
    except (yaml.YAMLError, ValueError, RecursionError):  # a 13th month, a number without digits
        reason = "holds what cannot be read as a value; put texts in quotes"
    raise refused(repr(path[-200:]), reason) from None


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RefusedError(f"the key {key[:80]!r} is given twice")
        found[key] = value
    return found


class _Open:
    """A list or mapping whose end has not come yet."""

    def __init__(self, event: Any) -> None:
        self.anchor: str | None = event.anchor
        self.keys: set[str] | None = set() if isinstance(event, yaml.MappingStartEvent) else None
        self.is_key = True  # in a mapping: whether a key comes next
        self.nodes, self.levels = 1, 1


def _check(text: str) -> None:
    """Refuses, before anything is built, what grows, circles, or is no data."""
    opened: list[_Open] = []
    anchors: dict[str | None, tuple[int, int]] = {}  # nodes and levels; only of what has ended
    total = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        nodes = levels = 0
        if isinstance(event, yaml.NodeEvent):
            total += 1
            reason = _fault(event, opened, anchors) or _fault_as_key(event, opened)
            if reason:
                raise _RefusedError(f"{_line(event.start_mark)}: {reason}")
        match event:
            case yaml.DocumentStartEvent():
                documents += 1
            case yaml.CollectionStartEvent():
                opened.append(_Open(event))
            case yaml.CollectionEndEvent():
                closed = opened.pop()
                nodes, levels = anchors[closed.anchor] = closed.nodes, closed.levels
            case yaml.AliasEvent():
                nodes, levels = anchors[event.anchor]
                total += nodes
            case yaml.ScalarEvent():
                nodes, levels = anchors[event.anchor] = 1, 0
        if documents > 1 or total > MOST_NODES or len(opened) + levels > MOST_LEVELS:
            raise _RefusedError(
                f"{_line(event.start_mark)}: must be one document of at most {MOST_NODES:,} "
                f"values, aliases counted as what they stand for, and {MOST_LEVELS} levels"
            )
        if opened and nodes:
            opened[-1].nodes += nodes
            opened[-1].levels = max(opened[-1].levels, levels + 1)


def _fault(event: Any, opened: list[_Open], anchors: Mapping[str | None, object]) -> str | None:
    """Why a node cannot stand where it does: circles, tags, endless numbers."""
    if isinstance(event, yaml.AliasEvent):
        return None if event.anchor in anchors else "an alias of nothing that ends before it"
    if event.tag is not None:
        return "tags (!!…) are refused: a file holds data"
    if event.anchor and (event.anchor in anchors or any(o.anchor == event.anchor for o in opened)):
        return "an anchor is given twice"
    if (
        isinstance(event, yaml.ScalarEvent)
        and event.implicit[0]
        and len(event.value) > LONGEST_NUMBER
        and _DIGITS.fullmatch(event.value)
    ):
        return f"a number has at most {LONGEST_NUMBER} digits; put texts in quotes"
    return None


def _fault_as_key(event: Any, opened: list[_Open]) -> str | None:
    """Why it cannot be its mapping's next key, if that is what it is."""
    mapping = opened[-1] if opened else None
    if mapping is None or mapping.keys is None:
        return None
    is_key, mapping.is_key = mapping.is_key, not mapping.is_key
    if not is_key:
        return None
    if not isinstance(event, yaml.ScalarEvent):
        return "a key must be text"
    if event.value in mapping.keys:
        return f"the key {event.value[:80]!r} is given twice"
    mapping.keys.add(event.value)
    return None


def _unquoted(problem: str | None) -> str:
    return _QUOTED.sub(lambda quoted: quoted[1] or "…", problem or "is no YAML")


def _line(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else "at its end"

"""Document: a file is bounded before it is built; whatever it holds, it is refused soon or read.

No text of an error shows a value of the file.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_multirouter.configuration import read_configuration
from langchain_multirouter.document import MOST_BYTES, MOST_LEVELS, MOST_NODES
from langchain_multirouter.errors import ConfigurationError

CANARY = "sk-canary-0123456789"
MODEL = "azure_openai:gpt-6.1-terra"
EXAMPLE = f"models: [{MODEL!r}]\n"


def refusal(source: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(source)
    return str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(content: str | bytes, name: str = "router.yaml") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "a billion laughs": LAUGHS,
    "laughs by merging": "a: &a {x: 1}\n"
    + "".join(f"b{i}: &b{i} {{<<: [{', '.join(['*a'] * 900)}]}}\n" for i in range(12)),
    "a circle": "models: &a [*a]",
    "a circle by merging": "&a {<<: *a}",
    "a circle through a twin": "&a [&a [*a]]",
    "an object": "models: !!python/object/apply:os.system ['true']",
    "an object by a short name": "models: !x y",
    "an object by a shorthand": "%TAG !e! tag:yaml.org,2002:python/\n---\na: !e!name:os.system",
    "too deep": "models: " + "[" * 200_000,
    "too deep by an alias": f"a: &a {'[' * 15}{']' * 15}\nb: [[[[[*a]]]]]",
    "too many": "models: [" + "x, " * 300_000 + "]",
    "two documents": "a: 1\n---\nb: 2",
    "a key twice": f"models: [x]\nmodels: [{CANARY}]",
    "a key twice inside": f"models: [{{model: x, model: {CANARY}}}]",
    "a list as a key": "? [a]\n: 1",
    "a number of base 60": "a: " + "1:" * 500_000 + "1",
    "a number of a million digits": "a: " + "1" * 1_000_000,
    "a long number of base 16": "a: 0x" + "f" * 1_000_000,
    "a month that is none": "a: 2024-13-45",
    "a number without digits": "a: 0b_",
    "no value": f"a: =\nb: {CANARY}",
    "a date": "models: [{model: 'bedrock:x', params: {a: 2024-10-21}}]",
    "bytes": "a: !!binary aGk=",
    "a truth as a key": f"on: {CANARY}",
    "not a number": "temperature: .nan",
    "an alias of nothing": f"a: *{CANARY}",
    "an unknown tag": f"a: !{CANARY}!x y",
    "an open quote": f"a: '{CANARY}",
    "a colon too many": f"a: {CANARY}: x",
    "a tab": f"a:\n\t- {CANARY}",
    "a merge of no mapping": f"a: {{<<: {CANARY}}}",
    "nothing": "",
    "a NUL": "a: \x00",
}

#: How the names of those begin that are refused while nothing is built yet.
BEFORE = ("a billion", "laughs", "a circle", "an object", "too ", "two ", "a key", "a number of")


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_soon_and_quietly(content: str, file: Any) -> None:
    begun = time.process_time()
    text = refusal(file(content))
    assert time.process_time() - begun < 10
    assert CANARY not in text
    assert "\n" not in text


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.startswith(BEFORE)])
def test_what_grows_circles_or_hides_is_refused_before_it_is_built(
    name: str, file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml, "safe_load", lambda _: pytest.fail("it is built"))
    assert "router.yaml': line " in refusal(file(HOSTILE[name]))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"models": [], "models": []}', "the key 'models' is given twice"),
        ('{"temperature": NaN}', "temperature: must be a finite number"),
        ('{"temperature": 1e999}', "temperature: must be a finite number"),
        ('{"name": "\\ud800"}', "name: must be Unicode"),
        ('{"\\ud800": 1}', "keys must be Unicode"),
        ("[" * 500_000, "cannot be read"),
        ('{"a": ' + "1" * 100_000 + "}", "cannot be read"),
        (f'{{"a": {CANARY}}}', "line 1, column 7: Expecting value"),
    ],
    ids=lambda case: case[:40],
)
def test_a_hostile_json_file_is_refused_as_well(content: str, told: str, file: Any) -> None:
    text = refusal(file(content, "router.json"))
    assert told in text
    assert CANARY not in text


def test_a_syntax_error_tells_its_line(file: Any) -> None:
    assert "router.yaml': line 2, column 5: mapping values" in refusal(file("a: 1\nb: c: d"))
    assert "line 2, column 1: the key 'a' is given twice" in refusal(file("a: 1\na: 2"))


def test_a_file_has_a_most_of_bytes(file: Any) -> None:
    padding = "#" * (MOST_BYTES - len(EXAMPLE))
    assert read_configuration(file(EXAMPLE + padding))
    assert "must have at most 1,048,576 bytes" in refusal(file(EXAMPLE + padding + "#"))


def test_levels_and_values_are_counted_in_mappings_as_in_files(file: Any) -> None:
    def nested(levels: int) -> dict[str, Any]:
        inner: Any = []
        for _ in range(levels - 3):
            inner = [inner]
        return {"models": [MODEL], "metadata": {"deep": inner}}

    def wide(values: int) -> dict[str, Any]:
        return {"models": [MODEL], "metadata": {"wide": [0] * values}}

    for good, bad in (
        (nested(MOST_LEVELS), nested(MOST_LEVELS + 1)),
        (wide(MOST_NODES // 2), wide(MOST_NODES)),
    ):
        for form in (dict, lambda d: file(json.dumps(d)), lambda d: file(json.dumps(d), "r.json")):
            assert read_configuration(form(good))
            assert "at most" in refusal(form(bad))


def test_a_mapping_within_itself_is_refused() -> None:
    circle: dict[str, Any] = {"models": [MODEL]}
    circle["metadata"] = circle
    assert "20 levels" in refusal(circle)
    laughs: list[Any] = [0]
    for _ in range(15):
        laughs = [laughs] * 9
    assert "10,000 values" in refusal({"models": [MODEL], "metadata": {"a": laughs}})


@pytest.mark.parametrize("content", [b"a: \xff", b"\x80", "a".encode("utf-16")], ids=str)
def test_a_file_that_is_no_text_is_refused(content: bytes, file: Any) -> None:
    refusal(file(content))


def test_a_file_that_is_none_is_refused(tmp_path: Path, file: Any) -> None:
    assert "No such file" in refusal(tmp_path / "router.yaml")
    assert "ends in .yaml, .yml, .json" in refusal(file(EXAMPLE, "router.toml"))
    (tmp_path / "folder.yaml").mkdir()
    assert "folder.yaml': " in refusal(tmp_path / "folder.yaml")
    assert "cannot be read" in refusal("\x00.yaml")


LINES = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(
            [*"[]{}:,-&*!|>%@#?'\"", "models:", "- model: a:b", "&a", "*a", "<<: *a", "!!int x",
             "  x: 1", "---", "0x_", "1:2", "2024-99-99", ".inf", "\t", "=", "? "]
        ),
    ),
    max_size=12,
)  # fmt: skip


@pytest.mark.parametrize("name", ["fuzz.yaml", "fuzz.json"])
def test_whatever_a_file_holds_it_is_refused_or_becomes_settings(name: str, tmp_path: Path) -> None:
    path = tmp_path / name

    @settings(max_examples=300)
    @given(LINES, st.sampled_from(["", " ", "\n", "\n  "]))
    def fuzz(pieces: list[str], glue: str) -> None:
        path.write_bytes(glue.join(pieces).encode("utf-8", "surrogatepass"))
        try:
            read_configuration(path)
        except ConfigurationError:
            return

    fuzz()

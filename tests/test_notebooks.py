"""The notebooks: they run in a fresh kernel, and what is committed with them is fit to be shown.

After a change, `python -m tests.test_notebooks 3 5` runs those two, without numbers all of them,
and writes their outputs anew.
"""

import base64
import os
import re
import struct
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from langchain_multirouter import Strategy

MISSING = (
    "the notebooks need nbclient, ipykernel, matplotlib and tqdm, which the extra `test` brings"
)
nbformat: Any = pytest.importorskip("nbformat", reason=MISSING)
nbclient: Any = pytest.importorskip("nbclient", reason=MISSING)
for _needed in ("ipykernel", "matplotlib", "tqdm"):
    pytest.importorskip(_needed, reason=MISSING)

ROOT = Path(__file__).parent.parent
QUICKSTART = ROOT / "notebooks" / "1_quickstart.ipynb"
STRATEGIES = ROOT / "notebooks" / "2_strategies.ipynb"
COSTS = ROOT / "notebooks" / "4_costs_and_analytics.ipynb"
CACHING = ROOT / "notebooks" / "6_caching.ipynb"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NUMBERS = {8: "Eight", 9: "Nine", 10: "Ten"}
TIMEOUT_SECONDS = 120
#: What a kernel gets of the environment: nothing of the machine's clouds, proxies or traces.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT", "USERPROFILE")
#: All that a notebook says of the machine it ran on.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
#: Directories of a machine, addresses of objects, hosts of package registries.
PRIVATE = re.compile(
    r"""(?<![\w.])[/\\](home|Users|root|work|tmp|var|opt|usr)\b | [A-Z]:\\ | ~/ | \b0x[0-9a-f]{6}
    | pypi | pythonhosted | anaconda | 127\.0\.0\.1:\d | localhost""",
    re.VERBOSE | re.IGNORECASE,
)
#: It compares nine strategies, twice; that takes half a minute.
LONG = {STRATEGIES}
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def executed(path: Path, private: Path) -> Any:
    """The notebook with the outputs of a fresh kernel; the file is not changed.

    Args:
        path: The notebook's file.
        private: A directory for what IPython leaves behind.

    Raises:
        CellExecutionError: a cell failed.
    """
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "IPYTHONDIR": str(private),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LANGSMITH_TRACING": "false",
    }
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=TIMEOUT_SECONDS,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env=environment)
    return notebook


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(cell: Any) -> list[list[str]]:
    """What a cell shows, without what may be said on the way (a cache of fonts that is built)."""
    shown = [output for output in cell.outputs if output.get("name") != "stderr"]
    return [sorted(output.get("data", {output.get("name"): ""})) for output in shown]


def prose(path: Path) -> str:
    """What a notebook says beside its code."""
    return "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")


def shown_by(notebook: Any, code: str) -> str:
    """What the cell with this code shows as text."""
    cell = next(cell for cell in code_cells(notebook) if code in cell.source)
    outputs = cell.outputs
    return "\n".join(o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs)


def texts(notebook: Any) -> list[str]:
    """Every text a reader sees: sources, and outputs but for the pictures."""
    said = [cell.source for cell in notebook.cells]
    for cell in code_cells(notebook):
        for output in cell.outputs:
            said.append(output.get("text", ""))
            said += [str(v) for k, v in output.get("data", {}).items() if k != "image/png"]
    return said


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[pytest.mark.slow] if p in LONG else [], id=p.stem) for p in NOTEBOOKS],
)
def test_it_runs_in_a_fresh_kernel_and_shows_what_was_committed(path: Path, tmp_path: Path) -> None:
    """Kinds of outputs are compared, not texts: response times are never quite the same."""
    now, then = executed(path, tmp_path), read(path)
    shown = [kinds(cell) for cell in code_cells(now)]
    assert shown == [kinds(cell) for cell in code_cells(then)]


@each_notebook
def test_it_was_committed_after_one_run_from_its_first_cell_to_its_last(path: Path) -> None:
    cells = code_cells(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert sum(bool(cell.outputs) for cell in cells) >= 6


@each_notebook
def test_its_outputs_contain_neither_errors_nor_warnings(path: Path) -> None:
    for cell in code_cells(read(path)):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text


@each_notebook
def test_it_tells_nothing_of_the_machine_it_ran_on(path: Path) -> None:
    notebook = read(path)
    assert [found[0] for text in texts(notebook) if (found := PRIVATE.search(text))] == []
    assert notebook.metadata == METADATA
    assert all(cell.metadata == {} for cell in notebook.cells)


@each_notebook
def test_its_cells_are_short(path: Path) -> None:
    lengths = {cell.id: cell.source.count("\n") + 1 for cell in code_cells(read(path))}
    assert {name: lines for name, lines in lengths.items() if lines > 40} == {}


def test_the_quickstart_names_the_same_models_for_real_clouds_as_for_emulated_ones() -> None:
    everything = "\n".join(texts(read(QUICKSTART)))
    emulated = re.findall(r'cloud\.chat_model\("\w+", "([^"]+)"\)', everything)
    real = re.findall(r'"(?:azure_openai|bedrock_converse|google_vertexai):([^"]+)"', everything)
    assert len(real) == 3
    assert set(real) == set(emulated)


def test_the_strategies_notebook_has_three_pictures_that_can_be_seen() -> None:
    pictures = [
        base64.b64decode(output.data["image/png"])
        for cell in code_cells(read(STRATEGIES))
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 3
    for picture in pictures:
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", picture[16:24])
        assert 600 <= width <= 1200
        assert 300 <= height <= 800


@each_notebook
def test_it_tells_of_every_picture_in_words(path: Path) -> None:
    """Whoever cannot see the pictures reads them in the cell that follows."""
    cells = read(path).cells
    after = [
        following.source
        for cell, following in pairwise(cells)
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", ()))
    ]
    assert all(text.startswith("The picture") for text in after)


def test_the_strategies_notebook_speaks_of_every_strategy() -> None:
    said = prose(STRATEGIES)
    assert [strategy.value for strategy in Strategy if f"`{strategy}`" not in said] == []
    assert said.startswith(f"# {NUMBERS[len(Strategy)]} strategies")


def test_the_quickstart_leads_to_all_the_others() -> None:
    last = read(QUICKSTART).cells[-1].source
    assert [p.name for p in NOTEBOOKS if p != QUICKSTART and f"({p.name})" not in last] == []


def test_every_link_of_a_notebook_leads_to_a_notebook() -> None:
    links = {link for path in NOTEBOOKS for link in re.findall(r"\]\((.+?)\)", prose(path))}
    assert sorted(link for link in links if not (ROOT / "notebooks" / link).is_file()) == []


def test_the_costs_notebook_shows_what_it_promises() -> None:
    notebook = read(COSTS)
    assert "would be first" in shown_by(notebook, "router.explain(question)")
    assert "Assumed of the others" in shown_by(notebook, "router.explain(answer)")
    against = re.findall(r"saved against it: ([+-]\d)", shown_by(notebook, 'savings["always"]'))
    assert len(against) == 3
    advice = shown_by(notebook, 'strategy="round_robin",\n    deadline_seconds')
    for mistake in ("price is unknown", "requests of one attempt", "deadline_seconds", "alone"):
        assert mistake in advice
    report = shown_by(notebook, 'main(["report"')
    calls = re.match(r"\d+ calls, 100.00% answered", report)
    assert calls is not None
    assert calls[0] in shown_by(notebook, "cloud.break_")
    assert "left of 0.002 USD" in shown_by(notebook, "print(number, ")
    assert {"aws_bedrock", "gcp_vertex"} <= set(
        re.findall(r"'(\w+)': \d", shown_by(notebook, 'when_spent="cheaper"'))
    )
    assert "no headroom" in shown_by(notebook, "requests_per_minute=5")


def test_the_caching_notebook_shows_that_each_kind_of_caching_costs_less_than_none() -> None:
    notebook = read(CACHING)
    table = shown_by(notebook, "input read before").splitlines()[1:]
    usd = {row[:30].strip(): float(row.split()[-1]) for row in table if row.strip()}
    dearest = usd.pop("no cache")
    assert len(usd) == 6
    assert max(usd.values()) < dearest
    assert usd["cost_optimized, affinity"] < usd["cost_optimized, no affinity"]
    assert usd["exact and semantic cache"] < usd["exact cache"]
    assert min(usd, key=usd.__getitem__) == "affinity and both caches"
    assert "warm" in shown_by(notebook, "router.explain(once_more)")
    shown = "acme sent globex sent acme hit"
    assert shown_by(notebook, "for tenant in").split() == shown.split()
    assert "last_resort" in shown_by(notebook, "cache_last_resort_seconds")


if __name__ == "__main__":
    for _path in NOTEBOOKS:
        if sys.argv[1:] and _path.name.partition("_")[0] not in sys.argv[1:]:
            continue
        with tempfile.TemporaryDirectory() as _private:
            _notebook = executed(_path, Path(_private))
        _notebook.metadata = METADATA
        for _cell in _notebook.cells:
            _cell.metadata = {}
        nbformat.write(_notebook, _path)
        sys.stdout.write(f"{_path.name}\n")

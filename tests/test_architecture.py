"""Architecture: layers, purity, sizes and imports, as the design has them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import langchain_multirouter

PACKAGE = Path(langchain_multirouter.__file__).parent
NAME = "langchain_multirouter"
LONGEST_FILE, LONGEST_FUNCTION = 300, 50

#: The lowest layer first; a name stands for a module, or for a package with all of its modules.
LAYERS = [
    "outcome deployment errors shortage options request task_types values spaces observer repeats"
    " narrowing conversation",
    "resilience telemetry.stats telemetry.peak telemetry.record telemetry.events telemetry.story"
    " telemetry.history economics",
    "candidate",
    "routing",
    "agenda settlement fleet switches memory allowance forks steps progress inflight ending ledger",
    "flow",
    "providers attempt resuming workers sources races source_choice drive compiled assembly"
    " unwatched tool_objects"
    " keywords prompt answer caller health hook porting tally telemetry caching document catalogue"
    " vectors asked tracing connections blocks copies identity lineup travel fitness parsing"
    " structured surroundings naming recall ceiling",
    "chat_model configuration insight oversight embeddings testing __main__"
    " demo demo_screen demo_script emulator",
]
#: Layers 0–3 and 5, and of 4 all but the fleet, which has the lock, and what renews it in a fork.
IMPURE_BY_DESIGN = {"fleet", "forks", "memory"}
NOT_PURE = {"time", "random", "threading", "asyncio", "socket", "logging", "queue", "concurrent"}
CLOUDS = (
    "langchain_aws",
    "langchain_openai",
    "langchain_google_genai",
    "langchain_google_vertexai",
)
SDKS = (
    *CLOUDS,
    "boto3",
    "botocore",
    "openai",
    "google.genai",
    "google.auth",
    "anthropic",
    "vertexai",
)
NO_SUCH_NAMES = {"utils", "helpers", "base", "common", "v2", "util", "misc"}
UNSAFE_IMPORTS = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "joblib"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
#: All of PyYAML that may be used, and its events and errors: nothing that makes objects.
SAFE_YAML = re.compile(r"SafeLoader|parse|safe_load|\w+(Event|Error)")
#: LangChain's own revival of objects: it imports and calls what the data names.
REVIVALS = {("langchain_core.load", "load"), ("langchain_core.load", "loads")}


def modules() -> list[str]:
    paths = (path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return sorted(".".join(path.parts) for path in paths)


MODULES = modules()
ALL = pytest.mark.parametrize("module", MODULES)


def file_of(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")).with_suffix(".py")


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(file_of(module).read_text(encoding="utf-8"))


def layer_of(module: str) -> int | None:
    """The layer of the longest name in the table that the module is or lies in."""
    name = module.removesuffix(".__init__")
    found = [
        (len(entry), number)
        for number, entries in enumerate(LAYERS)
        for entry in entries.split()
        if name == entry or name.startswith(f"{entry}.")
    ]
    return max(found)[1] if found else None


def is_pure(module: str) -> bool:
    layer = layer_of(module)
    return layer is not None and layer <= 5 and module not in IMPURE_BY_DESIGN


def nodes(tree: ast.AST, *, at_import: bool) -> Iterator[ast.AST]:
    """All nodes, or those that run at import; none that only type checkers see."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if at_import and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        yield child
        yield from nodes(child, at_import=at_import)


def imports(module: str, *, at_import: bool) -> set[tuple[str, str]]:
    """(absolute module, name or "") of every import."""
    found = set()
    parts = [NAME, *module.split(".")]
    for node in nodes(tree_of(module), at_import=at_import):
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = parts[: len(parts) - node.level] if node.level else []
            source = ".".join([*start, *filter(None, [node.module])])
            found |= {(source, alias.name) for alias in node.names}
    return found


def inner_imports(module: str, *, at_import: bool = False) -> set[str]:
    """The package's own modules that a module imports."""
    found = set()
    for source, name in imports(module, at_import=at_import):
        if source != NAME and not source.startswith(f"{NAME}."):
            continue
        inside = source.removeprefix(NAME).removeprefix(".")
        whole = f"{inside}.{name}".strip(".")
        for candidate in (whole, f"{whole}.__init__", inside, f"{inside}.__init__"):
            if candidate in MODULES:
                found.add(candidate)
                break
    return found - {module}


def test_every_module_has_its_layer() -> None:
    homeless = [m for m in MODULES if m != "__init__" and layer_of(m) is None]
    assert not homeless, f"say in LAYERS where these belong: {homeless}"


@ALL
def test_a_module_imports_only_from_its_own_or_lower_layers(module: str) -> None:
    mine = layer_of(module)
    if mine is None:
        return
    above = {m: layer_of(m) for m in inner_imports(module) if (layer_of(m) or 0) > mine}
    assert not above, f"{module} (layer {mine}) imports upwards: {above}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module: inner_imports(module, at_import=True) for module in MODULES}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, f"a circle: {' → '.join([*path, module])}"
        if module not in done:
            for imported in sorted(graph[module]):
                visit(imported, (*path, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


@pytest.mark.parametrize("module", [m for m in MODULES if is_pure(m)])
def test_a_deciding_module_has_no_clock_no_dice_no_lock_and_no_io(module: str) -> None:
    for source, name in imports(module, at_import=False):
        root = source.partition(".")[0]
        if (source, name) == ("random", "Random"):
            continue  # as an annotation: the generator itself is an argument
        assert root not in NOT_PURE, f"{module} imports {source}"
        if root.startswith("langchain") and root != NAME:
            assert source == "langchain_core.exceptions", f"{module} imports {source}"
        if root == "tenacity":
            allowed = name == "RetryCallState" or name.startswith(("wait", "stop"))
            assert allowed, f"{module} imports {name} from tenacity"
    made = [
        node
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in {"Random", "open", "input"}
    ]
    assert not made, f"{module}:{made[0].lineno} is given its randomness and does no I/O"


@ALL
def test_a_file_is_short(module: str) -> None:
    lines = len(file_of(module).read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{module} has {lines} lines; split it by subject"


@ALL
def test_a_function_is_short(module: str) -> None:
    long = [
        f"{node.name} ({lines} lines)"
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long, f"{module}: {long}"


@ALL
def test_a_module_has_a_docstring_and_a_name_that_says_something(module: str) -> None:
    assert ast.get_docstring(tree_of(module)), f"{module} has no docstring"
    bad = NO_SUCH_NAMES.intersection(module.split("."))
    assert not bad, f"{module} is named after nothing"


@ALL
def test_no_module_imports_a_clouds_package_when_it_is_imported(module: str) -> None:
    for source, _ in imports(module, at_import=True):
        assert not source.startswith(CLOUDS), f"{module} imports {source}: do it where it is used"


@ALL
def test_nothing_waits_in_the_way_that_loses_cancellations_in_python_3_11(module: str) -> None:
    """`asyncio.wait_for` gives a result instead, where the two come in one turn of the loop."""
    if not module.startswith("emulator"):
        names = (n.attr for n in ast.walk(tree_of(module)) if isinstance(n, ast.Attribute))
        assert "wait_for" not in names


@ALL
def test_nothing_that_runs_data_as_code_is_used(module: str) -> None:
    for source, name in imports(module, at_import=False):
        assert source.partition(".")[0] not in UNSAFE_IMPORTS, f"{module} imports {source}"
        if source == "yaml" and name:
            assert SAFE_YAML.fullmatch(name), f"{module} imports {name} from yaml"
        assert (source, name) not in REVIVALS, f"{module} imports {name} from {source}"
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in UNSAFE_CALLS, f"{module}:{node.lineno} calls {called}"
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "yaml":
            assert SAFE_YAML.fullmatch(node.attr), f"{module}:{node.lineno} uses yaml.{node.attr}"


def test_the_public_names_are_sorted_and_all_there() -> None:
    names = langchain_multirouter.__all__
    assert list(names) == sorted(set(names))
    assert set(dir(langchain_multirouter)) == set(names)
    for name in names:
        assert getattr(langchain_multirouter, name).__name__ == name


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="RoutedChatModle"):
        langchain_multirouter.RoutedChatModle  # noqa: B018


@pytest.mark.parametrize("package", sorted({m for m in MODULES if m.endswith(".__init__")}))
def test_a_packages_exports_are_sorted_and_resolve(package: str) -> None:
    imported = import_module(f"{NAME}.{package.removesuffix('.__init__')}")
    names = getattr(imported, "__all__", [])
    assert list(names) == sorted(set(names))
    assert all(hasattr(imported, name) for name in names)


@pytest.mark.parametrize(
    "statement",
    [
        "import langchain_multirouter",
        "from langchain_multirouter import RoutedChatModel",
        "from langchain_multirouter import RoutedEmbeddings",
        "import langchain_multirouter.testing",
        "from langchain_multirouter.emulator import Emulator",
    ],
)
def test_importing_the_package_imports_no_clouds_sdk(statement: str) -> None:
    program = (
        f"import sys\n{statement}\n"
        f"print(*[m for m in {SDKS!r} if m in sys.modules or any(n.startswith(m + '.') "
        "for n in sys.modules)])"
    )
    ran = subprocess.run(  # noqa: S603  # our own interpreter and program
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=PACKAGE.parent,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [], f"{statement} imports {ran.stdout.strip()}"

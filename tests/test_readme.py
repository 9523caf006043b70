"""The README: its Python runs, its commands are those of CI, its tables name what exists."""

import re
import tomllib
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

import langchain_multirouter
from langchain_multirouter import (
    Budget,
    BudgetExceededError,
    ConfigurationError,
    Deployment,
    RoutedChatModel,
    SemanticCache,
    Strategy,
)
from langchain_multirouter.__main__ import main
from langchain_multirouter.caching.guards import difference
from langchain_multirouter.economics.prompt_caches import LEAST_TOKENS
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.lineup import DEFAULT_TIMEOUT_SECONDS
from langchain_multirouter.options import OPTION_NAMES, Options
from langchain_multirouter.outcome import Cause
from langchain_multirouter.providers.vertex import VertexClasses
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.resilience.verdict import VERDICTS, Effect, Next
from langchain_multirouter.telemetry.frames import _TABLES
from langchain_multirouter.telemetry.journal import DEFAULT_BYTES, DEFAULT_FILES
from tests.caching.pairs import NEAR_MISSES, PARAPHRASES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [text for language, text in BLOCKS if language == "sh"]
USE, MORE, AGENTS, EMBEDDINGS, ASK, SINKS, BUDGETS, CACHES, SESSIONS, ERRORS, EMULATOR = range(11)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def namespace(
    cloud: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[dict[str, Any]]:
    """Where the README's Python runs: the classes find the emulator as they would find a cloud.

    Google's class takes no whole configuration from the environment; its row adds the rest.
    """
    monkeypatch.chdir(tmp_path)  # where its files go
    for name, value in {
        "NO_PROXY": "127.0.0.1",
        "LANGSMITH_TRACING": "false",
        "AZURE_OPENAI_ENDPOINT": f"{cloud.url}/azure",
        "AZURE_OPENAI_API_KEY": "fake",
        "OPENAI_API_VERSION": "2024-10-21",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": f"{cloud.url}/bedrock",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIAFAKE",
        "AWS_SECRET_ACCESS_KEY": "fake",
    }.items():
        monkeypatch.setenv(name, value)
    build = VertexClasses.build

    def pointed(self: Any, model: str, *, timeout_seconds: float, settings: Any) -> Any:
        there = {**cloud.gcp_vertex(model), **settings}
        return build(self, model, timeout_seconds=timeout_seconds, settings=there)

    monkeypatch.setattr(VertexClasses, "build", pointed)
    variables: dict[str, Any] = {"__name__": "readme", "routers": []}
    yield variables
    cloud.heal()
    cloud.clear_log()
    for router in variables["routers"]:
        closed(router)


def closed(router: RoutedChatModel) -> None:
    for model in [served.model for served in router.assembled.served]:
        getattr(model, "root_client", getattr(model, "client", None)).close()


def run(namespace: dict[str, Any], *numbers: int) -> None:
    """Run blocks of the README, in the file's order as a reader would."""
    for number in numbers:
        text = PYTHON[number]
        line = README[: README.index(text)].count("\n")
        code = compile("\n" * line + text, "README.md", "exec")
        exec(code, namespace)  # noqa: S102  # what it runs is the README
        namespace["routers"].append(namespace["llm"])


def rows(head: str) -> list[list[str]]:
    """The cells of the table whose first column has this head."""
    lines = README.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {head} |"))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def names(cell: str) -> list[str]:
    return re.findall(r"`([\w.]+)`", cell)


def test_it_has_the_blocks_that_the_tests_below_run() -> None:
    assert len(PYTHON) == 11, PYTHON
    assert "RoutedChatModel(" in PYTHON[USE]
    assert "with_routing(" in PYTHON[MORE]
    assert "create_agent(" in PYTHON[AGENTS]
    assert "RoutedEmbeddings(" in PYTHON[EMBEDDINGS]
    assert "recommend(" in PYTHON[ASK]
    assert "sinks=" in PYTHON[SINKS]
    assert "budgets=" in PYTHON[BUDGETS]
    assert "cache=" in PYTHON[CACHES]
    assert "session=" in PYTHON[SESSIONS]
    assert "except" in PYTHON[ERRORS]
    assert "Emulator()" in PYTHON[EMULATOR]


def test_the_first_example_answers_streams_explains_and_counts(
    namespace: dict[str, Any], cloud: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    run(namespace, USE)
    router = namespace["answer"].response_metadata["router"]
    assert (router["strategy"], router["task_type"]) == ("intelligent", "summarization")
    assert router["cost_usd"] > 0
    printed = capsys.readouterr().out
    assert "Tell me a story" in printed
    assert "code_generation, by intelligent" in printed
    assert "2 calls" in printed
    assert len(cloud.log) == 2


@pytest.mark.parametrize("left", ["aws_bedrock", "azure_openai", "gcp_vertex"])
def test_the_first_example_is_answered_by_whichever_cloud_is_left(
    namespace: dict[str, Any], cloud: Emulator, left: str
) -> None:
    for provider in {"aws_bedrock", "azure_openai", "gcp_vertex"} - {left}:
        cloud.break_(provider, "401")
    run(namespace, USE)
    assert namespace["answer"].response_metadata["router"]["provider"] == left


def test_tools_structured_output_and_narrowed_routers_work_as_shown(
    namespace: dict[str, Any], cloud: Emulator
) -> None:
    run(namespace, USE, MORE)
    assert [call["name"] for call in namespace["asked"].tool_calls] == ["get_weather"]
    for llm in (namespace["llm"], namespace["careful"]):
        person = llm.with_structured_output(namespace["Person"]).invoke("A person born in 1815")
        assert person.born == 1815
    narrowed = namespace["careful"].invoke("Hello").response_metadata["router"]
    assert (narrowed["provider"], narrowed["total_candidates"]) == ("aws_bedrock", 1)
    counts = namespace["llm"].counts()
    assert {name: count["started"] for name, count in counts.items()} == {
        name: len(cloud.log_of(name.partition(":")[0])) for name in counts
    }


def test_an_agent_and_structured_output_work_as_shown(namespace: dict[str, Any]) -> None:
    run(namespace, USE, MORE, AGENTS)
    *_, call, result, last = namespace["done"]["messages"]
    assert [call.tool_calls[0]["name"], result.text] == ["get_weather", "It is mild in Oslo."]
    assert "It is mild in Oslo." in last.text
    person = namespace["safe"].invoke("Which person was the first programmer, born 1815?")
    assert isinstance(person, namespace["Person"])
    assert namespace["llm"].profile["tool_calling"] is True


def test_embeddings_fall_back_between_twins_as_shown(
    namespace: dict[str, Any], cloud: Emulator
) -> None:
    cloud.break_("azure_openai", "503", model="emb-east")
    run(namespace, USE, EMBEDDINGS)
    assert [len(vector) > 1 for vector in namespace["vectors"]] == [True, True]
    assert namespace["embeddings"].counts()["west"]["succeeded"]


def test_what_can_be_asked_of_it_runs_as_shown(
    namespace: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run(namespace, USE, ASK)
    printed = capsys.readouterr().out
    assert "code_generation, by intelligent" in printed
    assert "would be first" in printed
    assert "answered as attempt 1" in printed
    assert "Assumed of the others" in printed
    told = namespace["report"].to_dict()
    assert set(told["savings"]["always"]) == set(namespace["llm"].counts())
    assert told["savings"]["actual_usd"] > 0
    for advice in told["advice"]:
        assert {"text", "change", "evidence", "effect", "sure"} <= set(advice)
    assert "</html>" in Path("report.html").read_text(encoding="utf-8")


def test_its_frames_are_those_of_the_analytics(namespace: dict[str, Any]) -> None:
    run(namespace, USE)
    (said,) = re.findall(r"to_pandas\((.*)$", PYTHON[ASK], re.MULTILINE)
    kinds = set(re.findall(r"[a-z]+", said)) - {"or"}
    report = namespace["llm"].analytics()
    for kind in kinds:
        assert len(report.to_pandas(kind)) > 0
    assert kinds == set(_TABLES)


def test_a_journal_metrics_and_a_function_hear_what_happens_as_shown(
    namespace: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run(namespace, USE, SINKS)
    read = namespace["read_journal"]("routing.jsonl")
    assert [record.deployment for record in read.records] == [read.records[0].deployment]
    assert not read.skipped
    namespace["llm"].assembled.audience.flush()
    assert "CallEnded(record=CallRecord(" in capsys.readouterr().out
    assert main(["report", "routing.jsonl", "--html", "report.html"]) == 0
    assert "1 calls, 100.00% answered" in capsys.readouterr().out
    assert "</html>" in Path("report.html").read_text(encoding="utf-8")


def test_budgets_are_kept_as_shown(namespace: dict[str, Any], cloud: Emulator) -> None:
    run(namespace, USE, BUDGETS)
    everybodys, users = namespace["llm"].spending()
    (account,) = users["accounts"].values()
    assert account["spent_usd"] == everybodys["accounts"][""]["spent_usd"] > 0
    assert users["key"] == "user"
    poor = RoutedChatModel(namespace["llm"].models, budgets=[Budget(usd=1e-7, per_seconds=60)])
    sent = len(cloud.log)
    with pytest.raises(BudgetExceededError):
        poor.invoke("Hello")
    assert len(cloud.log) == sent


def test_caches_answer_again_as_shown(
    namespace: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = SemanticCache.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout_seconds", 60.0)  # a busy machine may need more than 1
    run(namespace, USE, EMBEDDINGS, CACHES)
    router = namespace["again"].response_metadata["router"]
    assert (router["cache"], router["cache_kind"], router["cost_usd"]) == ("hit", "semantic", 0)
    assert router["saved_usd"] > 0
    llm = namespace["llm"]
    assert llm.cache_counts()[:2] == (1, 1)
    bypassed = llm.model_copy(update={"cache": False}).invoke("How do I reset my password?")
    assert "cache" not in bypassed.response_metadata["router"]


def test_sessions_stay_as_shown(namespace: dict[str, Any]) -> None:
    run(namespace, USE, MORE, AGENTS, SESSIONS)
    llm = namespace["llm"].with_routing(strategy="round_robin")
    for options in ({"session": "user-42"}, {"session": "user-43"}):
        answers = [llm.invoke(f"Hello {number}", **options) for number in range(4)]
        assert len({a.response_metadata["router"]["deployment"] for a in answers}) == 1


def test_its_file_makes_a_router_that_answers(namespace: dict[str, Any], tmp_path: Path) -> None:
    (text,) = [block for language, block in BLOCKS if language == "yaml"]
    file = tmp_path / "router.yaml"
    file.write_text(text, encoding="utf-8")
    router = RoutedChatModel.from_config(file)
    namespace["routers"].append(router)
    answer = router.invoke("Hello", require_tags=["eu"])
    assert answer.response_metadata["router"]["provider"] == "azure_openai"


def test_the_environment_makes_a_router_over_the_clouds_it_has_keys_for(
    namespace: dict[str, Any],
) -> None:
    router = RoutedChatModel.from_env(tiers=["economy"], strategy="ordered")
    namespace["routers"].append(router)
    providers = {name.partition(":")[0] for name in router.counts()}
    assert {"aws_bedrock", "azure_openai"} <= providers
    assert router.invoke("Hello").text


def test_the_example_of_errors_runs_where_nothing_fails(
    namespace: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run(namespace, USE)
    capsys.readouterr()
    run(namespace, ERRORS)
    assert "Tell me a story" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(
            Fault(FaultKind.STATUS, status=429, retry_after_seconds=60),
            "Try again in 60.0 seconds",
            id="rate limits",
        ),
        pytest.param(
            Fault(FaultKind.RESET_MIDSTREAM, after_chunks=3), "It broke off after Hello", id="break"
        ),
        pytest.param("401", "All attempts failed; what was tried:\n  1. ", id="other"),
    ],
)
def test_each_branch_of_the_example_of_errors_is_reached(
    namespace: dict[str, Any],
    cloud: Emulator,
    capsys: pytest.CaptureFixture[str],
    fault: Fault | str,
    said: str,
) -> None:
    run(namespace, USE)
    for provider in ("aws_bedrock", "azure_openai", "gcp_vertex"):
        cloud.break_(provider, fault)
    capsys.readouterr()
    run(namespace, ERRORS)
    assert said in capsys.readouterr().out


def test_the_example_of_the_emulator_runs(namespace: dict[str, Any]) -> None:
    run(namespace, USE, EMULATOR)
    assert namespace["answer"].response_metadata["router"]["attempt_number"] == 3


def test_it_has_two_commands_of_one_line_each_in_a_virtual_environment_of_their_own() -> None:
    demo, test = COMMANDS
    for command in (demo, test):
        assert command.count("\n") == 1
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install --quiet ")
    assert demo.endswith("&& .venv/bin/langchain-multirouter demo\n")
    assert test.endswith("&& .venv/bin/python -m pytest -n auto --quiet\n")


def test_its_commands_are_those_that_ci_takes_from_it() -> None:
    """CI takes the one line of the README that ends in the text it asks for."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    asked = re.findall(r'^\s*readme_command "([^"]+)"', script, re.MULTILINE)
    found = [[line for line in README.splitlines() if line.endswith(end)] for end in asked]
    assert sorted(found) == sorted([command.rstrip("\n")] for command in COMMANDS)


def test_its_causes_are_those_of_the_table_and_a_row_has_one_verdict() -> None:
    seen = []
    for cell, call, deployment in rows("cause"):
        causes = [Cause(name) for name in names(cell)]
        seen += causes
        verdicts = {(VERDICTS[c].effect, VERDICTS[c].out_seconds) for c in causes}
        assert len(verdicts) == 1, cell
        effect, seconds = verdicts.pop()
        word = {
            Effect.NONE: "nothing",
            Effect.FAILURE: "breaker",
            Effect.COOLDOWN: "cooldown",
            Effect.DISABLE: "out at once",
        }[effect]
        assert word in deployment
        assert not seconds or f"{seconds:g} s" in deployment
        for cause in causes:
            assert IN_WORDS[VERDICTS[cause].next] in call
    assert sorted(seen) == sorted(VERDICTS)


IN_WORDS = {
    Next.AGAIN: "one quick retry",
    Next.AT_ONCE: "one free retry here at once",
    Next.AFTER_HINT: "here again only after the provider's hint",
    Next.ELSEWHERE: "not here again",
    Next.LARGER: "known to be larger",
    Next.RAISE: "sent nowhere else",
}


def test_its_options_are_all_there_are_with_their_defaults() -> None:
    shown = {names(cell)[0]: default for cell, default, _ in rows("option")}
    assert set(shown) == OPTION_NAMES
    for name, default in shown.items():
        value = getattr(Options(), name)
        said = {"none": (None, (), frozenset()), "true": (True,)}.get(default)
        assert value in said if said else default.strip('`"') == str(value), name


def test_its_three_time_knobs_exist_with_their_defaults() -> None:
    knobs = {cell: default for cell, default, _ in rows("knob")}
    assert knobs == {
        "`timeout`, or `Deployment.timeout_seconds`": f"{DEFAULT_TIMEOUT_SECONDS:g}",
        "`deadline_seconds`": "none",
        "`Policy.longest_wait_seconds`": f"{Policy().longest_wait_seconds:g}",
    }
    assert {"timeout", "deadline_seconds"} <= set(RoutedChatModel.model_fields)
    assert "timeout_seconds" in Deployment.model_fields


def test_its_numbers_of_the_breaker_are_those_of_the_policy() -> None:
    policy = Policy()
    assert policy.breaker_failures == 5
    assert "Five failures in a row" in README
    assert (policy.breaker_rate, policy.breaker_least) == (0.5, 10)
    assert "half of at least ten" in README
    text = " ".join(README.split())
    assert f"for {policy.open_seconds:g} s ({policy.longest_open_seconds:g} s at most" in text


def test_its_errors_are_exported_and_have_the_attributes_it_names() -> None:
    for cell, meaning in rows("error"):
        (name,) = names(cell)
        kind = getattr(langchain_multirouter, name)
        assert issubclass(kind, langchain_multirouter.RouterError | ConfigurationError)
        for attribute in names(meaning):
            assert attribute in kind.__doc__, f"{name}.{attribute}"


def test_its_extras_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shown = {names(cell)[0]: re.findall(r"`([\w-]+)`", brings) for cell, brings, _ in rows("extra")}
    extras = project["optional-dependencies"]
    assert set(shown) == set(extras) - {"test", "caches", "dev"}
    for extra, packages in shown.items():
        brought = [re.split(r"[>\[]", one)[0] for one in extras[extra]]
        assert packages == [one for one in brought if one != "langchain-multirouter"], extra


def test_its_strategies_are_those_of_the_table_and_a_function() -> None:
    *named, function = [cell for cell, _ in rows("strategy")]
    assert sorted(names(cell)[0] for cell in named) == sorted(Strategy)
    assert function == "a function"
    (default,) = [cell for cell in named if "default" in cell]
    assert names(default) == [Options().strategy]


def test_its_figures_of_the_semantic_cache_are_those_of_the_labelled_pairs() -> None:
    text = " ".join(README.split())
    served = [one for one in NEAR_MISSES if difference(one.one, one.other) is None]
    assert not served
    assert f"Of {len(NEAR_MISSES)} labelled near-misses none is served" in text
    again = sum(difference(one.one, one.other) is None for one in PARAPHRASES)
    share = again / len(PARAPHRASES)
    assert f"of {len(PARAPHRASES)} paraphrases {share:.0%}".replace("%", " %") in text


def test_its_numbers_of_prompt_caches_and_journals_are_those_of_the_code() -> None:
    text = " ".join(README.split())
    assert f"From {LEAST_TOKENS:,} tokens on" in text
    assert (DEFAULT_FILES, DEFAULT_BYTES) == (5, 10_000_000)
    assert "five files of 10 MB" in text
    assert "temperature above 0.3" in text
    assert signature(SemanticCache).parameters["most_temperature"].default == 0.3


def test_it_explains_the_eight_words() -> None:
    words = "Deployment Strategy Attempt Retry Fallback Cooldown Deadline Tags"
    for word in words.split():
        assert f"**{word}**" in README

"""MLflow's autolog records who really answered, each attempt, and each token once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from langchain_multirouter.emulator import Emulator
from tests.agents.conftest import MODELS

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_mlflow_records_the_model_that_answered_and_its_tokens_once(
    cloud: Emulator, tmp_path: Path
) -> None:
    cloud.break_("azure_openai", "503")
    ran = subprocess.run(  # noqa: S603  # our own interpreter and program
        [sys.executable, "-m", "tests.agents.mlflow_tracing", cloud.url, str(tmp_path / "store")],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    traces = json.loads(ran.stdout)
    answers = [entry for entry in cloud.log if entry.completed]
    assert len(traces) == 4
    for trace, answer in zip(traces, answers, strict=True):
        assert trace["usage"]["input_tokens"] == answer.input_tokens
        assert trace["usage"]["output_tokens"] == answer.output_tokens
        assert [span["usage"] is not None for span in trace["spans"]].count(True) == 1
    for trace in traces:  # the last is a bare stream's
        call, *attempts = trace["spans"]
        assert (call["status"], call["model"]) == ("OK", MODELS["aws_bedrock"])
        assert {span["parent"] for span in attempts} == {call["id"]}
        assert attempts[-1]["name"] == "attempt aws_bedrock"
        assert attempts[-1]["outcome"] == "success"
        assert all(span["status"] == "ERROR" for span in attempts[:-1])
    assert len(traces[0]["spans"]) == 4

"""MLflow tracing: a program that prints the spans of routed calls; `… url folder`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_FILE_STORE": "1"}

import mlflow

from langchain_multirouter import RoutedChatModel
from tests.agents.forking import real


def calls(model: RoutedChatModel) -> None:
    mlflow.langchain.autolog()
    model.invoke("Hello")
    model.invoke("Hello", deadline_seconds=20.0)  # in a thread of its own
    asyncio.run(model.ainvoke("Hello"))
    list(model.stream("Hello"))


def spans(trace: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": span.name,
            "parent": span.parent_id,
            "id": span.span_id,
            "status": span.status.status_code.name,
            "model": span.attributes.get("mlflow.llm.model"),
            "usage": span.attributes.get("mlflow.chat.tokenUsage"),
            "outcome": span.attributes.get("outcome"),
        }
        for span in trace.data.spans
    ]


def main(url: str, folder: str) -> None:
    mlflow.set_tracking_uri(Path(folder).as_uri())
    calls(real(url).with_routing(strategy="ordered"))
    mlflow.flush_trace_async_logging()
    traces = sorted(mlflow.search_traces(return_type="list"), key=lambda it: it.info.request_time)
    told = [{"usage": trace.info.token_usage, "spans": spans(trace)} for trace in traces]
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])

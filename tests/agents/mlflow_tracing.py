"""MLflow tracing: a program that prints the spans of routed calls; `… url folder`.

`mlflow.langchain` needs pandas, which mlflow-skinny does not bring, for saving models alone. Told
that it is its own tracing package, it leaves that out; the tracer is the one that autolog installs.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_FILE_STORE": "1"}

import mlflow
import mlflow.version

from langchain_multirouter import RoutedChatModel
from tests.agents.forking import real


def tracer() -> Any:
    mlflow.version.IS_TRACING_SDK_ONLY = True
    from mlflow.langchain.langchain_tracer import MlflowLangchainTracer

    mlflow.version.IS_TRACING_SDK_ONLY = False
    return MlflowLangchainTracer(run_inline=True)


def calls(model: RoutedChatModel) -> None:
    config: Any = {"callbacks": [tracer()]}
    model.invoke("Hello", config=config)
    model.invoke("Hello", config=config, deadline_seconds=20.0)  # in a thread of its own
    asyncio.run(model.ainvoke("Hello", config=config))
    list(model.stream("Hello", config=config))


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

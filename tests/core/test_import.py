"""What an import costs: nothing that only some calls need is read before they are made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import langchain_multirouter

#: Each takes milliseconds that a program which never needs it would wait for at its start.
LATER = (
    "tenacity",
    "yaml",
    "genai_prices",
    "langchain_core.tools.base",
    "langchain_multirouter.routing.task_words",
    "langchain_multirouter.telemetry.explanation",
    "langchain_multirouter.telemetry.recommendation",
    "langchain_multirouter.configuration",
    "langchain_multirouter.emulator",
)


def test_what_few_calls_need_is_not_imported_with_the_router() -> None:
    program = (
        "import sys\nfrom langchain_multirouter import RoutedChatModel\n"
        f"print(*[name for name in {LATER!r} if name in sys.modules])"
    )
    ran = subprocess.run(  # noqa: S603  # our own interpreter and program
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(langchain_multirouter.__file__).parents[1],
        check=True,
    )
    assert ran.stdout.split() == []

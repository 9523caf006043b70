"""The command line: `demo` shows a fallback happen, `emulate` serves the three clouds, `explain`
says where a prompt would go, `report` what a journal's calls cost and what to change.

Everything but argparse is imported after the first line was printed: LangChain's provider
packages take seconds to import.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .emulator import Emulator

_NAME = "langchain-multirouter"


class _Printed(NamedTuple):
    """One class as `emulate` prints it: a variable, its class, and where that comes from."""

    variable: str
    module: str
    kind: str
    extra: str
    arguments: str  # the emulator's method that gives its constructor's arguments


_CLASSES = (
    _Printed("azure", "langchain_openai", "AzureChatOpenAI", "azure", "azure_openai"),
    _Printed("bedrock", "langchain_aws", "ChatBedrockConverse", "bedrock", "aws_bedrock"),
    _Printed("gemini", "langchain_google_genai", "ChatGoogleGenerativeAI", "vertex", "gcp_vertex"),
)

#: Arguments that are objects: class → how it is imported, and how it is written.
_OBJECTS: Mapping[str, tuple[str, str]] = {
    "Credentials": (
        "from google.oauth2.credentials import Credentials",
        'Credentials("fake-token")',
    ),
    "Config": ("from botocore.config import Config", "Config(proxies={})"),
}

_BREAKING = """\
# Every request is answered from now on; Ctrl-C ends it. Faults are set from within a process alone:
#     from langchain_multirouter.emulator import Emulator
#     with Emulator() as cloud:
#         cloud.break_("azure_openai", "503")  # or "429", "reset", "silence", "malformed"...
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit status."""
    asked = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # prompts are in many scripts, consoles are not
    try:
        status: int = asked.command(asked)
    except KeyboardInterrupt:
        return 130  # 128 + SIGINT, as shells have it
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_NAME,
        description="One LangChain chat model over AWS Bedrock, Azure OpenAI and Google Vertex.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{_NAME} {_version()}")
    commands = parser.add_subparsers(required=True, metavar="command")
    demo = commands.add_parser(
        "demo",
        help="route some forty prompts while a provider goes down and comes back",
        description="Route some forty prompts over three emulated clouds while one goes down and "
        "comes back. Needs no account and no network.",
    )
    demo.add_argument("--html", metavar="FILE", help="write what it took and cost as one page")
    demo.set_defaults(command=_demo)
    emulate = commands.add_parser(
        "emulate",
        help="serve the three emulated clouds for the real LangChain classes",
        description="Serve the three emulated clouds and print how the real LangChain classes are "
        "pointed at them.",
    )
    emulate.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    emulate.add_argument("--port", type=_port, default=0, help="port; 0, the default, is any free")
    emulate.set_defaults(command=_emulate)
    explain = commands.add_parser(
        "explain",
        help="say where a prompt would go, and why",
        description="Say where a prompt would go, and why. Sends nothing.",
    )
    explain.add_argument("prompt", help="what would be asked")
    explain.add_argument("--config", required=True, help="the router's settings: a YAML file")
    explain.add_argument("--json", action="store_true", help="all of it, for programs")
    explain.set_defaults(command=_explain)
    report = commands.add_parser(
        "report",
        help="say what a journal's calls took and cost, and what to change",
        description="Say what a journal's calls took and cost, by deployment, and what to change.",
    )
    report.add_argument("journal", help="the journal's file, such as journal.jsonl")
    report.add_argument("--html", metavar="FILE", help="write all of it as one page")
    report.add_argument("--json", action="store_true", help="all of it, for programs")
    report.add_argument(
        "--since-seconds", type=float, metavar="N", help="only calls of the last N seconds"
    )
    report.set_defaults(command=_report)
    return parser


def _version() -> str:
    try:
        return metadata.version(_NAME)
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _port(said: str) -> int:
    if not (said.isascii() and said.isdigit() and int(said) <= 65535):
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 65535, not {said!r}")
    return int(said)


def _demo(asked: argparse.Namespace) -> int:
    print("Starting three emulated clouds and loading their LangChain classes ...", flush=True)
    from .demo import run

    try:
        return run(sys.stdout, html=asked.html)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    except ImportError as error:
        missing = error.name or "a provider's package"
        return _refused(f"{missing} is missing; the demo needs all three", extra="all")


def _refused(reason: str, *, extra: str) -> int:
    print(f'{reason}:\n    pip install "{_NAME}[{extra}]"', file=sys.stderr)
    return 1


def _emulate(asked: argparse.Namespace) -> int:
    from .emulator import Emulator

    cloud = Emulator(host=asked.host, port=asked.port)
    try:
        cloud.start()
    except OSError as error:
        reason = error.strerror or error
        print(f"Cannot listen on {asked.host} port {asked.port}: {reason}", file=sys.stderr)
        return 1
    try:
        print(f"# Three emulated clouds at {cloud.url}\n")
        for printed in _CLASSES:
            print("\n".join(_constructor(cloud, printed)), end="\n\n")
        print(_BREAKING, end="", flush=True)
        cloud.serve_forever()
    except KeyboardInterrupt:
        pass  # is how it is told to end
    finally:
        cloud.stop()
    return 0


def _explain(asked: argparse.Namespace) -> int:
    from .chat_model import RoutedChatModel
    from .errors import ConfigurationError, RouterError

    try:
        told = RoutedChatModel.from_config(asked.config).explain(asked.prompt)
    except (ConfigurationError, RouterError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(told.to_dict(), indent=2, ensure_ascii=False) if asked.json else told)
    return 0


def _report(asked: argparse.Namespace) -> int:
    from .errors import ConfigurationError
    from .telemetry.replay import journal_analytics

    try:
        told = journal_analytics(asked.journal, since_seconds=asked.since_seconds)
        if asked.html is not None:
            told.to_html(asked.html)
    except (ConfigurationError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(told.to_dict(), indent=2, ensure_ascii=False) if asked.json else told)
    return 0


def _constructor(cloud: Emulator, printed: _Printed) -> Iterator[str]:
    """Lines of Python that build the class, or that say what is missing for it."""
    try:
        arguments: Mapping[str, Any] = getattr(cloud, printed.arguments)()
    except ImportError:
        yield f'# {printed.kind}: pip install "{_NAME}[{printed.extra}]"'
        return
    names = [type(value).__name__ for value in arguments.values()]
    yield from (_OBJECTS[name][0] for name in names if name in _OBJECTS)
    yield f"from {printed.module} import {printed.kind}"
    yield f"{printed.variable} = {printed.kind}("
    for name, value in arguments.items():
        _, written = _OBJECTS.get(type(value).__name__, ("", repr(value)))
        yield f"    {name}={written},"
    yield ")"


if __name__ == "__main__":
    sys.exit(main())

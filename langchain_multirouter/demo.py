"""The demo: some forty calls over three emulated clouds, while one goes down and comes back.

The provider classes are the real ones, and so is the router; the clouds are the emulator. What is
shown is checked in the end against what arrived on the wire.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, TextIO

from .demo_screen import Line, Screen
from .demo_script import ASKS, DOWN, SHORT_TASKS, TURNS, Ask, Turn

#: Provider → model, simulated median seconds before a reply and before each chunk of it.
CLOUDS: Mapping[str, tuple[str, float, float]] = {
    "azure_openai": ("gpt-5.6-terra", 0.14, 0.004),
    "aws_bedrock": ("eu.anthropic.claude-sonnet-5-5", 0.19, 0.006),
    "gcp_vertex": ("gemini-3.8-flash", 0.10, 0.003),
}


def run(stream: TextIO, *, html: str | None = None) -> int:
    """Show it all; 0 if every call was answered and the wire agrees with the router's counts.

    Args:
        stream: Where it is shown.
        html: A file for the router's analytics as one page.

    Raises:
        ImportError: a provider's package is not installed.
        OSError: the page cannot be written.
    """
    _leave_the_machine_alone()
    from .emulator import Emulator

    screen = Screen(stream)
    began = time.monotonic()
    with Emulator(seed=7) as cloud:
        show = _Show(screen, cloud, _router(cloud))
        screen.say(f"Ready after {time.monotonic() - began:.1f} s; {len(ASKS)} calls follow.")
        show.play()
        return show.summary(html)


def _leave_the_machine_alone() -> None:
    """No credentials, profiles, proxies or traces of the machine take part in the demo."""
    own = ("AWS_", "AZURE_", "OPENAI_", "GOOGLE_", "GEMINI_", "LANGSMITH_", "LANGCHAIN_")
    for name in [name for name in os.environ if name.startswith(own)]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LANGSMITH_TRACING": "false",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def _router(cloud: Any) -> Any:
    from .chat_model import RoutedChatModel
    from .deployment import Deployment
    from .resilience.policy import Policy

    models = []
    for provider, (model, seconds, per_chunk) in CLOUDS.items():
        cloud.latency(provider, seconds=seconds, per_chunk_seconds=per_chunk, jitter=0.3)
        models.append(Deployment(cloud.chat_model(provider, model), name=provider))
    # A breaker that opens for seconds, not for half a minute: the demo is as short as that.
    policy = Policy(open_seconds=1.0, longest_open_seconds=1.2)
    return RoutedChatModel(models, timeout=1.2, policy=policy, random_seed=7)


class _Show:
    """The calls and what is known of them, one after the other."""

    def __init__(self, screen: Screen, cloud: Any, router: Any) -> None:
        self.screen = screen
        self.cloud = cloud
        self.router = router
        self.strategy = "ordered"
        self.fell_back = self.went_round = self.opened = self.closed = 0
        self.unanswered: list[str] = []
        self.seconds = 0.0

    def play(self) -> None:
        """Every call, with what happens before and after it."""
        self.screen.head()
        for number, ask in enumerate(ASKS, 1):
            if number in TURNS:
                self.turn(TURNS[number])
            self.screen.under_way(number, ask.prompt, ask.how)
            before, began = self.breaker(), time.monotonic()
            line = self.call(number, ask, out=not before.admits(began))
            spent = time.monotonic() - began
            self.seconds += spent
            self.screen.call(line._replace(milliseconds=1000 * spent))
            self.watch(before)

    def turn(self, turn: Turn) -> None:
        """Weather and strategy as they are from now on."""
        self.cloud.heal()
        if turn.fault is not None:
            self.cloud.break_(DOWN, turn.fault)
        self.strategy = turn.strategy
        style = "red" if turn.fault else "green" if "mended" in turn.text else "bold"
        self.screen.event(turn.text, style)

    def call(self, number: int, ask: Ask, *, out: bool) -> Line:
        """Make the call, as a line of the table; `out`: the failing provider's breaker is open."""
        llm = self.router.with_routing(strategy=self.strategy)
        line = Line(number, ask.prompt)
        try:
            router = called(llm, ask).response_metadata["router"]
        except Exception as error:  # whatever it is, it is shown and counted
            self.unanswered.append(f"Call {number} was not answered: {error!r}")
            return line._replace(answered_by="nobody", style="red")
        line = line._replace(
            task=SHORT_TASKS.get(router["task_type"], router["task_type"]),
            answered_by=router["deployment"],
            attempts=router["attempt_number"],
            cost_usd=router["cost_usd"],
        )
        self.fell_back += bool(router["fallback_used"])
        causes = Counter(a["cause"] for a in router["attempts"] if "cause" in a)
        if causes:
            return line._replace(fallback=listed(causes), style="yellow")
        if out and self.strategy == "ordered":
            self.went_round += 1
            return line._replace(fallback="breaker open", style="dim")
        return line

    def breaker(self) -> Any:
        """The breaker of the deployment that goes down."""
        fleet = self.router.assembled.fleet
        return next(c.breaker for c in fleet.snapshot() if c.deployment.name == DOWN)

    def watch(self, before: Any) -> None:
        """Say what the call did to the breaker."""
        after = self.breaker()
        if after.generation == before.generation:
            return
        if after.open_until is None:
            self.closed += 1
            self.screen.event(f"the probe was answered: {DOWN} is back", "green")
            return
        self.opened += 1
        seconds = max(0.0, after.open_until - time.monotonic())
        why = "too many failures" if before.open_until is None else "the probe failed"
        self.screen.event(f"{why}: the breaker of {DOWN} is open, {seconds:.1f} s more", "red")

    def summary(self, html: str | None) -> int:
        """Counts, costs and advice, what the failing provider did, and whether the wire agrees."""
        from .telemetry.advising.advice import in_words

        say, counts = self.screen.say, self.router.counts()
        self.cloud.stop()  # so that the log is complete
        log = {name: self.cloud.log_of(name) for name in counts}
        say()
        for text in self.unanswered:
            say(text, "red")
        say(
            f"{len(ASKS) - len(self.unanswered)} of {len(ASKS)} calls were answered, in "
            f"{self.seconds:.1f} s. {self.fell_back} fell back after a failed attempt; "
            f"{self.went_round} went round {DOWN} while its breaker was open.",
            "red" if self.unanswered else "green",
        )
        say()
        analytics = self.router.analytics()
        told = analytics.to_dict()
        self.screen.table(analysed(told), (-14, 8, 4, 6, 7, 7, 9))
        say()
        say(compared(told["savings"]))
        for advice in [one for one in told["advice"] if one["kind"] != "price_changes"][:1]:
            say(in_words(advice))
        say()
        did = Counter(str(e.status or e.fault) for e in log[DOWN] if e.fault is not None)
        say(
            f"What {DOWN} did: {listed(did)}. What the router made of it: "
            f"{listed(counts[DOWN]['causes'])}. Times its breaker opened: {self.opened}; times a "
            f"probe closed it: {self.closed}."
        )
        wrong = disagreements(counts, log)
        agreed = f"{sum(map(len, log.values()))} requests arrived, as many as were counted"
        say(f"Wire log: {'; '.join(wrong) or agreed}.", "red" if wrong else "green")
        if html is not None:
            analytics.to_html(html)
        say(f"Costs, times and advice as one page: {html or 'demo --html report.html'}")
        return 1 if self.unanswered or wrong else 0


def analysed(analytics: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """The analytics as rows: by deployment, and over all."""
    rows: list[tuple[object, ...]] = [
        ("deployment", "attempts", "ok", "failed", "avg ms", "p95 ms", "USD")
    ]
    for name, row in analytics["deployments"].items():
        times = (row["avg_response_time"], row["p95_response_time"])
        milliseconds = ("-" if seconds is None else f"{1000 * seconds:.0f}" for seconds in times)
        counts = (row["total_requests"], row["successful_requests"], row["failed_requests"])
        rows.append((name, *counts, *milliseconds, f"{row['total_cost_usd']:.6f}"))
    overall = analytics["overall"]
    rows.append(
        ("all", overall["total_requests"], "", "", "", "", f"{overall['total_cost_usd']:.6f}")
    )
    return rows


def compared(savings: Mapping[str, Any]) -> str:
    """What the same calls would have cost at any one deployment, in words."""
    always = [f"{name} alone {one['usd']:.6f}" for name, one in savings["always"].items()]
    return (
        f"The same tokens would have cost {', '.join(always)} USD; they cost "
        f"{savings['actual_usd']:.6f}."
    )


def called(llm: Any, ask: Ask) -> Any:
    """The answer's message.

    Raises:
        ValueError: there is nothing in it.
    """
    answer: Any = None
    match ask.how:
        case "stream":
            for chunk in llm.stream(ask.prompt):
                answer = chunk if answer is None else answer + chunk
        case "tools":
            answer = llm.bind_tools([get_weather]).invoke(ask.prompt)
            if not answer.tool_calls:
                raise ValueError("no tool was called")
        case "json":
            both = llm.with_structured_output(PERSON, include_raw=True).invoke(ask.prompt)
            answer = both["raw"]
            if not both["parsed"]:
                raise ValueError("the answer does not fit the schema")
        case _:
            answer = llm.invoke(ask.prompt)
    if not (answer.text or answer.tool_calls):
        raise ValueError("the answer is empty")
    return answer


def listed(counts: Mapping[str, int]) -> str:
    """Counts in words."""
    return ", ".join(f"{what} x{n}" if n > 1 else what for what, n in counts.items())


def disagreements(counts: Mapping[str, Any], log: Mapping[str, Any]) -> list[str]:
    """Where the router's counts are not what the wire saw, in words."""
    wrong = []
    for name, counted in counts.items():
        good = sum(1 for entry in log[name] if entry.completed and entry.fault is None)
        seen = {"started": len(log[name]), "failed": len(log[name]) - good, "succeeded": good}
        wrong += [
            f"{name} {what}: {counted[what]} counted, {number} on the wire"
            for what, number in seen.items()
            if counted[what] != number
        ]
    return wrong


def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"It is mild in {city}."


PERSON = {
    "title": "Person",
    "type": "object",
    "properties": {"name": {"type": "string"}, "born": {"type": "integer"}},
    "required": ["name", "born"],
}

"""Insight: what a router can be asked: counts, analytics, explanations, recommendations, health."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from .assembly import Assembled
from .caller import CallerSide
from .compiled import Compiled
from .deployment import finite
from .errors import ConfigurationError
from .health import CHECK_SECONDS, Health, acheck_all, check_all
from .keywords import read_keywords
from .options import narrow
from .prompt import read_prompt
from .request import Request
from .routing.strategy import Ranking, rank
from .routing.task import task_evidence
from .telemetry.explanation import AnswerExplanation, Explanation
from .telemetry.recommendation import Recommendation
from .telemetry.report import Analytics, Moment


class Insight(CallerSide):
    """The questions; nothing here is sent anywhere but by `check_health`."""

    def counts(self) -> dict[str, dict[str, Any]]:
        """Attempts per deployment; `started` is the sum of the other four at every moment."""
        return {c.deployment.name: c.stats.public() for c in self.assembled.fleet.snapshot()}

    def pause(self, name: str) -> None:
        """Send nothing more to the deployment until `resume`; what is under way goes on."""
        self.assembled.fleet.pause(name)

    def resume(self, name: str) -> None:
        """Undo `pause`."""
        self.assembled.fleet.resume(name)

    def analytics(self) -> Analytics:
        """What the statistics say: a table in Jupyter and as text; `.to_dict()` for programs."""
        known: Assembled = self.assembled
        return Analytics(
            known.fleet.snapshot(),
            calls=known.fleet.calls,
            failed_calls=known.fleet.failed_calls,
            checked=known.checked,
            moment=Moment(time.monotonic(), datetime.now(UTC)),
        )

    def explain(self, about: Any, **options: Any) -> Explanation | AnswerExplanation:
        """Why a prompt would go where it goes, or what happened to a message that was answered.

        Args:
            about: A prompt (text or messages), or an answer of this router.
            options: Call keywords, as for `invoke`.

        Raises:
            ConfigurationError: naming the keyword that is wrong.
        """
        if isinstance(about, AIMessage) and "router" in about.response_metadata:
            return AnswerExplanation(about.response_metadata["router"])
        request, ranking, candidates, now = self._considered(about, options)
        evidence = task_evidence(request.prompt)
        numbers = [candidate.number for candidate in ranking.order]
        bound = self.assembled.bound(request.options, request.timeout_seconds, numbers)
        return Explanation(candidates, request, ranking, evidence=evidence, bound=bound, now=now)

    def recommend(
        self,
        prompt: Any,
        *,
        task_type: str | None = None,
        budget_constraint: float | None = None,
        speed_priority: bool = False,
        reliability_priority: bool = False,
    ) -> Recommendation:
        """The three deployments that suit a prompt best, with reasons in words.

        Args:
            prompt: Text or messages; nothing is sent.
            task_type: What it asks for; found from the prompt if not given.
            budget_constraint: What this request may cost, in USD.
            speed_priority: Whether response time counts.
            reliability_priority: Whether the success rate counts.

        Raises:
            ConfigurationError: naming the argument that is wrong.
        """
        finite("budget_constraint", budget_constraint)
        options = {} if task_type is None else {"task_type": task_type}
        request, ranking, candidates, now = self._considered(prompt, options)
        requirements = {
            "budget_constraint": budget_constraint,
            "speed_priority": speed_priority,
            "reliability_priority": reliability_priority,
        }
        return Recommendation(candidates, request, ranking, requirements=requirements, now=now)

    def _considered(
        self, about: Any, keywords: Mapping[str, Any]
    ) -> tuple[Request, Ranking, Sequence[Any], float]:
        """Everything up to the first attempt, and no attempt; the router's turn is not used up."""
        messages: list[BaseMessage] = self._convert_input(about).to_messages()
        compiled: Compiled = self.compiled
        prompt = read_prompt(messages)
        read = read_keywords(keywords, None, compiled.parameters)
        options = narrow(compiled.options, read.options)
        fleet, now = self.assembled.fleet, time.monotonic()
        request = compiled.request(
            options,
            read.parameters,
            prompt,
            model=read.model,
            streamed=False,
            usual_output_tokens=fleet.usual_output_tokens,
        )
        candidates = fleet.snapshot()
        ranking = rank(candidates, request, turn=fleet.next_turn, rng=fleet.rng_copy(), now=now)
        return request, ranking, candidates, now

    def check_health(self, *, timeout_seconds: float = CHECK_SECONDS) -> dict[str, Health]:
        """Ask every deployment at once, with a call for one token or its own `health_check`.

        The calls count as attempts and cost what such calls cost. Who fails is unhealthy from then
        on, until a probe or another check succeeds.

        Args:
            timeout_seconds: The longest any of them may take.
        """
        return check_all(self.assembled, _more_than_nothing(timeout_seconds))

    async def acheck_health(self, *, timeout_seconds: float = CHECK_SECONDS) -> dict[str, Health]:
        """As `check_health`, on the running event loop."""
        return await acheck_all(self.assembled, _more_than_nothing(timeout_seconds))


def _more_than_nothing(timeout_seconds: float) -> float:
    if not finite("timeout_seconds", timeout_seconds):
        raise ConfigurationError("timeout_seconds: must be more than 0")
    return timeout_seconds

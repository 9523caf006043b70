"""Insight: what a router can be asked of a prompt, or of an answer: why, and who suits best."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, BaseMessage

from .allowance import Purse
from .candidate import Candidate
from .ceiling import most_input_tokens
from .compiled import Compiled
from .copies import Copied
from .deployment import finite
from .economics.price import Usage, usage_of
from .keywords import read_keywords
from .options import Strategy, narrow
from .oversight import Overseen, considered
from .prompt import read_prompt
from .recall import recalled
from .request import Prompt, Request, TaskType
from .routing.strategy import Ranking

if TYPE_CHECKING:
    from .telemetry.answered import AnswerExplanation
    from .telemetry.explanation import Explanation
    from .telemetry.recommendation import Recommendation


class Insight(Overseen, Copied):
    """The questions; nothing here is sent anywhere."""

    def explain(self, about: Any, **options: Any) -> Explanation | AnswerExplanation:
        """Why a prompt would go where it goes, or what happened to a message that was answered.

        Args:
            about: A prompt (text or messages), or an answer of this router.
            options: Call keywords, as for `invoke`.

        Raises:
            ConfigurationError: naming the keyword that is wrong.
        """
        # Few programs ask, and these take a while to import.
        from .routing.task import task_evidence
        from .telemetry.answered import AnswerExplanation
        from .telemetry.explanation import Explanation

        turn = self.assembled.fleet.next_turn
        if isinstance(about, AIMessage) and "router" in about.response_metadata:
            told, usage = about.response_metadata["router"], usage_of(about.usage_metadata)
            fleet = self.assembled.fleet
            request = like(told, usage, self.compiled, fleet.snapshot())
            now = time.monotonic()
            ranking, candidates = considered(request, fleet, now)
            again = Explanation(candidates, request, ranking, evidence=(), now=now, turn=turn)
            return AnswerExplanation(told, usage=usage, candidates=candidates, again=again)
        request, ranking, candidates, now = self._considered(about, options)
        evidence = task_evidence(request.prompt)
        numbers = [candidate.number for candidate in ranking.order]
        bound = self.assembled.bound(request.options, request.timeout_seconds, numbers)
        fleet, unpaid = self.assembled.fleet, {}
        if fleet.books is not None:
            unpaid = Purse(fleet, request).unpaid_of(ranking.order, now)
        known = (candidates, request, ranking)
        when = {"now": now, "turn": turn}
        return Explanation(*known, evidence=evidence, bound=bound, unpaid=unpaid, **when)

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
        from .telemetry.recommendation import Recommendation  # few programs ask

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
            lengths=fleet.lengths,
            unable=self.assembled.fitness.unable(read.parameters, options.allow_losses),
        )
        request = recalled(request, messages, read.parameters, fleet.memory, now)
        if fleet.books is not None:
            most = most_input_tokens(messages, read.parameters)
            request = request._replace(most_input_tokens=most)
        ranking, candidates = considered(request, fleet, now)
        return request, ranking, candidates, now


def like(
    told: Mapping[str, Any],
    usage: Usage | None,
    compiled: Compiled,
    candidates: Sequence[Candidate],
) -> Request:
    """A request as the answered one was, as far as its message tells: its strategy and task, if
    they are ours, and its tokens; the router's own options for all else."""
    wanted = {
        "strategy": told.get("strategy") if told.get("strategy") in list(Strategy) else None,
        "task_type": told.get("task_type") if told.get("task_type") in list(TaskType) else None,
    }
    options = narrow(compiled.options, {k: v for k, v in wanted.items() if v is not None})
    into, out = (0, None) if usage is None else usage[:2]
    ratios = {c.deployment.name: c.stats.measured.input_ratio for c in candidates}
    estimated = round(into / (ratios.get(str(told.get("deployment"))) or 1.0))
    return Request(
        options,
        task_type=options.task_type,
        prompt=Prompt(input_tokens=estimated),
        preferences=compiled.preferences,
        usual_output_tokens=out,
    )

"""Filters: who may serve a call. Hard constraints, which retry, fallback and probe all obey."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..candidate import Candidate
from ..request import Request

#: A filter says why a candidate may not serve, or None.
Filter = Callable[[Candidate, Request], str | None]


def paused(candidate: Candidate, request: Request) -> str | None:
    """Out until `resume(name)`."""
    return "until resume() is called" if candidate.paused else None


def named(candidate: Candidate, request: Request) -> str | None:
    """The call's `model=` names a deployment, or one of the models."""
    wanted = request.model
    deployment = candidate.deployment
    if wanted is None or wanted == deployment.name:
        return None
    if wanted == deployment.model_name and not request.model_is_deployment:
        return None
    return f"is neither deployment nor model {wanted[:80]!r}"


def tagged(candidate: Candidate, request: Request) -> str | None:
    """A required tag is never broken."""
    missing = request.options.require_tags.difference(candidate.deployment.tags)
    return f"lacks {', '.join(sorted(missing))}" if missing else None


def takes_the_prompts_kinds(candidate: Candidate, request: Request) -> str | None:
    """Who is known not to take an image, say, is not asked; who may take it, is."""
    able = candidate.facts.capabilities
    takes = {"image": able.images, "audio": able.audio, "video": able.video, "file": able.pdf}
    refused = sorted(kind for kind in request.prompt.kinds if takes.get(kind) is False)
    return f"takes no {' and no '.join(refused)} input" if refused else None


def fits_its_window(candidate: Candidate, request: Request) -> str | None:
    """A context window that is known has room for what is expected to be sent."""
    window = candidate.facts.capabilities.max_input_tokens
    if window is None:
        return None
    expected = candidate.expected_input(request)
    return f"about {expected:,} tokens expected, {window:,} fit" if expected > window else None


def answers_so_long(candidate: Candidate, request: Request) -> str | None:
    """A longest answer that is known is not exceeded by what is asked for."""
    asked, longest = request.max_tokens, candidate.facts.capabilities.max_output_tokens
    if asked is None or longest is None or asked <= longest:
        return None
    return f"{asked} asked for, {longest} at most"


def able(candidate: Candidate, request: Request) -> str | None:
    """Who is known to call no tools, or to keep to no schema, is not asked to."""
    known = candidate.facts.capabilities
    lacks = sorted(need for need in request.needs if getattr(known, need) is False)
    return f"has no {' and no '.join(lacks).replace('_', ' ')}" if lacks else None


def expressible(candidate: Candidate, request: Request) -> str | None:
    """The request can be said to its service without a change of meaning."""
    return request.unable.get(candidate.number)


def affordable(candidate: Candidate, request: Request) -> str | None:
    """Its expected cost is within `max_cost`; an unknown price never is."""
    most = request.options.max_cost
    if most is None:
        return None
    expected = candidate.expected_usd(request)
    if expected is None:
        return "price unknown: give model_name= or price="
    return f"{expected:.6f} USD expected, {most:.6f} allowed" if expected > most else None


def quick_enough(candidate: Candidate, request: Request) -> str | None:
    """What it usually takes is within `max_response_time`, as far as it is known."""
    most = request.options.max_response_time
    average = candidate.average_seconds
    if most is None or average is None or average <= most:
        return None
    return f"{average:.2f} s on average, {most:.2f} allowed"


def of_preferred_provider(candidate: Candidate, request: Request) -> str | None:
    """Without fallback, a preferred provider is the only one."""
    options = request.options
    if options.fallback_enabled or options.preferred_provider is None:
        return None
    if candidate.deployment.provider == options.preferred_provider:
        return None
    return f"fallback is off, and {options.preferred_provider} is preferred"


#: Name → filter, in the order in which reasons are given.
FILTERS: Mapping[str, Filter] = {
    "paused": paused,
    "model": named,
    "require_tags": tagged,
    "capabilities": takes_the_prompts_kinds,
    "context_window": fits_its_window,
    "max_tokens": answers_so_long,
    "needs": able,
    "request": expressible,
    "max_cost": affordable,
    "max_response_time": quick_enough,
    "preferred_provider": of_preferred_provider,
}


def needed(request: Request) -> tuple[str, ...]:
    """The filters, beside `paused`, that can remove somebody from this request."""
    options = request.options
    asked = []
    if request.model is not None:
        asked.append("model")
    if options.require_tags:
        asked.append("require_tags")
    if request.prompt.kinds:
        asked.append("capabilities")
    if not request.roomy:
        asked.append("context_window")
        if request.max_tokens is not None:
            asked.append("max_tokens")
    if request.needs:
        asked.append("needs")
    if request.unable:
        asked.append("request")
    if options.max_cost is not None:
        asked.append("max_cost")
    if options.max_response_time is not None:
        asked.append("max_response_time")
    if options.preferred_provider is not None and not options.fallback_enabled:
        asked.append("preferred_provider")
    return tuple(asked)


def prefers(candidate: Candidate, models: tuple[str, ...]) -> bool:
    """Whether the candidate has one of the models that the caller would rather have."""
    deployment = candidate.deployment
    return deployment.model_name in models or deployment.name in models

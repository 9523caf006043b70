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
    if wanted is None or wanted in {deployment.name, deployment.model_name}:
        return None
    return f"is neither deployment nor model {wanted[:80]!r}"


def tagged(candidate: Candidate, request: Request) -> str | None:
    """A required tag is never broken."""
    missing = request.options.require_tags.difference(candidate.deployment.tags)
    return f"lacks {', '.join(sorted(missing))}" if missing else None


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
    "preferred_provider": of_preferred_provider,
}


def needed(request: Request) -> tuple[str, ...]:
    """The filters that can remove somebody from this request; the others need not be asked."""
    options = request.options
    asked = ["paused"]
    if request.model is not None:
        asked.append("model")
    if options.require_tags:
        asked.append("require_tags")
    if options.preferred_provider is not None and not options.fallback_enabled:
        asked.append("preferred_provider")
    return tuple(asked)


def prefers(candidate: Candidate, models: tuple[str, ...]) -> bool:
    """Whether the candidate has one of the models that the caller would rather have."""
    deployment = candidate.deployment
    return deployment.model_name in models or deployment.name in models

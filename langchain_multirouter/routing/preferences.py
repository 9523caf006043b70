"""Preferences: whom a task prefers, in order; by provider or deployment name, settable."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..candidate import Candidate
from ..deployment import PROVIDER_ALIASES, Provider
from ..errors import ConfigurationError, unknown_name
from ..request import Request, TaskType

_AZURE, _BEDROCK, _VERTEX = Provider.AZURE_OPENAI, Provider.AWS_BEDROCK, Provider.GCP_VERTEX

#: The defaults; a router's `task_preferences` replaces the lists it names.
TASK_PREFERENCES: Mapping[TaskType, tuple[str, ...]] = {
    TaskType.CHAT: (_AZURE, _VERTEX, _BEDROCK),
    TaskType.CODE_GENERATION: (_BEDROCK, _VERTEX, _AZURE),
    TaskType.ANALYSIS: (_BEDROCK, _AZURE, _VERTEX),
    TaskType.CREATIVE_WRITING: (_AZURE, _BEDROCK, _VERTEX),
    TaskType.MULTIMODAL: (_VERTEX, _AZURE),
    TaskType.EMBEDDINGS: (_VERTEX, _AZURE),
    TaskType.SUMMARIZATION: (_BEDROCK, _AZURE, _VERTEX),
}

#: The rank of whoever is not in the list: what the reference divides a rank by.
UNLISTED = 10


def rank_for_task(candidate: Candidate, request: Request) -> int:
    """The candidate's place in the task's list, 0 first; `UNLISTED` if it is not in it."""
    return rank_in(ranks_for(request), candidate)


def ranks_for(request: Request) -> Mapping[str, int]:
    """Whom the request's task prefers, by the router's own list or the default one: name → rank."""
    task = request.task_type or TaskType.CHAT
    own = request.preferences.get(task) if request.preferences else None
    return _ranks(own or TASK_PREFERENCES[task])


@lru_cache(maxsize=256)
def _ranks(preferred: tuple[str, ...]) -> Mapping[str, int]:
    ranks: dict[str, int] = {}
    for rank, name in enumerate(preferred[:UNLISTED]):
        ranks.setdefault(name, rank)
    return ranks


def rank_in(ranks: Mapping[str, int], candidate: Candidate) -> int:
    """The candidate's rank, by its name or its provider's, whichever is the better."""
    deployment = candidate.deployment
    by_provider = ranks.get(deployment.provider, UNLISTED)
    by_name = ranks.get(deployment.name, UNLISTED)
    return by_name if by_name < by_provider else by_provider


def read_preferences(given: Mapping[Any, Any] | None) -> dict[TaskType, tuple[str, ...]]:
    """A router's `task_preferences`, validated.

    Raises:
        ConfigurationError: naming the task that is unknown or whose list is none.
    """
    preferences: dict[TaskType, tuple[str, ...]] = {}
    for task, names in (given or {}).items():
        if task not in set(TaskType):
            raise unknown_name("task_preferences: task", str(task), [t.value for t in TaskType])
        if isinstance(names, str) or not all(isinstance(name, str) and name for name in names):
            raise ConfigurationError(f"task_preferences[{task}]: must be a list of names")
        preferences[TaskType(task)] = tuple(PROVIDER_ALIASES.get(name, name) for name in names)
    return preferences

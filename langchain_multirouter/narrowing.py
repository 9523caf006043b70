"""Narrowing: how what the router allows and what a call asks become one, option by option."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import ConfigurationError


def _least(mine: Any, theirs: Any) -> Any:
    if mine is None or theirs is None:
        return mine if theirs is None else theirs
    return min(mine, theirs)


def _asked(_mine: Any, theirs: Any) -> Any:
    return theirs


def _unless_refused(mine: Any, theirs: Any) -> Any:
    """What is asked, unless one of the two says no."""
    if mine is False or theirs is False:
        return False
    return mine if theirs is None else theirs


def _within(mine: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    """What both say; what is allowed where they have nothing in common."""
    return tuple(name for name in theirs if name in mine) or mine or theirs


def _the_same(mine: str | None, theirs: str | None) -> str | None:
    """Whose call it is, is said once: nobody becomes another's tenant."""
    if mine is not None and theirs is not None and mine != theirs:
        raise ConfigurationError("tenant: is another than the router's own, and cannot be changed")
    return theirs if mine is None else mine


def _all_the_same(mine: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    """Those of both; who pays is said once."""
    for key in mine.keys() & theirs.keys():
        if mine[key] != theirs[key]:
            raise ConfigurationError(
                f"spenders[{key[:64]!r}]: is another than the router's own, and cannot be changed"
            )
    return {**mine, **theirs}


#: Option → how what the router allows and what a call asks become one; none of them can widen.
NARROWING: Mapping[str, Callable[[Any, Any], Any]] = {
    "strategy": _asked,
    "preferred_provider": _asked,
    "model_preference": _within,
    "fallback_enabled": lambda mine, theirs: mine and theirs,
    "max_retries": _least,
    "max_attempts": _least,
    "deadline_seconds": _least,
    "require_tags": lambda mine, theirs: mine | theirs,
    "allow_model_change": lambda mine, theirs: mine and theirs,
    "task_type": _asked,
    "max_cost": _least,
    "max_response_time": _least,
    "allow_losses": lambda mine, theirs: mine and theirs,
    "first_token_seconds": _least,
    "idle_seconds": _least,
    "on_interrupted": _asked,
    "hedge": _unless_refused,
    "hedge_tools": _unless_refused,
    "tenant": _the_same,
    "prompt_cache_affinity": lambda mine, theirs: mine and theirs,
    "session": _asked,
    "sticky": _asked,
    "max_wait_seconds": _least,
    "spenders": _all_the_same,
}

"""Settings' changes: options, weights, levels and states after which another deployment is first.

Each is proposed and then tried; what does not put the deployment first is not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from ..candidate import Candidate
from ..options import Strategy
from ..request import Request
from ..routing.strategy import row_of
from . import changes
from .scene import DRAWING, MOST_TURNS, Change, Scene, rounded_up


class _Proposal(NamedTuple):
    """A change that may put the deployment first."""

    kind: str
    words: str
    value: Any
    now: Any = None
    candidate: Candidate | None = None
    request: Request | None = None
    turns: int = 0
    size: float | None = None


def of_settings(scene: Scene, target: Candidate) -> Iterator[Change]:
    """The proposals that hold."""
    name = target.deployment.name
    for proposed in _proposals(scene, target):
        candidates = None if proposed.candidate is None else scene.with_one(proposed.candidate)
        first = scene.choose(candidates, proposed.request, turns=proposed.turns)
        if first == name:
            change = Change(name, proposed.kind, proposed.words, proposed.value, proposed.now)
            yield change if proposed.size is None else change._replace(size=proposed.size)


def _proposals(scene: Scene, target: Candidate) -> Iterator[_Proposal]:
    yield from _turns(scene, target)
    if scene.rotates:
        return
    yield from _states(scene, target)
    yield from _filters(scene, target)
    yield from _limits(scene, target)
    yield from _tags(scene, target)
    yield from _preferences(scene, target)
    yield from _draws(scene, target)


def _states(scene: Scene, target: Candidate) -> Iterator[_Proposal]:
    """Health, pausing and levels."""
    name, now = target.deployment.name, scene.now
    if target.paused:
        words = f"after resume({name!r})"
        yield _Proposal("paused", words, False, True, changes.resumed(target))
    elif not target.healthy(now):
        words = f"once it is healthy again (now: {target.why_out(now)})"
        yield _Proposal("health", words, True, False, changes.healthy(target))
    level = target.deployment.fallback_level
    if level:
        words = f"with fallback_level=0 ({level} now)"
        yield _Proposal("fallback_level", words, 0, level, changes.with_level(target, 0))


def _turns(scene: Scene, target: Candidate) -> Iterator[_Proposal]:
    """The first call after this one that begins with it, where nothing else changes."""
    if scene.draws_lots:
        return
    for turns in range(1, min(MOST_TURNS, len(scene.candidates))):
        if scene.choose(turns=turns) == target.deployment.name:
            words = "in the next call" if turns == 1 else f"{turns} calls later"
            yield _Proposal("turn", f"{words}, by turn", turns, 0, turns=turns)
            return


def _filters(scene: Scene, target: Candidate) -> Iterator[_Proposal]:
    """Without what removed it."""
    why = scene.ranking.removed.get(target.deployment.name)
    if why is None:
        return
    undo = _UNDONE.get(why.partition(":")[0])
    if undo is None:
        return
    option, value = undo
    now = getattr(scene.request.options, option)
    words = f"with {option}={value!r}" if value else f"without {option}"
    yield _Proposal(option, words, value, now, request=scene.with_options(**{option: value}))


#: Filter → the option that it is of, and the value that removes nobody.
_UNDONE: Final[Mapping[str, tuple[str, Any]]] = {
    "model_preference": ("model_preference", ()),
    "preferred_provider": ("fallback_enabled", True),
}


def _limits(scene: Scene, target: Candidate) -> Iterator[_Proposal]:
    """A max_cost or max_response_time that it keeps to, and those before it do not; or one that
    lets it in."""
    options = scene.request.options
    for option, needed, unit in (
        ("max_cost", target.expected_usd(scene.request), "USD"),
        ("max_response_time", target.average_seconds, "s"),
    ):
        now = getattr(options, option)
        if needed is None:
            continue
        value = rounded_up(needed) if needed else 0.0
        if value <= 0.0 and option == "max_response_time":
            continue
        size = None if not now else abs(value - now) / now
        if now is not None and value > now:
            words = f"with a {option} of at least {value:.6g} {unit} ({now:.6g} now)"
        else:
            words = f"with a {option} of {value:.6g} {unit}, which leaves out those before it"
        if now is None or value != now:
            request = scene.with_options(**{option: value})
            yield _Proposal(option, words, value, now, request=request, size=size)


def _tags(scene: Scene, target: Candidate) -> Iterator[_Proposal]:
    required, own = scene.request.options.require_tags, frozenset(target.deployment.tags)
    missing = required - own
    if missing:
        words = f"without require_tags {', '.join(sorted(missing))}"
        request = scene.with_options(require_tags=required - missing)
        yield _Proposal("require_tags", words, sorted(required - missing), sorted(required),
                        request=request)  # fmt: skip
    for tag in sorted(own - required):
        request = scene.with_options(require_tags=required | {tag})
        words = f"with require_tags={[*sorted(required), tag]!r}"
        yield _Proposal("require_tags", words, sorted(required | {tag}), sorted(required),
                        request=request)  # fmt: skip


def _preferences(scene: Scene, target: Candidate) -> Iterator[_Proposal]:
    options, provider = scene.request.options, str(target.deployment.provider)
    if options.preferred_provider != provider:
        words = f"with preferred_provider={provider!r}"
        now = options.preferred_provider
        request = scene.with_options(preferred_provider=provider)
        yield _Proposal("preferred_provider", words, provider, now, request=request)
    for strategy in Strategy:
        turning = strategy is Strategy.ROUND_ROBIN or row_of(strategy).picker in DRAWING
        if strategy == options.strategy or turning:
            continue  # whose turn it is, or on whom the lot falls, is no reason
        request = scene.with_options(strategy=strategy)
        words = f"with strategy={strategy.value!r}"
        yield _Proposal("strategy", words, strategy.value, options.strategy_name, request=request)


def _draws(scene: Scene, target: Candidate) -> Iterator[_Proposal]:
    """The weight at which its share is the largest: its score, solved for it."""
    if scene.request.options.strategy is not Strategy.WEIGHTED_RANDOM:
        return
    scores = {n: s for n, s in scene.ranking.scores.items() if n != target.deployment.name}
    weight = target.deployment.weight
    scorer = row_of(Strategy.WEIGHTED_RANDOM).scorer
    one = scorer.scores([changes.with_weight(target, 1.0)], scene.request, scene.now)[0]
    if not scores or one <= 0.0:
        return
    value = rounded_up(1.000_001 * max(scores.values()) / one) if max(scores.values()) > 0 else 1.0
    if value <= weight:
        return
    size = None if not weight else (value - weight) / weight
    words = f"with a weight of at least {value:.4g} ({weight:g} now)"
    changed = changes.with_weight(target, value)
    yield _Proposal("weight", words, value, weight, changed, size=size)

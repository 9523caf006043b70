"""Oversight: what can be asked of a router and done to it, whatever it routes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from .assembly import Assembled
from .candidate import Candidate
from .deployment import finite
from .errors import ConfigurationError, unknown_name
from .fleet import Fleet
from .health import CHECK_SECONDS, Health, acheck_all, check_all
from .options import OPTION_NAMES, Options, narrow
from .request import Request
from .routing.strategy import Ranking, rank
from .telemetry.events import Paused, Resumed

if TYPE_CHECKING:
    from .telemetry.advising.situation import Settings
    from .telemetry.report import Analytics

#: A router's repr names so many deployments.
SHOWN_NAMES = 5


class Overseen:
    """Statistics, health, pausing and narrowing; nothing is sent but by `check_health`."""

    routing_options: ClassVar[frozenset[str]] = OPTION_NAMES

    if TYPE_CHECKING:
        assembled: Any
        compiled: Any

        def _narrowed(self, options: Options, names: Iterable[str]) -> Self:
            """A copy with these options, of which the named ones are others than the router's."""

    def with_routing(self, **options: Any) -> Self:
        """A router with narrower options that shares this one's deployments and statistics.

        Unlike `.bind(...)` it is of the same class, so that the options survive `bind_tools`,
        `with_structured_output`, agents and vector stores.

        Raises:
            ConfigurationError: naming the option that is unknown or wrong.
        """
        for name in options:
            if name not in self.routing_options:
                raise unknown_name("Routing option", name, self.routing_options)
        return self._narrowed(narrow(self.compiled.options, options), options)

    def counts(self) -> dict[str, dict[str, Any]]:
        """Attempts per deployment; `started` is the sum of the other four at every moment."""
        return {c.deployment.name: c.stats.public() for c in self.assembled.fleet.snapshot()}

    def pause(self, name: str) -> None:
        """Send nothing more to the deployment until `resume`; what is under way goes on."""
        self.assembled.fleet.pause(name)
        self.assembled.audience.announce(Paused(name))

    def resume(self, name: str) -> None:
        """Undo `pause`."""
        self.assembled.fleet.resume(name)
        self.assembled.audience.announce(Resumed(name))

    def analytics(self, *, since_seconds: float | None = None) -> Analytics:
        """What the statistics and the last 10,000 calls say, and what to change.

        A table in Jupyter and as text; `.to_dict()`, `.to_pandas()`, `.plot()`, `.to_html(path)`.

        Args:
            since_seconds: Only calls that ended in the last so many seconds; all that are kept
                if not given. The counts since the router was made are shown all the same.

        Raises:
            ConfigurationError: naming `since_seconds`, where it is no number above 0.
        """
        from .telemetry.report import Analytics, Moment  # a dozen modules that calls do without

        if since_seconds is not None:
            _more_than_nothing("since_seconds", since_seconds)
        known: Assembled = self.assembled
        moment = Moment(time.monotonic(), datetime.now(UTC))
        return Analytics(
            known.fleet.snapshot(),
            calls=known.fleet.calls,
            failed_calls=known.fleet.failed_calls,
            checked=known.checked,
            moment=moment,
            notes=known.kind.notes,
            records=moment.latest(known.fleet.history, since_seconds),
            settings=settings_of(known, self.compiled.options, moment.wall),
        )

    def spending(
        self, *, tenant: str | None = None, spenders: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Every budget: what is spent, reserved and left in this window, by account.

        An account is named by a digest of the key's value; "" is of calls that name none, and of
        budgets without a key.

        Args:
            tenant: Only the accounts that a call of this tenant goes to.
            spenders: And of these spenders.
        """
        fleet: Fleet = self.assembled.fleet
        only = None
        if fleet.books is not None and (tenant is not None or spenders):
            only = fleet.books.payers(tenant, spenders or {})
        return fleet.spending(time.monotonic(), only)

    def check_health(self, *, timeout_seconds: float = CHECK_SECONDS) -> dict[str, Health]:
        """Ask every deployment at once, with the smallest of calls or its own `health_check`.

        The calls count as attempts and cost what such calls cost. Who fails is unhealthy from then
        on, until a probe or another check succeeds.

        Args:
            timeout_seconds: The longest any of them may take.
        """
        return check_all(self.assembled, _more_than_nothing("timeout_seconds", timeout_seconds))

    async def acheck_health(self, *, timeout_seconds: float = CHECK_SECONDS) -> dict[str, Health]:
        """As `check_health`, on the running event loop."""
        seconds = _more_than_nothing("timeout_seconds", timeout_seconds)
        return await acheck_all(self.assembled, seconds)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Short, since it goes into every trace; names only, never a model's own settings."""
        names = [served.deployment.name for served in self.assembled.served]
        more = len(names) - SHOWN_NAMES
        yield "deployments", names[:SHOWN_NAMES] + ([f"and {more} more"] if more > 0 else [])
        yield "strategy", self.compiled.options.strategy_name
        if self.compiled.options.deadline_seconds is not None:
            yield "deadline_seconds", self.compiled.options.deadline_seconds
        yield "at_most", str(self.assembled.bound(self.compiled.options))


def considered(request: Request, fleet: Fleet, now: float) -> tuple[Ranking, Sequence[Candidate]]:
    """The ranking that a call would begin with; the router's turn is not used up."""
    candidates = fleet.snapshot()
    ranking = rank(candidates, request, turn=fleet.next_turn, rng=fleet.rng_copy(), now=now)
    return ranking, candidates


def settings_of(known: Assembled, options: Options, at: datetime) -> Settings:
    """What advice has to know of a router's settings."""
    from .telemetry.advising.situation import Settings, price_changes

    bound = known.bound(options)
    hidden = {s.deployment.name: s.classes.hidden_attempts(s.model) for s in known.served}
    changes = price_changes(known.fleet.snapshot(), known.price_at, at)
    wrappings = getattr(bound, "wrappings", ())
    return Settings(options, hidden, bound.attempts, bound.requests, changes, wrappings)


def _more_than_nothing(name: str, seconds: float) -> float:
    if not finite(name, seconds):
        raise ConfigurationError(f"{name}: must be more than 0")
    return seconds

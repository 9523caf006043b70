"""Boto client: a boto3 client like another, but with one attempt and other time limits.

A client made anew would resolve its credentials again (maybe others, maybe over the network), lose
the user's event hooks and cost 50 ms. A twin shares all of that and differs in two things: its
endpoint does not repeat, and has an HTTP session of its own. The original is not touched.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from .construction import imported, is_a, seconds_of

#: Attempts where the settings say nothing, by botocore's retry mode.
_DEFAULT_ATTEMPTS: Final[Mapping[str, int]] = {"legacy": 5, "standard": 3, "adaptive": 3}

#: botocore's own time limit.
_NOBODYS_SECONDS: Final = 60

#: What the models call; a user's replacement of one is bound to the original client.
_OPERATIONS: Final = frozenset(
    {"converse", "converse_stream", "invoke_model", "invoke_model_with_response_stream"}
)


class TimeLimits(NamedTuple):
    """Seconds for a connection, and for each wait for bytes; None is for ever."""

    connect_seconds: float | None
    read_seconds: float | None


def attempts(client: Any) -> int:
    """Wire attempts for one failing call: a total, else repetitions and one, else the mode's.

    1 for a stand-in that does not tell.
    """
    config = _config(client)
    retries = getattr(config, "retries", None) or {}
    if config is None or not isinstance(retries, Mapping):
        return 1
    total = retries.get("total_max_attempts")
    if total is None:
        again = retries.get("max_attempts")
        mode = str(retries.get("mode", "standard"))
        total = _DEFAULT_ATTEMPTS.get(mode, 3) if again is None else again + 1
    return max(1, int(total))


def limits(client: Any) -> TimeLimits:
    """The client's time limits; those of a stand-in are not known."""
    config = _config(client)
    return TimeLimits(
        seconds_of(getattr(config, "connect_timeout", None)),
        seconds_of(getattr(config, "read_timeout", None)),
    )


def one_attempt(config: Any, wanted: TimeLimits) -> Any:
    """The user's `Config` with one attempt and these time limits."""
    ours = imported("botocore.config", "Config", extra="bedrock")(
        connect_timeout=wanted.connect_seconds,
        read_timeout=wanted.read_seconds,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    return ours if config is None else config.merge(ours)


def wanted_limits(
    config: Any, client: Any = None, *, own: float | None = None, otherwise: float
) -> TimeLimits:
    """The user's own time limits: of the model, its `Config`, a client that they made; else ours.

    Args:
        config: What the model was given as a `Config`, if it was.
        client: Its boto3 client, where there is one already.
        own: The model's own time limit, if it has one.
        otherwise: Where nobody said anything.
    """
    said = getattr(config, "_user_provided_options", None)
    said = said if isinstance(said, Mapping) else {}
    made = [None if seconds == _NOBODYS_SECONDS else seconds for seconds in limits(client)]
    return TimeLimits(
        own or said.get("connect_timeout") or made[0] or otherwise,
        own or said.get("read_timeout") or made[1] or otherwise,
    )


def _config(client: Any) -> Any:
    return getattr(getattr(client, "meta", None), "config", None)


def can_be_twinned(client: Any) -> bool:
    """Whether it is a plain boto3 client, not a stand-in and not one with replaced methods."""
    if not is_a(client, ("BaseClient",), package="botocore"):
        return False
    session = getattr(getattr(client, "_endpoint", None), "http_session", None)
    return type(session).__name__ == "URLLib3Session" and not _OPERATIONS & vars(client).keys()


def twin(client: Any, wanted: TimeLimits) -> Any:
    """A client over the same credentials, hooks and address, with one attempt and these limits."""
    make_config = imported("botocore.config", "Config", extra="bedrock")
    config = client.meta.config.merge(
        make_config(
            connect_timeout=wanted.connect_seconds,
            read_timeout=wanted.read_seconds,
            retries={"total_max_attempts": 1, "mode": "standard"},
        )
    )
    meta = copy.copy(client.meta)
    meta._client_config = config
    endpoint = copy.copy(client._endpoint)
    endpoint._needs_retry = _never
    endpoint.http_session = _session(client._endpoint.http_session, config, wanted)
    other = object.__new__(type(client))  # its __getattr__ stands in copy.copy's way
    vars(other).update(vars(client))
    other.meta = meta
    other._client_config = config
    other._endpoint = endpoint
    return other


def _never(*_arguments: Any, **_named: Any) -> bool:
    return False


def _session(session: Any, config: Any, wanted: TimeLimits) -> Any:
    """The same proxies, certificates and socket options, other time limits."""
    other = type(session)(
        verify=session._verify,
        timeout=wanted,
        max_pool_connections=session._max_pool_connections,
        socket_options=session._socket_options,
        client_cert=config.client_cert,
    )
    other._proxy_config = session._proxy_config
    return other

"""Genai client: a google-genai client with one attempt and a time limit.

By itself it waits for ever, and sends again (once, after one to ten seconds) what aiohttp could not
deliver, unless retry options are set; both are read from its HTTP options at every request.
"""

from __future__ import annotations

from typing import Any

from ..construction import imported, is_a


def is_one(client: Any) -> bool:
    """Whether it is a client of the SDK, not a stand-in."""
    return is_a(client, ("Client",), package="google") and hasattr(client, "_api_client")


def timeout_seconds(client: Any) -> float | None:
    """The time limit of its requests; the SDK counts milliseconds."""
    milliseconds = getattr(_options(client), "timeout", None)
    return milliseconds / 1000.0 if isinstance(milliseconds, int | float) else None


def attempts(client: Any) -> int:
    """The attempts of its retry options, 1 without any."""
    retries = getattr(_options(client), "retry_options", None)
    if retries is None:
        return 1
    said = retries.attempts
    return 5 if said is None else max(1, int(said))  # the SDK's own default


def is_settled(client: Any) -> bool:
    """Whether it has a time limit, and one attempt alone."""
    options = _options(client)
    return bool(options.timeout and options.retry_options) and attempts(client) == 1


def settle(client: Any, seconds: float) -> None:
    """Set a time limit and one attempt on a client that is our own."""
    for name, value in _settings(client, seconds).items():
        setattr(_options(client), name, value)


def twin(client: Any, seconds: float) -> Any:
    """A client over the same credentials and address, with one attempt and a time limit.

    It has connections of its own: the SDK's clients close theirs when they are forgotten.
    """
    api, options = client._api_client, _options(client)
    said: dict[str, Any] = {"vertexai": bool(api.vertexai), "api_key": api.api_key}
    if api.vertexai:
        said |= {"project": api.project, "location": api.location}
    if not api.api_key:  # the SDK takes either
        said["credentials"] = api._credentials
    said["http_options"] = options.model_copy(update=_settings(client, seconds))
    return type(client)(**said)


def _options(client: Any) -> Any:
    return getattr(getattr(client, "_api_client", None), "_http_options", None)


def _settings(client: Any, seconds: float) -> dict[str, Any]:
    once = imported("google.genai.types", "HttpRetryOptions", extra="vertex")(attempts=1)
    milliseconds = _options(client).timeout or max(1, round(1000 * seconds))
    return {"timeout": milliseconds, "retry_options": once}

"""Settings: what of a router says which caches it has, and what may come out of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, NoReturn

from langchain_core.caches import BaseCache
from langchain_core.globals import get_llm_cache
from langchain_core.language_models import BaseChatModel
from pydantic import Field, SecretBytes

from ..attempt import Attempts
from ..deployment import finite
from ..errors import ConfigurationError
from ..options import Options
from ..steps import Flow
from .exact import AnswerCache
from .key import query_of, router_fingerprint
from .shelf import CacheCounts, Shelf, Shelves
from .visit import Rules, Visit

DEFAULT_TIMEOUT_SECONDS: Final = 0.5
#: In bytes; as RFC 2104 advises against shorter ones.
LEAST_KEY_BYTES: Final = 16
#: Caches that hang take no more than this part of a call's deadline.
DEADLINES_SHARE: Final = 0.25
#: Settings to which pydantic would take True for 1.
NUMBERS: Final = frozenset(
    {"cache_timeout_seconds", "cache_fresh_seconds", "cache_last_resort_seconds"}
)


class Caching(NamedTuple):
    """What a call needs of these settings."""

    caches: tuple[Any, ...] | None  # None: the global one of the moment
    is_required: bool  # `cache=True`: there has to be a global one
    seconds: float
    rules: Rules
    router: str  # what tells routers apart

    def visit(
        self,
        call: tuple[Flow, Attempts, Options],
        *,
        model: str | None,
        shelves: Shelves,
        number: int,
    ) -> Visit | None:
        """The call beside its caches; None where there are none, or it has no key.

        Raises:
            ConfigurationError: `cache=True`, and no global cache.
        """
        caches = self.caches
        if caches is None:
            everybodys = get_llm_cache()
            if everybodys is None:
                return self._no_cache() if self.is_required else None
            caches = (everybodys,)
        _, attempts, options = call
        sent = (attempts.messages, attempts.parameters, options)
        query = query_of(*sent, model=model, router=self.router)
        if query is None:
            shelves.count(not_kept=1)
            return None
        guards = [shelves.guard(cache) for cache in caches]
        deadline = options.deadline_seconds
        share = None if deadline is None else DEADLINES_SHARE * deadline / len(guards)
        shelf = Shelf(
            guards,
            shelves,
            seconds=self.seconds,
            share_seconds=share,
            key=self.rules.key,
            call=number,
        )
        return Visit(call, query, shelf=shelf, shelves=shelves, rules=self.rules, number=number)

    def _no_cache(self) -> NoReturn:
        raise ConfigurationError("cache: is True, and set_llm_cache() gave none")


def caching_of(router: Any, deployments: str, beside: Sequence[Any]) -> Caching | None:
    """A router's caching; None where it is off.

    Args:
        router: Its settings.
        deployments: The fingerprint of its deployments.
        beside: What else decides who answers: task preferences, a classifier.

    Raises:
        ConfigurationError: naming the setting that is wrong.
    """
    seconds = finite("cache_timeout_seconds", router.cache_timeout_seconds, least=1e-3)
    fresh = finite("cache_fresh_seconds", router.cache_fresh_seconds)
    oldest = finite("cache_last_resort_seconds", router.cache_last_resort_seconds)
    if oldest is not None and (fresh is None or oldest <= fresh):
        raise ConfigurationError(
            "cache_last_resort_seconds: must be more than cache_fresh_seconds, after which an "
            "answer is no longer served as it is"
        )
    given = router.__dict__["cache"]
    if given is False:
        return None
    caches = None if given is None or given is True else read_caches(given)
    key = _key_of(router.cache_secret_key)
    rules = Rules(fresh, oldest, bool(router.cache_fallbacks), key)
    secret = hashlib.sha256(key).hexdigest() if key else None
    told = router_fingerprint(deployments, [*beside, secret])
    return Caching(caches, given is True, seconds or DEFAULT_TIMEOUT_SECONDS, rules, told)


def _key_of(secret: SecretBytes | bytes | None) -> bytes:
    if secret is None:
        return b""
    key = secret.get_secret_value() if isinstance(secret, SecretBytes) else secret
    if not isinstance(key, bytes) or len(key) < LEAST_KEY_BYTES:
        raise ConfigurationError(f"cache_secret_key: must have {LEAST_KEY_BYTES} bytes or more")
    return key


def read_caches(given: Any) -> tuple[Any, ...]:
    """The caches, in the order in which they are asked.

    Raises:
        ConfigurationError: one is no cache, or there is none.
    """
    caches = tuple(given) if isinstance(given, list | tuple) else (given,)
    for cache in caches:
        if not isinstance(cache, BaseCache | AnswerCache):
            raise ConfigurationError(
                "cache: must be a LangChain cache, a SemanticCache, a list of these, True (the "
                f"global one), False or None, not {type(cache).__name__}"
            )
    if not caches:
        raise ConfigurationError("cache: is an empty list; False is for no cache")
    return caches


class _KeptFromLangChain:
    """`cache` as LangChain's own code reads it: off, since the router itself looks up and keeps.

    What was given is in the router's dictionary, where copies and settings find it. Asked of the
    class it is not there: pydantic would take it for a default.
    """

    def __get__(self, instance: Any, owner: type | None = None) -> bool:
        if instance is None:
            raise AttributeError("cache")
        return False

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__["cache"] = value


class Cached(BaseChatModel):
    """A router's caches.

    Args:
        cache: A LangChain cache, a `SemanticCache`, or several, asked in order; None is the global
            one, if there is one, True insists on it, False is none. Read back it is always False,
            which is what LangChain's own caching is to believe.
        cache_timeout_seconds: How long a call waits for a cache that is not in memory, each time. A
            `SemanticCache` has a limit of its own. A call with a deadline spares a quarter of it.
        cache_fallbacks: Whether an answer is kept that another model gave than would have been
            asked, had nobody been out.
        cache_fresh_seconds: How old an answer may be that is served instead of a call.
        cache_last_resort_seconds: How old one may be that is served where every deployment is out;
            None for never.
        cache_secret_key: Seals what is kept, so that nobody who can write to the cache but has not
            the key can plant an answer, and nobody who can read it can guess at a prompt. At least
            16 bytes; the same for all who share the cache.
    """

    cache: Any = Field(default=None, exclude=True, repr=False)
    cache_timeout_seconds: float = Field(default=DEFAULT_TIMEOUT_SECONDS, repr=False)
    cache_fallbacks: bool = Field(default=False, repr=False)
    cache_fresh_seconds: float | None = Field(default=None, repr=False)
    cache_last_resort_seconds: float | None = Field(default=None, repr=False)
    cache_secret_key: SecretBytes | None = Field(default=None, exclude=True, repr=False)
    assembled: Any
    compiled: Any

    def cache_counts(self) -> CacheCounts:
        """Hits, misses, what was stored, what failed and what was saved, by all of its copies."""
        counts: CacheCounts = self.assembled.shelves.counts
        return counts

    def _visit(
        self, call: tuple[Flow, Attempts, Options], keywords: Mapping[str, Any]
    ) -> Visit | None:
        """The call beside the router's caches; None where there are none."""
        caching: Caching | None = self.compiled.caching
        if caching is None:
            return None
        known = self.assembled
        number = known.fleet.next_turn
        return caching.visit(
            call, model=keywords.get("model"), shelves=known.shelves, number=number
        )


Cached.cache = _KeptFromLangChain()

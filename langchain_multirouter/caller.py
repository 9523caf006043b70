"""The caller's side: what LangChain's run machinery sees of a router.

Its identity, routing options lifted out of the configuration, and streams closed when left.
LangChain's own `stream` leaves the inner generator to the garbage collector, and its `astream` to
the event loop's finalizer, some turns later and in another task. An attempt has to be settled when
it is left, so both are owned here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import RunnableConfig, ensure_config
from langchain_core.runnables.config import var_child_runnable_config

from .options import read_configurable

Stream = TypeVar("Stream")

#: A router's repr names so many deployments.
SHOWN_NAMES = 5

#: The inner streams that the caller's stream began. Set around its first step alone: no token of a
#: context variable may be held across a `yield`.
_OWNED: ContextVar[list[Any] | None] = ContextVar("langchain_multirouter_owned", default=None)


def own(stream: Stream) -> Stream:
    """Tell the caller's stream, if there is one, that this inner one is its own to close."""
    owned = _OWNED.get()
    if owned is not None:
        owned.append(stream)
    return stream


class CallerSide(BaseChatModel):
    """Invoke and stream as LangChain does, with what a router needs around them."""

    assembled: Any
    compiled: Any

    @property
    def _llm_type(self) -> str:
        return "multirouter"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        identity: Mapping[str, Any] = self.compiled.identity
        return identity

    def _get_invocation_params(
        self, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        """As LangChain's own, without building what does not change at every call."""
        return {**self.compiled.identity, "_type": "multirouter", "stop": stop, **kwargs}

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Short, since it goes into every trace; names only, never a model's own settings."""
        names = [served.deployment.name for served in self.assembled.served]
        more = len(names) - SHOWN_NAMES
        yield "deployments", names[:SHOWN_NAMES] + ([f"and {more} more"] if more > 0 else [])
        yield "strategy", self.compiled.options.strategy_name
        if self.compiled.options.deadline_seconds is not None:
            yield "deadline_seconds", self.compiled.options.deadline_seconds
        yield "at_most", str(self.assembled.bound(self.compiled.options))

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        model = kwargs.get("model")
        params = LangSmithParams(
            ls_provider="multirouter",
            ls_model_type="chat",
            ls_model_name=model if isinstance(model, str) else self.compiled.identity["model_name"],
        )
        temperature = kwargs.get("temperature", self.compiled.parameters.temperature)
        if temperature is not None:
            params["ls_temperature"] = temperature
        max_tokens = kwargs.get("max_tokens", self.compiled.parameters.max_tokens)
        if max_tokens is not None:
            params["ls_max_tokens"] = max_tokens
        if stop:
            params["ls_stop"] = stop
        return params

    def _lifted(self, config: RunnableConfig | None, keywords: dict[str, Any]) -> dict[str, Any]:
        """Keywords with the permitted options of the configuration; the call's own win."""
        if config is None and var_child_runnable_config.get() is None:
            return keywords
        asked = ensure_config(config).get("configurable", {}).get("router")
        if asked is None:
            return keywords
        return {**read_configurable(asked, self.compiled.permitted), **keywords}

    def invoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """The whole answer."""
        return super().invoke(input, config, stop=stop, **self._lifted(config, kwargs))

    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """The whole answer."""
        return await super().ainvoke(input, config, stop=stop, **self._lifted(config, kwargs))

    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        """The answer in chunks; leaving the loop gives the connection back at once."""
        keywords = self._lifted(config, kwargs)
        owned: list[Any] = []
        chunks = super().stream(input, config, stop=stop, **keywords)
        try:
            token = _OWNED.set(owned)
            try:
                first = next(chunks, None)
            finally:
                _OWNED.reset(token)
            if first is not None:
                yield first
                yield from chunks
        finally:
            chunks.close()  # type: ignore[attr-defined]  # a generator
            for inner in owned:
                inner.close()

    async def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        """The answer in chunks; leaving the loop and closing it gives the connection back."""
        keywords = self._lifted(config, kwargs)
        owned: list[Any] = []
        chunks = super().astream(input, config, stop=stop, **keywords)
        try:
            token = _OWNED.set(owned)
            try:
                first = await anext(chunks, None)
            finally:
                _OWNED.reset(token)
            if first is not None:
                yield first
                async for chunk in chunks:
                    yield chunk
        finally:
            await chunks.aclose()  # type: ignore[attr-defined]  # a generator
            for inner in owned:
                await inner.aclose()

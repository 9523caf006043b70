"""The caller's side: what LangChain's run machinery sees of a router.

Its identity, routing options lifted out of the configuration, and streams closed when left.
LangChain's own `stream` leaves the inner generator to the garbage collector, and its `astream` to
the event loop's finalizer, some turns later and in another task. An attempt has to be settled when
it is left, so both are owned here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Literal, TypeVar

from langchain_core.callbacks.manager import BaseRunManager
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import RunnableConfig, ensure_config
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.utils.uuid import uuid7
from pydantic import ConfigDict

from .identity import name_of
from .options import read_configurable
from .tracing import kind_of
from .unwatched import AINVOKE, ASTREAM, INVOKE, STREAM, handed, looked

Stream = TypeVar("Stream")

#: The inner streams that the caller's stream began. Set around its first step alone: no token of a
#: context variable may be held across a `yield`.
_OWNED: ContextVar[list[Any] | None] = ContextVar("langchain_multirouter_owned", default=None)


def own(stream: Stream) -> Stream:
    """Tell the caller's stream, if there is one, that this inner one is its own to close."""
    owned = _OWNED.get()
    if owned is not None:
        owned.append(stream)
    return stream


#: The manager of the run that is about to stream, for `_stream`, which is told of none.
_MANAGER: ContextVar[BaseRunManager | None] = ContextVar(
    "langchain_multirouter_manager", default=None
)


def run_manager_of_stream() -> BaseRunManager | None:
    """The run manager of a call that streams, once: LangChain gives `_stream` none."""
    manager = _MANAGER.get()
    if manager is not None:
        _MANAGER.set(None)
    return manager


def watched(config: RunnableConfig | None) -> tuple[RunnableConfig | None, BaseRunManager | None]:
    """For a stream, of whose run LangChain tells nothing: its tracers, and an id that we chose."""
    if config is None:
        return None, None
    callbacks = config.get("callbacks")
    handlers = callbacks if isinstance(callbacks, list) else getattr(callbacks, "handlers", ())
    if not any(kind_of(handler) for handler in handlers):
        return config, None
    config["run_id"] = run_id = config.get("run_id") or uuid7()
    manager = BaseRunManager(run_id=run_id, handlers=list(handlers), inheritable_handlers=[])
    return config, manager


class CallerSide(BaseChatModel):
    """Invoke and stream as LangChain does, with what a router needs around them."""

    model_config = ConfigDict(defer_build=True)  # never made by itself

    assembled: Any
    streaming: bool
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

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        """The key for a cache; functions by a name, since an address is used again."""
        named = {k: name_of(v) if callable(v) else v for k, v in kwargs.items() if k != "session"}
        return super()._get_llm_string(stop, **named)

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

    def _lifted(
        self, config: RunnableConfig | None, keywords: dict[str, Any]
    ) -> tuple[RunnableConfig | None, dict[str, Any]]:
        """The whole configuration, if there is one, and keywords with its permitted options.

        The call's own win.
        """
        if config is None and var_child_runnable_config.get() is None:
            return None, keywords
        config = ensure_config(config)
        configurable = config.get("configurable", {})
        asked = configurable.get("router")
        if asked is not None:
            keywords = {**read_configurable(asked, self.compiled.permitted), **keywords}
        options = self.compiled.options
        thread = configurable.get("thread_id")
        if thread in (None, "") or options.session is not None or "session" in keywords:
            return config, keywords
        sticky = keywords.get("sticky", options.sticky)
        return config, {**keywords, "session": str(thread)} if sticky is True else keywords

    def _should_stream(self, *, run_manager: Any = None, **kwargs: Any) -> bool:
        """As LangChain's own; `_stream`, which follows at once, learns whose run it is.

        Where nobody asks for a stream there is none, which LangChain finds out at greater length.
        """
        watched = run_manager is not None and run_manager.handlers
        if not watched and not self.streaming and not kwargs.get("stream"):
            return False
        streams = super()._should_stream(run_manager=run_manager, **kwargs)
        if streams and run_manager is not None:
            _MANAGER.set(run_manager)
        return streams

    def _should_use_protocol_streaming(self, *, run_manager: Any = None, **kwargs: Any) -> bool:
        """As LangChain's own, which says no where nobody watches."""
        if run_manager is None or not run_manager.handlers:
            return False
        return super()._should_use_protocol_streaming(run_manager=run_manager, **kwargs)

    def invoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """The whole answer."""
        config, keywords = self._lifted(config, kwargs)
        call, config = looked(self, input, config, keywords, INVOKE)
        if call is None:
            return super().invoke(input, config, stop=stop, **keywords)
        return call.answer(self._generate(call.messages, stop, call.manager, **keywords))

    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """The whole answer."""
        config, keywords = self._lifted(config, kwargs)
        call, config = looked(self, input, config, keywords, AINVOKE)
        if call is None:
            return await super().ainvoke(input, config, stop=stop, **keywords)
        return call.answer(await self._agenerate(call.messages, stop, call.manager, **keywords))

    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        """The answer in chunks; leaving the loop gives the connection back at once."""
        config, keywords = self._lifted(config, kwargs)
        call, config = looked(self, input, config, keywords, STREAM)
        if call is not None:
            own_id, inner = call.message_id(), self._stream(call.messages, stop, None, **keywords)
            try:
                for piece in inner:
                    yield handed(piece, own_id)
            finally:
                inner.close()  # type: ignore[attr-defined]  # a generator
            return
        config, manager = watched(config)
        owned: list[Any] = []
        chunks = super().stream(input, config, stop=stop, **keywords)
        try:
            token = _OWNED.set(owned)
            kept = _MANAGER.set(manager)
            try:
                first = next(chunks, None)
            finally:
                _OWNED.reset(token)
                _MANAGER.reset(kept)
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
        config, keywords = self._lifted(config, kwargs)
        call, config = looked(self, input, config, keywords, ASTREAM)
        if call is not None:
            own_id, inner = call.message_id(), self._astream(call.messages, stop, None, **keywords)
            try:
                async for piece in inner:
                    yield handed(piece, own_id)
            finally:
                await inner.aclose()  # type: ignore[attr-defined]  # a generator
            return
        config, manager = watched(config)
        owned: list[Any] = []
        chunks = super().astream(input, config, stop=stop, **keywords)
        try:
            token = _OWNED.set(owned)
            kept = _MANAGER.set(manager)
            try:
                first = await anext(chunks, None)
            finally:
                _OWNED.reset(token)
                _MANAGER.reset(kept)
            if first is not None:
                yield first
                async for chunk in chunks:
                    yield chunk
        finally:
            await chunks.aclose()  # type: ignore[attr-defined]  # a generator
            for inner in owned:
                await inner.aclose()

    def stream_events(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        version: Literal["v1", "v2", "v3"] = "v2",
        **kwargs: Any,
    ) -> Any:
        """LangChain's events; version 3 passes by `stream`, where the others take options up."""
        if version == "v3":
            _, kwargs = self._lifted(config, kwargs)
        return super().stream_events(input, config, version=version, **kwargs)

    def astream_events(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        version: Literal["v1", "v2", "v3"] = "v2",
        **kwargs: Any,
    ) -> Any:
        """LangChain's events; version 3 passes by `astream`, where the others take options up."""
        if version == "v3":
            _, kwargs = self._lifted(config, kwargs)
        return super().astream_events(input, config, version=version, **kwargs)

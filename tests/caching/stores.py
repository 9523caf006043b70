"""Stores: caches of LangChain's kind that count, fail, wait and lie on command."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.caches import BaseCache
from langchain_core.outputs import Generation

from langchain_multirouter.caching.query import Query
from langchain_multirouter.caching.stored import read, written

Entry = Sequence[Generation]


class Recording(BaseCache):
    """Not LangChain's own class, so that it is asked in a thread; knows what it was told."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Entry] = {}
        self.lookups: list[tuple[str, str]] = []
        self.updates: list[tuple[str, str]] = []

    def lookup(self, prompt: str, llm_string: str) -> Any:
        self.lookups.append((prompt, llm_string))
        return self.entries.get((prompt, llm_string))

    def update(self, prompt: str, llm_string: str, return_val: Entry) -> None:
        self.updates.append((prompt, llm_string))
        self.entries[prompt, llm_string] = return_val

    def clear(self, **_: Any) -> None:
        self.entries.clear()


class Replying(Recording):
    """Finds whatever the function gives for what is there, or raises what it raises."""

    def __init__(self, reply: Callable[[Entry | None], Any]) -> None:
        super().__init__()
        self.reply = reply

    def lookup(self, prompt: str, llm_string: str) -> Any:
        return self.reply(super().lookup(prompt, llm_string))


class Down(Recording):
    """Raises, whatever it is asked, while `fault` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: BaseException | None = ConnectionError("no route to the cache")

    def lookup(self, prompt: str, llm_string: str) -> Any:
        found = super().lookup(prompt, llm_string)
        if self.fault is not None:
            raise self.fault
        return found

    def update(self, prompt: str, llm_string: str, return_val: Entry) -> None:
        if self.fault is not None:
            raise self.fault
        super().update(prompt, llm_string, return_val)


class Aged(Recording):
    """Its entries are so many seconds older than they are."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def lookup(self, prompt: str, llm_string: str) -> Any:
        found = super().lookup(prompt, llm_string)
        if not found:
            return found
        one = read(found[0].text, now=time.time())
        assert one is not None
        text = written(one._replace(at=one.at - self.seconds))
        return [Generation(text=text or "")]


class Hanging(Recording):
    """Hangs in every question until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()

    def lookup(self, prompt: str, llm_string: str) -> Any:
        super().lookup(prompt, llm_string)
        self.free.wait(30)


class Likeness:
    """A cache of the other kind: finds what was asked around, whatever the last turn's text."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.asked: list[Query] = []

    def lookup(self, query: Query) -> str | None:
        self.asked.append(query)
        return self.answers.get(query.around) if query.plain else None

    async def alookup(self, query: Query) -> str | None:
        return self.lookup(query)

    def store(self, query: Query, answer: str) -> None:
        self.answers[query.around] = answer

    async def astore(self, query: Query, answer: str) -> None:
        self.store(query, answer)

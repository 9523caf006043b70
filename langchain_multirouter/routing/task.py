"""Task: what a prompt asks for, weighed from its structure first, then from whole words.

Words are read in windows (the first line, the last, the start of what stands between), so that the
work is bounded by the windows and a pasted document cannot outvote the request before or after it.
Within a window a small machine walks over the known words: a verb asks, or takes its task from
its object ("write" … "poem"); a mere mention says little; what stands in quotes says nothing.
"""

from __future__ import annotations

from typing import Final

from ..request import Prompt, TaskType
from .task_windows import (
    CODE_LINES,
    DOCUMENT_CHARACTERS,
    LONGEST_TEXT_CHARACTERS,
    REQUEST_CHARACTERS,
    windows_of,
)
from .task_words import WORDS, Meaning, Role, words_of

__all__ = ["LONGEST_TEXT_CHARACTERS", "MEDIA_KINDS", "REQUEST_CHARACTERS", "Evidence",
           "classify_task", "task_evidence"]  # fmt: skip

#: What was found for one task: the task, its weight, the words and signs of our own tables.
Evidence = tuple[TaskType, float, tuple[str, ...]]
Found = tuple[str, float, str]
#: The words of each window with its factors, the weight as code, what stands beside the request.
Heard = tuple[list[tuple[list[str], tuple[float, float]]], float, int]

# Plain strings: an enum's hash costs more than all else that is done with a word.
_CHAT, _CODE, _ANALYSIS = "chat", "code_generation", "analysis"
_MULTIMODAL, _SUMMARIZATION = "multimodal", "summarization"

MEDIA_KINDS: Final = frozenset({"image", "audio", "video", "file", "document"})
REACH_WORDS, MOST_REQUESTS = 12, 8

CHAT_PRIOR, DOCUMENT, BY_KIND = 1.0, 1.5, 10.0
FIRST_REQUEST, LATER_REQUEST = 0.5, 0.7
NOT_LEADING, IN_A_QUESTION, MENTION = 0.7, 0.6, 0.3
#: What all mentions of one task can weigh: signs; things beside a sign, and alone.
MOST_SIGNS: Final = {_CODE: 2.6}
OTHER_SIGNS, THINGS_BESIDE, THINGS_ALONE = 1.5, 0.6, 0.9
FURTHER_NAME, THIS_SIGN = 0.7, 1.2
#: How much "this …" makes of a thing: "this image" is attached, "this code" is worked on.
POINTED_AT: Final = {_MULTIMODAL: 1.6, _CODE: 1.05, _ANALYSIS: 0.5}


class _Reading:
    """What has been read so far; `on_…` is the handler of a role."""

    def __init__(self) -> None:
        self.requests: list[Found] = []
        self.names: list[Found] = []
        self.signs: dict[str, Found] = {}
        self.things: dict[str, Found] = {}
        self.asked_word = ""
        self.first_person = False
        self.factor = 1.0
        self.maker: Meaning | None = None
        self.claim: int | None = None

    def read(self, words: list[str], factors: tuple[float, float]) -> None:
        """Walk over one window's words."""
        self.factor = factors[1 if self.requests else 0]
        self.lead_at = self.this_at = skipped = -9
        self.on_stop(-1, _NOTHING)
        known = _KNOWN.get
        for at, word in enumerate(words):
            found = known(word)
            if found is None or at == skipped:
                continue
            handler, meaning = found
            if meaning.phrases and at + 1 < len(words) and words[at + 1] in meaning.phrases:
                meaning = meaning.phrases[words[at + 1]]
                handler = _HANDLERS[meaning.role]
                skipped = at + 1
            handler(self, at, meaning)
        self.on_stop(len(words), _NOTHING)

    def request(self, task: str, weight: float, word: str) -> None:
        if len(self.requests) < MOST_REQUESTS:
            self.requests.append((task, weight * self.factor, word))

    def leads(self, at: int) -> bool:
        return at - self.start <= 1 or at - 1 == self.lead_at

    def in_question(self, meaning: Meaning) -> float:
        plain = not self.asked or meaning.task == _CODE
        return meaning.weight if plain else meaning.weight * IN_A_QUESTION

    def on_none(self, at: int, meaning: Meaning) -> None:
        """A phrase's first word alone says nothing."""

    def on_stop(self, at: int, meaning: Meaning) -> None:
        self.on_about(at, meaning)
        self.start = at + 1
        self.asked = False
        self.claim = None
        self.last: Meaning | None = None

    def on_about(self, at: int, meaning: Meaning) -> None:
        """A verb that found no object stands for itself ("write about …")."""
        if self.maker is not None and self.claim is None and self.maker.weight:
            self.request(self.maker.task, self.in_question(self.maker), self.maker.word)
        self.maker = None

    def on_ask(self, at: int, meaning: Meaning) -> None:
        weight = self.in_question(meaning) * (1.0 if self.leads(at) else NOT_LEADING)
        self.request(meaning.task, weight, meaning.word)
        self.maker = None

    def on_make(self, at: int, meaning: Meaning) -> None:
        if self.claim is None or self.leads(at):
            self.maker = meaning
            self.made_until = at + REACH_WORDS
            self.claim = None

    on_get = on_make

    def on_make_late(self, at: int, meaning: Meaning) -> None:
        if self.claim is None and self.last is not None:
            self.claim = len(self.requests)
            self.request(self.last.task, self.in_question(self.last), self.last.word)
        else:
            self.on_make(at, meaning)

    def on_thing(self, at: int, meaning: Meaning) -> None:
        self.last = self.last or meaning
        if self.maker is not None and at <= self.made_until:
            if self.claim is not None:  # "a story generator program": the last noun is the head
                del self.requests[self.claim :]
        elif at != 0:
            self.point(at, meaning)
            return
        self.claim = len(self.requests)
        self.request(meaning.task, self.in_question(meaning), meaning.word)

    def point(self, at: int, meaning: Meaning) -> None:
        pointed = POINTED_AT.get(meaning.task, 0.0)
        if pointed and at - self.this_at <= 2:
            self.names.append((meaning.task, meaning.weight * pointed * self.factor, meaning.word))
        elif meaning.task != _CHAT:
            weight = meaning.weight * MENTION * self.factor
            self.things.setdefault(meaning.word, (meaning.task, weight, meaning.word))

    def on_name(self, at: int, meaning: Meaning) -> None:
        self.names.append((meaning.task, meaning.weight * self.factor, meaning.word))

    def on_sign(self, at: int, meaning: Meaning) -> None:
        if meaning.task == _ANALYSIS and at - self.this_at <= 2:
            self.names.append((meaning.task, THIS_SIGN * self.factor, meaning.word))
        else:
            weight = meaning.weight * self.factor
            self.signs.setdefault(meaning.word, (meaning.task, weight, meaning.word))

    def on_article(self, at: int, meaning: Meaning) -> None:
        if self.claim is not None:
            self.maker = None

    def on_link(self, at: int, meaning: Meaning) -> None:
        if self.claim is not None or (self.maker is not None and self.maker.role is Role.GET):
            self.maker = None

    def on_lead(self, at: int, meaning: Meaning) -> None:
        self.lead_at = at
        self.on_article(at, meaning)

    def on_this(self, at: int, meaning: Meaning) -> None:
        self.this_at = at
        self.on_article(at, meaning)

    def on_question(self, at: int, meaning: Meaning) -> None:
        if at == self.start or (at == self.start + 1 and not self.requests):
            self.asked = True
            self.asked_word = self.asked_word or meaning.word
        else:
            self.on_link(at, meaning)

    def on_self(self, at: int, meaning: Meaning) -> None:
        self.first_person = True
        self.on_sign(at, meaning)


_NOTHING = Meaning(_CHAT, Role.STOP, 0.0, "", {})
_HANDLERS = {role: getattr(_Reading, f"on_{role.name.lower()}") for role in Role}
_KNOWN = {word: (_HANDLERS[meaning.role], meaning) for word, meaning in WORDS.items()}
#: The words that can lead to another task than chat, themselves or as a phrase's first.
_TELLING = frozenset(
    word
    for word, meaning in WORDS.items()
    if any(said.task != _CHAT for said in (meaning, *meaning.phrases.values()))
)


class _Tally:
    """Weights and words by task."""

    def __init__(self) -> None:
        self.weights = {_CHAT: CHAT_PRIOR}
        self.words: dict[str, list[str]] = {}

    def add(self, task: str, weight: float, word: str) -> None:
        words = self.words.setdefault(task, [])
        if word not in words and weight > 0.0:
            words.append(word)
            self.weights[task] = self.weights.get(task, 0.0) + weight


def _tally(reading: _Reading, code: float, beside: int) -> _Tally:
    tally = _Tally()
    for number, (task, weight, word) in enumerate(reading.requests):
        tally.add(task, weight * LATER_REQUEST if number else weight + FIRST_REQUEST, word)
    named: set[str] = set()
    for task, weight, word in sorted(reading.names, key=lambda name: -name[1]):
        tally.add(task, weight * FURTHER_NAME if task in named else weight, word)
        named.add(task)
    document = beside >= DOCUMENT_CHARACTERS and code < CODE_LINES[2]
    summary = tally.weights.get(_SUMMARIZATION, 0.0) > tally.weights.get(_ANALYSIS, 0.0)
    about_it = _SUMMARIZATION if summary else _ANALYSIS
    if document:
        weight = DOCUMENT / 3 if reading.first_person else DOCUMENT
        tally.add(about_it, weight, "(document)")
    if reading.asked_word:
        told = document and not reading.first_person
        tally.add(about_it if told else _CHAT, 1.0, reading.asked_word)
    if code:
        tally.add(_CODE, code, "(code)")
    room: dict[str, float] = {}
    for task, weight, word in reading.signs.values():
        weight = min(weight, room.get(task, MOST_SIGNS.get(task, OTHER_SIGNS)))
        room[task] = room.get(task, MOST_SIGNS.get(task, OTHER_SIGNS)) - weight
        tally.add(task, weight, word)
    room = dict.fromkeys(room, THINGS_BESIDE)
    for task, weight, word in reading.things.values():
        weight = min(weight, room.get(task, THINGS_ALONE))
        room[task] = room.get(task, THINGS_ALONE) - weight
        tally.add(task, weight, word)
    return tally


def _heard(text: str) -> Heard:
    windows, code, beside = windows_of(text)
    return [(words_of(window), factors) for window, factors in windows], code, beside


def _weigh(heard: Heard) -> _Tally:
    windows, code, beside = heard
    reading = _Reading()
    for words, factors in windows:
        reading.read(words, factors)
    return _tally(reading, code, beside)


def _is_chat(heard: Heard) -> bool:
    """Whether nothing in it can lead to another task, so that weighing it can be spared."""
    windows, code, beside = heard
    if code or beside >= DOCUMENT_CHARACTERS:
        return False
    for words, _ in windows:  # noqa: SIM110  # a generator costs as much as the rest
        if not _TELLING.isdisjoint(words):
            return False
    return True


def _of_kinds(kinds: frozenset[str]) -> _Tally:
    tally = _Tally()
    for kind in sorted(kinds):
        tally.add(_MULTIMODAL, BY_KIND, kind)
    return tally


def classify_task(prompt: Prompt) -> TaskType:
    """What a prompt asks for: kinds that are no text decide, then the words; chat in doubt."""
    if prompt.kinds and not MEDIA_KINDS.isdisjoint(prompt.kinds):
        return TaskType.MULTIMODAL
    heard = _heard(prompt.text)
    if _is_chat(heard):
        return TaskType.CHAT
    weights = _weigh(heard).weights
    return TaskType(max(weights, key=weights.__getitem__))


def task_evidence(prompt: Prompt) -> tuple[Evidence, ...]:
    """Each task with any evidence, its weight and why; `classify_task`'s answer first.

    The words are our tables' own, and what stands in parentheses or is a kind is structure: nothing
    else of the prompt is repeated.
    """
    kinds = MEDIA_KINDS & prompt.kinds
    tally = _of_kinds(kinds) if kinds else _weigh(_heard(prompt.text))
    order = sorted(tally.weights, key=lambda task: -tally.weights[task])
    return tuple(
        (TaskType(t), round(tally.weights[t], 3), tuple(tally.words.get(t, ()))) for t in order
    )

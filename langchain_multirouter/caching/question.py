"""Question: the words of one question, taken in one after the other, each for what it does."""

from __future__ import annotations

import re
from typing import Final

from .splitting import (
    EXACT,
    QUOTES,
    SILENT,
    end_of,
    german_stem,
    is_factorial,
    languages_of,
    matched,
    split,
    start_of,
    stem,
)
from .wordings import LANGUAGES, Wordings, set_of

_THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3})+")
#: How "I" and "you" stand among the kept words, which have no capitals at their end.
PRONOUNS: Final = {"i": "-I", "you": "-YOU"}
_BRACKETS: Final = frozenset("()[]")
_OPERATORS: Final = frozenset("+*/^=<>%×÷√")
#: Words that are others when they are written with a capital, wherever they stand.
_CAPITAL: Final = set_of(
    "us march polish turkey china apple amazon orange target gap shell aids swift go rice"
    " mars jordan chad reading nice bath cork"
)
#: Units that are others with other capitals; single letters are too.
_UNIT_CASE: Final = set_of("mw mb gb kb tb pb mg ma mv pa ms gw mm nm ph kv ps")
#: Of texts about a text, in which an article or a capital may be what it is about.
_LITERAL: Final = re.compile(
    r"translat|rewrit|rephras|paraphras|correct|proofread|gramma|spell|pronounc|pronunc|sentence"
    r"|words?$|:$|letters?$|übersetz|umschreib|satz$|wort$|wörter$|buchstab|traduc|traduis|traduir"
    r"|phrase|mots?$|frase|palabra|oraci"
)
_VERB: Final = re.compile(r"modal:|be\b|been\b|do\b|did\b|had\b")
_LITERAL_TEXT: Final = re.compile(r"\n|(?:^|\s)['‘‚]\w")


class Question:
    """One question, read once.

    Attributes:
        languages: As `splitting.languages_of` tells.
        language: The one it is read as; "" where they are none or several.
        asks: The question words and modal verbs, and "inverted" where a verb comes first.
        roles: What each word did, in order; "word" for one that is kept.
        persons: Who is spoken of: "i", "you", "mine:dog".
        chunks: The kept words under the preposition they follow.
        front: The role of what stood before the question proper.
    """

    def __init__(self, text: str, language: str = "") -> None:
        tokens = split(text)
        self._whole, self._low, inverted = tokens
        self.languages = languages_of(tokens.low, text)
        self.language = self.languages[0] if len(self.languages) == 1 else language
        self._table = LANGUAGES.get(self.language)
        self._literal = self._literally(text)
        self._operators = not _OPERATORS.isdisjoint(self._low)
        self._first = 0
        self._verb_at: tuple[list[str], int] | None = None
        self._owner: str | None = None
        self._whose = ""
        self.front = ""
        self.asks: list[str] = ["inverted"] if inverted else []
        self.roles: list[str] = []
        self.persons: set[str] = set()
        self.chunks: list[tuple[str, list[str]]] = [("", [])]

        self._read()

    def _literally(self, text: str) -> bool:
        """Whether every word is kept, with its capitals, and every sign."""
        return self._table is None or _LITERAL_TEXT.search(text.strip()) is not None

    @property
    def is_compound(self) -> bool:
        """Whether it matters where the small words stand: it asks, or speaks of, several things."""
        asks = sum(role.startswith("ask:") for role in self.roles)
        verbs = {role.removesuffix(":many") for role in self.roles if _VERB.match(role)}
        persons = {"i", "you"} <= self.persons or len(
            {person.partition(":")[0] for person in self.persons if ":" in person}
        ) == 2
        return asks > 1 or len(verbs) > 1 or persons or "stop" in self.roles

    def _read(self) -> None:
        at, end = 0, len(self._low)
        if self._table is not None:
            at, end = self._begin(self._table)
        while at < end:
            at += self._take(at)
        self._owned()
        self._verb_forward(end)

    def _begin(self, table: Wordings) -> tuple[int, int]:
        """Where the question begins and ends, once it is put as other questions are."""
        at, self.front = start_of(self._low, table)
        end = end_of(self._low, table, at)
        if self.front and matched(table.last, self._low, end - 1)[0]:
            end -= 1
        self._literal = self._literal or any(map(_LITERAL.match, self._low[at:end]))
        self._literal = self._literal or {"how", "say"}.issubset(self._low)
        if not self._literal:
            at, end = self._reframed(at, end, table)
        if self.front and matched(table.lead, self._low, at)[0]:
            self.asks.append("whether")
            at += 1
        verb = at
        while verb < end and matched(table.phrases, self._low, verb) == (1, "drop"):
            verb += 1
        modal = matched(table.phrases, self._low, verb)[1].startswith("modal:")
        if modal or matched(table.first, self._low, at)[0]:
            self.asks.append("inverted")
        self._first = at
        return at, end

    def _reframed(self, at: int, end: int, table: Wordings) -> tuple[int, int]:
        """The question as another frame puts it; where it begins and ends then."""
        low = self._low
        for start, last, instead in table.frames:
            first, stop = at + len(start), end - len(last)
            if first >= stop or tuple(low[at:first]) != start or tuple(low[stop:end]) != last:
                continue
            self._whole = [*instead, *self._whole[first:stop]]
            self._low = [*instead, *low[first:stop]]
            return 0, len(self._low)
        return at, end

    def _verb_forward(self, end: int) -> None:
        """German puts the verb of "can" last: "kann ich es öffnen", "öffne ich es"."""
        last = self._whole[end - 1] if end else ""
        words = self.chunks[-1][1]
        if self._verb_at is not None and last.islower() and last.endswith("n") and words:
            self._verb_at[0].insert(self._verb_at[1], words.pop())

    def _take(self, at: int) -> int:
        """Take in what begins here; how many tokens that was."""
        if self._literal:
            first = at == self._first
            self.chunks[-1][1].append(self._low[at] if first else self._whole[at])
            return 1
        word = self._low[at]
        if word in SILENT and not is_factorial(self._low, at):
            self._possess() if word in "'’" else self._chunk("")
            self.roles += ["stop"] * (word in ".!?")
            return 1
        if word in _BRACKETS and not self._operators:
            self._chunk("")
            return 1
        if self._table is not None and not self._is_name(at):
            length, role = matched(self._table.phrases, self._low, at)
            if word == "'s" and self.roles[-1:] == ["word"]:
                self._possess()
                return 1
            if length:
                self._small(role)
                return length
        self._keep(self._kept(at))
        self.roles.append("word")
        return 1

    def _keep(self, word: str) -> None:
        self.chunks[-1][1].append(word)
        if self._whose:
            self.persons.add(f"{self._whose}:{word}")
            self._whose = ""

    def _small(self, role: str) -> None:
        """A small word, by its role."""
        kind, _, name = role.partition(":")
        self.roles.append(role)
        if kind == "same":
            self._keep(name)
        elif kind == "at":
            self._chunk(name)
        elif kind == "ask":
            self.asks.append(name)
            self._chunk("")
        elif kind in ("modal", "duty"):
            self.asks.append(name)
            if self.language == "de" and self._verb_at is None:
                self._verb_at = (self.chunks[-1][1], len(self.chunks[-1][1]))
        elif kind in ("been", "did", "had"):
            self.asks.append("had" if kind == "had" else "past")
        elif kind in ("i", "you"):
            self.persons.add(kind)
            self.chunks[-1][1].append(PRONOUNS[kind])
        elif kind in ("mine", "yours"):
            self._whose = kind

    def _chunk(self, name: str) -> None:
        self._owned()
        if self.chunks[-1] != (name, []):
            self.chunks.append((name, []))

    def _possess(self) -> None:
        """ "France's capital" is the capital of France."""
        words = self.chunks[-1][1]
        if self._owner is None and len(words) == 1 and self.roles[-1:] == ["word"]:
            self._owner = words.pop()
        else:
            words.append("'s")
        self.roles.append("owner")

    def _owned(self) -> None:
        if self._owner is not None:
            owner, self._owner = self._owner, None
            self.chunks.append(("of", [owner]))

    def _is_name(self, at: int) -> bool:
        """A small word that is written as a name, or as an acronym."""
        whole = self._whole[at]
        if at <= self._first or not whole[0].isupper() or whole in ("I", "I'"):
            return False
        shouted = whole.isupper() and len(whole) > 1
        if shouted:
            return not all(word.isupper() for word in self._whole if word.isalpha())
        return self._low[at - 1] not in (".", "!", "?", "¿", "¡", "'")

    def _kept(self, at: int) -> str:
        """The form of a word that is kept."""
        whole, low = self._whole[at], self._low[at]
        if whole[0] in QUOTES or (len(whole) > 1 and EXACT.intersection(whole)):
            return whole
        if self.language == "en" and _THOUSANDS.fullmatch(whole):
            return whole.replace(",", "")
        small = self._table is not None and low in self._table.known and self._is_name(at)
        unit = at > 0 and self._low[at - 1][-1].isdigit() and len(whole) <= 3
        if small or unit or low in _CAPITAL or low in _UNIT_CASE or len(whole) == 1:
            return self._same(whole)
        if self.language == "de" and whole[0].islower():
            return self._same(german_stem(low))
        return self._same(stem(low, self.language))

    def _same(self, word: str) -> str:
        return word if self._table is None else self._table.same.get(word, word)


class Verbatim(Question):
    """A question of which every word is kept, but what stands before it and the thanks."""

    def _literally(self, text: str) -> bool:
        return True

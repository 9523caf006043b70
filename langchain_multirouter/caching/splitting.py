"""Splitting: a text as words, numbers and signs, and the language its small words are of."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

from .wordings import LANGUAGES, Phrases, Wordings, set_of

#: What opens a quotation; within one, every character counts.
QUOTES: Final = '"“«„'
#: Signs that only divide.
SILENT: Final = frozenset(".,;:!?¿¡…\"'’“”«»„‚‘–—")
#: A quotation, a number, a word with what is joined to it, or a sign.
_TOKEN: Final = re.compile(
    r"\"[^\"]*\"|“[^”]*”|«[^»]*»|„[^“”]*[“”]"
    r"|\d+(?:[.,:/]\d+)*(?![^\W_])"
    r"|\w+(?:[.:/@&'’\-]+\w+)*|[^\w\s]"
)
_MEASURED: Final = re.compile(r"(\d+(?:[.,]\d+)*)([^\W\d_]{1,2})")
#: What makes a word a name of its own: an address, a path, an identifier.
EXACT: Final = frozenset("._:/@&")
#: What is joined before an apostrophe in French; what has "n't" of another form in English.
_ELIDED: Final = frozenset(("l", "d", "qu", "n", "j", "s", "m", "t", "c"))
_NOT: Final = {"can": "can", "won": "will", "shan": "shall"}
#: What French joins to a verb to ask with it ("est-il").
_INVERTED: Final = frozenset(("il", "elle", "on", "je", "tu", "vous", "nous", "ils", "elles"))
#: A letter or a sign that one of the languages has and the others have not.
_MARKS: Final = {"¿": "es", "¡": "es", "ñ": "es", "ß": "de", "ä": "de", "ö": "de", "ç": "fr"}
#: Plurals that mean something else than their singular.
_NO_PLURAL: Final = set_of(
    "news means arms customs damages goods glasses shorts savings spirits politics physics"
    " economics athens paris texas wales"
)


class Tokens(NamedTuple):
    """A text in pieces: as written, with folded case; `inverted`: a verb is joined to its "il"."""

    whole: list[str]
    low: list[str]
    inverted: bool


def split(text: str) -> Tokens:
    """Split a text; takes a time that grows with its length alone."""
    whole: list[str] = []
    inverted = False
    for match in _TOKEN.finditer(unicodedata.normalize("NFC", text)):
        token = match.group()
        if token[0] in QUOTES or not (token[0].isalnum() or token[0] == "_"):
            whole.append(token)
        elif measured := _MEASURED.fullmatch(token):
            whole += measured.groups()
        elif EXACT.intersection(token):
            whole.append(token)
        else:
            parts = _apart(token)
            inverted |= "-" in token and parts[-1].lower() in _INVERTED
            whole += parts
    return Tokens(whole, [token.casefold() for token in whole], inverted)


def _apart(token: str) -> list[str]:
    """A word and what is joined to it by an apostrophe or a hyphen."""
    parts = token.replace("’", "'").split("-")
    if all(part.isdigit() for part in parts):
        return [token]
    found: list[str] = []
    for part in parts:
        found += _elision(part)
    return [part for part in found if part]


def _elision(part: str) -> list[str]:
    """ "l'eau", "don't", "what's": the two words they are."""
    head, apostrophe, tail = part.partition("'")
    if not apostrophe or not head or not tail:
        return [part]
    if head.lower() in _ELIDED:
        return [head + "'", tail]
    if tail.lower() == "t" and head.lower().endswith("n"):
        return [_NOT.get(head.lower(), head[:-1]), "not"]
    return [head, "'" + tail]


def languages_of(low: list[str], text: str) -> list[str]:
    """The languages whose small words are the most; several are a tie; none where those are few."""
    words = sum(token[0].isalpha() for token in low)
    counts = {name: sum(t in table.known for t in low) for name, table in LANGUAGES.items()}
    for sign, name in _MARKS.items():
        counts[name] += 2 * (sign in text)
    most = max(counts.values())
    if most == 0 or most * 5 < words:
        return []
    return [name for name, count in counts.items() if count == most]


def matched(phrases: Phrases, low: list[str], at: int) -> tuple[int, str]:
    """How many words the longest phrase here has, and its role; 0 where there is none."""
    for words, role in phrases.get(low[at], ()) if at < len(low) else ():
        if tuple(low[at : at + len(words)]) == words:
            return len(words), role
    return 0, ""


def start_of(low: list[str], table: Wordings) -> tuple[int, str]:
    """Where the question proper begins, and the last role of what stood before it."""
    at, role, moved = 0, "", True
    while at < len(low) and low[at] in SILENT:
        at += 1
    while moved:
        moved = False
        for phrases in (table.edge, table.front):
            length, found = matched(phrases, low, at)
            while length > 0 and at + length < len(low) and low[at + length] in SILENT:
                length += 1
            at, moved, role = at + length, moved or length > 0, found or role
    return at, role


def end_of(low: list[str], table: Wordings, start: int) -> int:
    """Where it ends: before the thanks and the last signs."""
    end = len(low)
    for at in range(max(start, end - 6), end):
        length, _ = matched(table.edge, low, at)
        if length and all(token in SILENT for token in low[at + length :]):
            end = at
            break
    while end > start and low[end - 1] in SILENT and not is_factorial(low, end - 1):
        end -= 1
    return end


def is_factorial(low: list[str], at: int) -> bool:
    """Whether a sign here is one of arithmetic: "5!", "5 – 3"."""
    return low[at] in "!–—" and at > 0 and low[at - 1][-1].isdigit()


def stem(word: str, language: str) -> str:
    """Without the ending of a plural or, in German, of a verb or an adjective; tenses differ."""
    if len(word) < 4 or word in _NO_PLURAL or not word.isalpha():
        return word
    if language == "en":
        return _english(word)
    if language in ("fr", "es"):
        return word[:-1] if word[-1] == "s" and word[-2] in "aeorlnt" else word
    return word


def _english(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word[-1] == "s" and word[-2] not in "sui" else word


def german_stem(word: str) -> str:
    """A German verb or adjective without its ending."""
    for ending in ("st", "en", "e", "t", "n"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word

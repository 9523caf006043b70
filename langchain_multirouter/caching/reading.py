"""Reading: what a question asks, in a form that its paraphrases share and no other question has.

Nothing is understood. The small words of four languages say what is asked (how, why, whether, may
one …) or nothing at all (`wordings`); every other word, number and sign is kept, in order, under
the preposition that it follows: "In Python, how can I sort a list?" has `in: python` and
`sort list`, as has "How do I sort a list in Python?". A language without a table keeps every
word, and so does a text that is about a text (a translation, a quotation, a list).

The work is bounded by the length, which `guards` bounds; the patterns cannot go back.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

from .question import PRONOUNS, Question, Verbatim

#: Of whom these tell, he is not just anybody.
_OF_ONESELF: Final = frozenset(("feel", "think", "know", "like", "believe", "look", "work"))
_BE: Final = frozenset(("be", "be:many", "been", "been:many"))
_ANYBODY: Final = frozenset(PRONOUNS.values())
#: What stands before an "I" or a "you" that is the subject.
_SUBJECT_FOLLOWS: Final = ("do", "did", "modal:", "ask:", "drop")
#: Where and when: a chunk of these means the same before a question and after it. "With a fever"
#: does not: it may be of the one or of the other.
_MOVABLE: Final = frozenset(("in", "en", "on", "at", "within", "during", "until", "since", "using"))


Chunk = tuple[str, tuple[str, ...]]


class Reading(NamedTuple):
    """What one question asks.

    Args:
        language: "en", "de", "fr", "es", or "" where too few small words are known.
        languages: Those that it may be of.
        asks: What is asked for: "how", "whether", "may", "past" …; empty for a mere subject.
        persons: Who is spoken of: "i", "you", "mine:dog".
        general: Whether "I" and "you" mean anybody ("how do you cook rice").
        chunks: The kept words, in order, each with the preposition they follow.
        manner: What two questions may leave unsaid, but not say otherwise: "one" or "many" of it,
            "be" or "do", to be explained or to be given.
    """

    language: str
    asks: frozenset[str]
    persons: frozenset[str]
    general: bool
    chunks: tuple[Chunk, ...]
    manner: tuple[str, str, str]
    languages: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """All kept words, sorted."""
        return sorted(word for _, words in self.chunks for word in words)


def _asked(question: Question) -> frozenset[str]:
    """What is asked for, without what a question word makes idle."""
    asks = set(question.asks)
    asks.discard("inverted")
    words = asks - {"may", "must", "should", "will", "would", "might", "past", "had"}
    if not words and "inverted" in question.asks:
        asks.add("whether")
    if any("ask:what" in pair and _BE.intersection(pair) for pair in pairwise(question.roles)):
        asks.discard("what")  # "what is X" asks for X, as "X?" does
    if _is_idle(question):
        asks -= {"may", "would", "should"} if "how" in asks else set()
        asks -= {"may"} if "where" in asks else set()
    return frozenset(asks)


def _is_idle(question: Question) -> bool:
    """Whether its modal verb says nothing: "how can I", but not "how long should people"."""
    if question.language in ("fr", "es"):
        return True  # there the form of the verb says who
    return any(
        {"i", "you"}.intersection(pair) and any(role.startswith("modal:") for role in pair)
        for pair in pairwise(question.roles)
    )


def _is_general(question: Question) -> bool:
    """Whether its "I" or "you" is anybody: "how do you cook rice", but not "how are you"."""
    if not {"how", "may", "must", "should"}.intersection(_asked(question)):
        return False
    is_subject = question.language in ("de", "es")  # there objects have another form
    for before, role in pairwise(["do", *question.roles]):
        if _BE.intersection((before, role)) and {"i", "you", "ask:how"}.intersection(
            (before, role)
        ):
            return False
        if role in ("i", "you") and not (is_subject or before.startswith(_SUBJECT_FOLLOWS)):
            return False
    words = [word for _, words in question.chunks for word in words if word not in _ANYBODY]
    return len(words) >= 2 and _OF_ONESELF.isdisjoint(words)


def _manner(question: Question) -> tuple[str, str, str]:
    number = given = ""
    for pair in pairwise(question.roles):
        if (be := _BE.intersection(pair)) and {"ask:what", "ask:who"}.intersection(pair):
            number = "many" if any(one.endswith(":many") for one in be) else "one"
            given = "explained"
    verbs = {
        "do" if role in ("do", "did") else "be"
        for role in question.roles
        if role in ("do", "did") or role in _BE
    }
    return number, verbs.pop() if len(verbs) == 1 else "", given or question.front.partition(":")[2]


def _chunks(question: Question) -> tuple[Chunk, ...]:
    """The chunks, without an "I" that is anybody; "between A and B" is between B and A."""
    idle = _ANYBODY if _is_general(question) else frozenset[str]()
    kept = [(name, tuple(w for w in words if w not in idle)) for name, words in question.chunks]
    chunks = [(name, words) for name, words in kept if name or words]
    for at, (one, other) in enumerate(pairwise(chunks)):
        alone = chunks[at + 2 : at + 3] != [] and chunks[at + 2][0] == "of"
        if (one[0], other[0]) == ("between", "and") and other[1] < one[1] and not alone:
            chunks[at : at + 2] = [("between", other[1]), ("and", one[1])]
            break
    return tuple(chunks)


def same_order(one: tuple[Chunk, ...], other: tuple[Chunk, ...]) -> bool:
    """The same chunks in the same order; or one of them stands first here and last there."""
    return one == other or _last_first(one) == other or _last_first(other) == one


def _last_first(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    """ "Sort a list in Python" as "in Python, sort a list"."""
    if not chunks or chunks[-1][0] not in _MOVABLE:
        return chunks
    return (chunks[-1], *chunks[:-1])


def read(text: str, language: str = "") -> Reading:
    """Read one question, as one in this language where it may be of several."""
    question = Question(text, language)
    if question.is_compound:
        question = Verbatim(text, language)
    return Reading(
        question.language,
        _asked(question),
        frozenset(question.persons),
        _is_general(question),
        _chunks(question),
        _manner(question),
        tuple(question.languages),
    )

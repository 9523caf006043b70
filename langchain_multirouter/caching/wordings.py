"""Wordings: the small words of four languages, and what each of them does in a question.

A line is a role and its words; `a_b` is the phrase "a b". A word that stands nowhere here means
  what
it says, and has to be in both questions. So a word that is missing costs a hit; one too many could
cost a wrong answer. Roles:

    drop        says nothing that the answer depends on
    front       the same, but only before the question proper ("can you tell me"); `front:given` and
                `front:explained` say what is to be done with what is named
    kept        tells the language and is kept: it may stand for a thing ("comment le cuisiner")
    edge        the same as `front`, at the very beginning and at the very end (greetings, thanks)
    be, been    forms of "to be", now and then, of one thing or `many`; do, did, had the same
    aux, lead   asks yes or no when it comes first; when it comes after a `front`
    last        ends a question that began with a `front` ("kannst du mir … nennen")
    ask:…       what is asked for: how, why, when
    modal:…     may, must, should; duty:… the same as a phrase
    at:…        a preposition: those of one name mean the same
    mine, yours, i, you       who is spoken of
    same        the first word stands for all of them
    frame       a question put in a certain way, and the way it is put here
"""

from __future__ import annotations

from typing import Final, NamedTuple

from .wordings_more import FRENCH, GERMAN, SPANISH

ENGLISH: Final = """
drop: a an the be please kindly
kept: that there it this me
do: do does
did: did
had: had
be: is am 's 'm
be:many: are 're
been: was
been:many: were
aux: is are am do does has have
lead: if
front: can_you could_you would_you will_you can_you_please could_you_please would_you_please
  tell_me let_me_know list_the name_the give_me_the show_me_the i_want_to_know i_would_like_to_know
  i_'d_like_to_know i_need_to_know do_you_know
  i_was_wondering i_'m_wondering i_am_wondering i_wonder please kindly
front:explained: tell_me_about explain explain_to_me describe define help_me_understand
front:given: show_me give_me give_me_a_list_of i_need i_am_looking_for i_'m_looking_for
edge: hi hello hey hey_there hi_there hello_there thanks thank_you thx
frame: in_what_year_… = what_year_…
frame: in_which_year_… = what_year_…
frame: what_…_is = what_is_…
frame: what_…_are = what_are_…
frame: what_…_was = what_was_…
frame: what_…_were = what_were_…
frame: what_does_…_mean = what_is_…
frame: what_do_…_mean = what_are_…
frame: how_much_does_…_cost = what_is_the_cost_of_…
frame: how_much_do_…_cost = what_is_the_cost_of_…
frame: where_is_…_located = where_is_…
frame: where_are_…_located = where_are_…
frame: list_all_… = what_are_all_…
ask:how: how how_to the_best_way_to best_way_to what_is_the_best_way_to what_'s_the_best_way_to
  what_is_the_way_to what_'s_the_way_to what_are_the_steps_to
ask:why: why how_come what_is_the_reason what_'s_the_reason for_what_reason
ask:when: when what_time at_what_time
ask:where: where
ask:who: who
ask:whom: whom
ask:whose: whose
ask:what: what which
ask:whether: whether
modal:may: can could may is_it_possible_to is_it_ok_to is_it_okay_to am_i_allowed_to
modal:must: must
duty:must: have_to has_to need_to needs_to
modal:should: should ought_to
modal:will: will shall going_to
modal:would: would
modal:might: might
at:of: of
at:about: about regarding concerning
at:in: in
at:at: at
at:within: within
at:inside: inside
at:on: on
at:for: for
at:to: to into
at:onto: onto
at:from: from
at:with: with
at:using: using
at:without: without
at:by: by
at:via: via
at:than: than
at:over: over above
at:under: under below beneath
at:before: before
at:after: after
at:between: between
at:against: against
at:versus: versus vs
at:instead: instead_of
at:through: through
at:during: during
at:until: until till
at:since: since
at:as: as
at:like: like
at:and: and
at:or: or
at:if: if
at:while: while
mine: my our mine ours
yours: your yours
i: i we
you: you you_guys
same: buy purchase
same: begin start
same: big large
same: biggest largest
same: bigger larger
same: fast quick rapid
same: faster quicker
same: film movie
same: car automobile
same: lawyer attorney
same: doctor physician
same: dose dosage
same: delete remove get_rid_of
same: parcel package
same: telephone phone
same: tv television
same: kid child children
same: cheapest least_expensive
same: email e_mail
same: lower reduce decrease
same: raise increase
same: allow permit
same: assist help
same: ill sick
same: usa united_states u.s. us_of_a
same: uk united_kingdom u.k.
same: require need
same: % percent
same: € euro
same: kg kilogram kilogramme
same: km kilometre kilometer
same: cm centimetre centimeter
same: mm millimetre millimeter
same: ml millilitre milliliter
same: mg milligram
same: g gram gramme
same: mph miles_per_hour
same: 2 two
same: 3 three
same: 4 four
same: 5 five
same: 6 six
same: 7 seven
same: 8 eight
same: 9 nine
same: 10 ten
same: 12 twelve
"""


def set_of(words: str) -> frozenset[str]:
    """The words of a line."""
    return frozenset(words.split())


Phrases = dict[str, tuple[tuple[tuple[str, ...], str], ...]]


class Frame(NamedTuple):
    """What a question begins and ends with, and what it may as well begin with."""

    start: tuple[str, ...]
    end: tuple[str, ...]
    instead: tuple[str, ...]


class Wordings(NamedTuple):
    """One language: by the first word of each phrase, its words and role, the longest first."""

    phrases: Phrases
    front: Phrases
    edge: Phrases
    first: Phrases
    lead: Phrases
    last: Phrases
    same: dict[str, str]
    frames: tuple[Frame, ...]
    known: frozenset[str]


def _by_first_word(found: list[tuple[tuple[str, ...], str]]) -> Phrases:
    sorted_ = sorted(found, key=lambda one: -len(one[0]))
    firsts = {words[0] for words, _ in found}
    return {first: tuple(one for one in sorted_ if one[0][0] == first) for first in firsts}


def _framed(line: str) -> Frame:
    old, _, new = line.partition(" = ")
    start, _, end = old.partition("…")
    words = (tuple(filter(None, part.split("_"))) for part in (start, end, new.strip("…")))
    return Frame(*words)


def _parsed(table: str) -> Wordings:
    places: dict[str, list[tuple[tuple[str, ...], str]]] = {
        "front": [],
        "edge": [],
        "aux": [],
        "lead": [],
        "last": [],
        "kept": [],
    }
    inside: list[tuple[tuple[str, ...], str]] = []
    same: dict[str, str] = {}
    frames: list[Frame] = []
    for line in table.replace("\n  ", " ").strip().splitlines():
        role, _, words = line.casefold().partition(": ")
        if role == "frame":
            frames.append(_framed(words))
            continue
        phrases = [tuple(word.split("_")) for word in words.split()]
        if role == "same":
            first = " ".join(phrases[0])
            same |= {" ".join(words): first for words in phrases}
            inside += [(words, f"same:{first}") for words in phrases if len(words) > 1]
        else:
            places.get(role.partition(":")[0], inside).extend((words, role) for words in phrases)
    front, edge, aux, lead, last, kept = map(_by_first_word, places.values())
    known = {w for words, role in inside if not role.startswith("same") for w in words}
    known |= kept.keys() | {w for frame in frames for w in frame.start}
    known |= {w for words, _ in places["front"] + places["edge"] for w in words[:1]}
    return Wordings(
        _by_first_word(inside), front, edge, aux, lead, last, same, tuple(frames), frozenset(known)
    )


LANGUAGES: Final = {
    "en": _parsed(ENGLISH),
    "de": _parsed(GERMAN),
    "fr": _parsed(FRENCH),
    "es": _parsed(SPANISH),
}

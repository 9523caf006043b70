"""Guards: whether two questions that an embedding takes for one may share an answer.

Embeddings place "5 USD" next to "6 USD", "with" next to "without", Paris-to-London next to
London-to-Paris: measured with a real model, most of such pairs are nearer to each other than many
a paraphrase. So nearness only proposes, and the guards dispose: two questions have to agree in
every number, unit, name, date, negation and other word that says something, in what is asked of
them, and in the order of it all. They may differ in small words, politeness, inflection and the
few synonyms of `wordings`. In doubt they differ: a miss costs one call, a hit may cost the truth.

Pure, symmetric, and bounded by `LONGEST_TEXT`.
"""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum
from itertools import pairwise
from typing import Final

from .reading import Reading, read, same_order
from .wordings import set_of

#: In characters. Of longer texts an embedding sees a part, and small differences drown.
LONGEST_TEXT: Final = 2_000
#: Signs of code, a formula or a command, in which every character counts.
_CODE: Final = re.compile(r"[`{}\\]|==|!=|=>|->|::|</|/>|;\n|\w\(|\s=\s|\$\w*[A-Za-z]|--\w|\n[ \t]")


class Guard(StrEnum):
    """Why two questions may not share an answer."""

    LENGTH = "length"
    CODE = "code"
    LANGUAGE = "language"
    QUESTION = "question"
    PERSON = "person"
    NUMBERS = "numbers"
    NEGATION = "negation"
    QUANTITY = "quantity"
    DATES = "dates"
    UNITS = "units"
    QUOTATION = "quotation"
    WORDS = "words"
    ORDER = "order"


#: What a differing word is, for the count; any other is `Guard.WORDS`.
_KINDS: Final = {
    Guard.PERSON: "-i -you",
    Guard.NEGATION: "not no never none nobody nothing nowhere neither nor hardly barely except"
    " unless without nicht kein keine keinen keinem keiner nie niemals niemand nichts weder außer"
    " ne n' pas jamais rien aucun aucune personne ni non sans nunca jamás ningún ninguna"
    " ninguno nadie nada tampoco sin salvo excepto",
    Guard.QUANTITY: "all every each any some many much few more less most least only both half"
    " always often sometimes alle jede jeder jedes einige manche viele wenige mehr weniger nur"
    " immer tous toutes tout chaque quelque plusieurs plus moin seulement toujours todo"
    " toda cada alguno vario mucho poco más menos solo sólo siempre",
    Guard.DATES: "january february march april may june july august september october november"
    " december monday tuesday wednesday thursday friday saturday sunday januar februar"
    " märz mai juni juli oktober dezember montag dienstag mittwoch donnerstag freitag"
    " samstag sonntag janvier février mar avril juin juillet août septembre octobre"
    " novembre décembre lundi mardi mercredi jeudi vendredi samedi dimanche enero febrero"
    " marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre lune"
    " marte miércole jueve vierne sábado domingo",
    Guard.UNITS: "mg g kg t ml l mm cm m km mile inch foot feet yard ounce pound ton hour minute"
    " second day week month year kb mb gb tb hz khz mhz ghz w kw mw v usd eur gbp"
    " dollar euro yen percent % € $ £ ¥ °",
}
_KIND_OF: Final = {word: kind for kind, words in _KINDS.items() for word in words.split()}

#: Words whose meaning moves with the day: the answer of yesterday is another.
_MOVING: Final = set_of(
    "today tonight tomorrow yesterday now nowadays current currently presently latest newest recent"
    " recently upcoming heute morgen gestern jetzt momentan derzeit aktuell aktuelle aktuellen"
    " aktueller aktuelles neueste neuesten aujourd'hui demain maintenant actuellement actuel"
    " actuelle récemment hoy mañana ayer ahora actual actualmente recientemente"
)
#: The same in two words: "this week".
_NEAR: Final = set_of(
    "this next last past diese dieser dieses diesen nächste nächstes nächsten letzte letztes"
    " letzten ce cette cet prochain prochaine esta este próxima próximo"
)
_SPAN: Final = set_of(
    "week weekend month year morning afternoon evening night summer winter season quarter woche"
    " wochenende monat jahr abend nacht sommer winter semaine mois année soir matin semana mes año"
    " noche tarde"
)
_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")


def is_moving(text: str) -> bool:
    """Whether the text names a time that moves ("today", "this week"): its answer soon is old."""
    words = [word.replace("’", "'") for word in _WORD.findall(text[:LONGEST_TEXT].casefold())]
    if not _MOVING.isdisjoint(words):
        return True
    return any(one in _NEAR and other in _SPAN for one, other in pairwise(words))


def difference(one: str, other: str) -> Guard | None:
    """The first guard that keeps two questions apart; None where they may share an answer.

    Symmetric. A text and itself never differ, however long it is.
    """
    if one == other:
        return None
    if max(len(one), len(other)) > LONGEST_TEXT:
        return Guard.LENGTH
    if _CODE.search(one) or _CODE.search(other):
        return Guard.CODE
    first, second = read(one), read(other)
    if not first.language and second.language in first.languages:
        first = read(one, second.language)
    elif not second.language and first.language in second.languages:
        second = read(other, first.language)
    return _differing(first, second)


def _differing(one: Reading, other: Reading) -> Guard | None:
    first, second = Counter(one.words), Counter(other.words)
    if first != second:
        return _kind(set((first - second) | (second - first)))
    if not first:
        return Guard.WORDS  # nothing was kept: there is nothing to know them by
    if one.language != other.language:
        return Guard.LANGUAGE
    if one.asks != other.asks or _otherwise(one, other):
        return Guard.QUESTION
    if not _same_persons(one, other):
        return Guard.PERSON
    return None if same_order(one.chunks, other.chunks) else Guard.ORDER


def _otherwise(one: Reading, other: Reading) -> bool:
    """Whether both say what one of them may leave unsaid, and say it otherwise."""
    pairs = zip(one.manner, other.manner, strict=True)
    return any(first and second and first != second for first, second in pairs)


def _kind(words: set[str]) -> Guard:
    """What the words are in which two questions differ; the gravest first, for the count."""
    if any(character.isdigit() for word in words for character in word):
        return Guard.NUMBERS
    if any(word[0] in '"“«„' for word in words):
        return Guard.QUOTATION
    kinds = {_KIND_OF.get(word.casefold(), Guard.WORDS) for word in words}
    return min(kinds, key=list(Guard).index)


def _same_persons(one: Reading, other: Reading) -> bool:
    if one.persons == other.persons:
        return True
    owners = [
        {person for person in found if ":" in person} for found in (one.persons, other.persons)
    ]
    agree = owners[0] == owners[1] or not all(owners)
    return one.general and other.general and agree

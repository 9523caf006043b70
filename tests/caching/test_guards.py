"""Guards: what two questions must agree in before they may share an answer."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_multirouter.caching.guards import LONGEST_TEXT, Guard, difference, is_moving
from langchain_multirouter.caching.reading import read
from langchain_multirouter.caching.wordings import ENGLISH, LANGUAGES
from langchain_multirouter.caching.wordings_more import FRENCH, GERMAN, SPANISH

from .pairs import NEAR_MISSES, PARAPHRASES, Pair


def _name(pair: Pair) -> str:
    return f"{pair.one[:40]} {pair.other[:40]}"


@pytest.mark.parametrize("pair", NEAR_MISSES, ids=_name)
def test_a_near_miss_is_kept_apart(pair: Pair) -> None:
    assert difference(pair.one, pair.other) is not None
    assert difference(pair.other, pair.one) is not None


@pytest.mark.parametrize("held_out", [False, True])
def test_most_paraphrases_pass(held_out: bool) -> None:
    pairs = [pair for pair in PARAPHRASES if pair.held_out == held_out]
    passed = [pair for pair in pairs if difference(pair.one, pair.other) is None]
    assert len(passed) / len(pairs) >= 0.70


def test_there_are_enough_pairs_and_they_are_of_several_domains_and_languages() -> None:
    for pairs in (NEAR_MISSES, PARAPHRASES):
        assert len(pairs) >= 150
        assert len({frozenset(pair[1:3]) for pair in pairs}) == len(pairs)
        assert all(pair.one and pair.other and pair.one != pair.other for pair in pairs)
        assert {pair.about.split()[-1] for pair in pairs} >= {"en", "de", "fr", "es"}
        assert len({pair.about for pair in pairs}) >= 11


#: What comes to mind when one knows what the guards leave out.
TRAPS = [
    ("Who am I?", "Who are you?", Guard.PERSON),
    ("How are you?", "How am I?", Guard.PERSON),
    ("Do you know where I live?", "Do you know where you live?", Guard.PERSON),
    ("How do you feel about cats?", "How do I feel about cats?", Guard.PERSON),
    ("Can you write poems in French?", "Can I write poems in French?", Guard.QUESTION),
    ("What should I eat?", "What can I eat?", Guard.QUESTION),
    ("Was the man paid?", "Had the man paid?", Guard.QUESTION),
    ("Does it hurt?", "Is it hurt?", Guard.QUESTION),
    ("Who are the greatest players?", "Who is the greatest player?", Guard.QUESTION),
    ("I need a doctor", "What is a doctor?", Guard.QUESTION),
    ("Explain a recipe for pancakes", "Give me a recipe for pancakes", Guard.QUESTION),
    ("What's the news in Rome?", "What's new in Rome?", Guard.WORDS),
    ("Can I have tea and milk or coffee?", "Can I have tea or coffee and milk?", Guard.ORDER),
    ("Did the leg of the dog bite the man?", "Did the dog bite the man's leg?", Guard.WORDS),
    (
        "What is the gift of the bride for the mother?",
        "What is the gift for the mother of the bride?",
        Guard.ORDER,
    ),
    ("What is my sister's husband's name?", "What is my husband's sister's name?", Guard.PERSON),
    (
        "Is John's dog bigger than Ann's cat?",
        "Is Ann's dog bigger than John's cat?",
        Guard.ORDER,
    ),
    ("Let's eat, grandma", "Let's eat grandma", Guard.ORDER),
    ("I do not want tea but coffee", "I do want tea but not coffee", Guard.ORDER),
    ("Not all men are tall", "All men are not tall", Guard.ORDER),
    ("Convert MW to mW", "Convert mW to MW", Guard.ORDER),
    ("What is 5 – 3?", "What is 5 3?", Guard.WORDS),
    ("What is 5!", "What is 5?", Guard.WORDS),
    ("(2+3)*4", "2+3*4", Guard.WORDS),
    ("What is x² here?", "What is x2 here?", Guard.NUMBERS),
    ("Who wrote The Trial?", "Who wrote A Trial?", Guard.WORDS),
    ("Translate into French: the dog", "Translate into French: a dog", Guard.WORDS),
    ("Translate 'I am cold'", "Translate 'you are cold'", Guard.WORDS),
    ("How do you say the dog in French?", "How do you say a dog in French?", Guard.WORDS),
    ('What does "it" mean?', 'What does "that" mean?', Guard.QUOTATION),
    ("What is in /etc/hosts?", "What is in /etc/Hosts?", Guard.WORDS),
    ("What does a[1] return in f(x)?", "What does a[2] return in f(x)?", Guard.CODE),
    ("Wo ist sein Hund?", "Wo ist der Hund?", Guard.WORDS),
    ("Beißt der Hund den Mann?", "Beißt den Hund der Mann?", Guard.ORDER),
    ("Gibt die Frau der Katze Milch?", "Gibt der Frau die Katze Milch?", Guard.ORDER),
    ("Wer liebt Paul?", "Wen liebt Paul?", Guard.QUESTION),
    ("Est-il riche ?", "Est-elle riche ?", Guard.WORDS),
    ("Où est son chien ?", "Où est le chien ?", Guard.WORDS),
    ("¿Dónde está su perro?", "¿Dónde está el perro?", Guard.WORDS),
    ("¿Quién ama a Pablo?", "¿A quién ama Pablo?", Guard.ORDER),
    ("Who do you love?", "Who loves you?", Guard.ORDER),
    ("How do people love you?", "How do people love?", Guard.PERSON),
    ("How can parents help you?", "How can you help parents?", Guard.PERSON),
    ("How can I help you?", "How can I help?", Guard.PERSON),
    ("How do I cook it?", "How do I cook?", Guard.PERSON),
    ("How do I get there?", "How do I get?", Guard.PERSON),
    ("Comment le cuisiner ?", "Comment cuisiner ?", Guard.WORDS),
    ("¿Cómo la cocino?", "¿Cómo cocino?", Guard.WORDS),
    ("Wie koche ich das?", "Wie koche ich?", Guard.PERSON),
    (
        "With a fever, how can I treat a child?",
        "How can I treat a child with a fever?",
        Guard.ORDER,
    ),
    ("Can my dog bite a cat?", "Can a dog bite my cat?", Guard.PERSON),
    ("How long do people sleep?", "How long should people sleep?", Guard.QUESTION),
    ("Where do dogs eat?", "Where can dogs eat?", Guard.QUESTION),
    ("Why is it slow? How can I fix it?", "How is it slow? Why can I fix it?", Guard.WORDS),
    ("Explain what you see and how you feel", "Explain how you see and what you feel", Guard.ORDER),
    ("If I could fly, would I fall?", "If I would fly, could I fall?", Guard.ORDER),
    ("Is the man who was rich happy?", "Was the man who is rich happy?", Guard.QUESTION),
    ("Do I know that you lie?", "Do you know that I lie?", Guard.PERSON),
    ("Is my dog older than your cat?", "Is your dog older than my cat?", Guard.ORDER),
]


@pytest.mark.parametrize(("one", "other", "guard"), TRAPS)
def test_a_trap_is_kept_apart_and_the_guard_says_why(one: str, other: str, guard: Guard) -> None:
    assert difference(one, other) is guard
    assert difference(other, one) is guard


SAME = [
    ("In Python, how do I sort a list?", "How do I sort a list in Python?"),
    ("What is France's capital?", "Please tell me the capital of France"),
    ("the distance between Rome and Oslo", "the distance between Oslo and Rome"),
    ("How much does a pass cost?", "What's the cost of a pass?"),
    ("Wie kann ich ein Konto öffnen?", "Wie öffne ich ein Konto?"),
    ("Combien coûte un billet ?", "Bonjour, quel est le prix d'un billet ?"),
    ("¿Puedo pagar con tarjeta?", "Hola, ¿se puede pagar con tarjeta?"),
    ("How many people are in 1,000 towns?", "how many people are in 1000 towns"),
    ("Столица Перу?", "столица Перу?"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_small_words_order_and_inflection_are_no_difference(one: str, other: str) -> None:
    assert difference(one, other) is None


SMALL = (
    "the a is are not no how what can I you my of in from to between and or 5 6 mg USD Paris London"
    " dog bites man ' \" - , . ? ! « ( ) ¿ 's n't était nicht que ss"
)
TEXTS = st.one_of(
    st.text(max_size=80),
    st.sampled_from([t for pair in NEAR_MISSES + PARAPHRASES for t in pair[1:3]]),
    st.lists(
        st.sampled_from(SMALL.split()),
        max_size=20,
    ).map(" ".join),
)


@given(TEXTS, TEXTS)
@settings(max_examples=300, deadline=None)
def test_the_guards_are_symmetric_and_a_text_agrees_with_itself(one: str, other: str) -> None:
    assert difference(one, other) == difference(other, one)
    assert difference(one, one) is None
    assert read(one) == read(one)


@given(st.sampled_from(NEAR_MISSES + PARAPHRASES), st.data())
@settings(max_examples=300, deadline=None)
def test_a_changed_digit_never_passes(pair: Pair, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([pair.one + " 7", pair.one, "On 3 May 2024: " + pair.one]))
    digits = [at for at, character in enumerate(text) if character.isdigit()]
    if not digits:
        return
    at = data.draw(st.sampled_from(digits))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != text[at]]))
    assert difference(text, text[:at] + digit + text[at + 1 :]) is not None


NOT = ["not", "never", "no", "without", "nicht", "kein", "pas", "sans", "nunca", "sin", "except"]
DATES = ["monday", "March", "1999", "3 May", "Montag", "janvier", "lunes", "2024-01-31"]


@given(st.sampled_from(NEAR_MISSES + PARAPHRASES), st.sampled_from(NOT + DATES), st.data())
@settings(max_examples=400, deadline=None)
def test_a_negation_or_a_date_more_or_less_never_passes(
    pair: Pair, word: str, data: st.DataObject
) -> None:
    words = pair.one.split()
    at = data.draw(st.integers(0, len(words)))
    assert difference(pair.one, " ".join([*words[:at], word, *words[at:]])) is not None


@given(st.sampled_from(NEAR_MISSES + PARAPHRASES), st.sampled_from(DATES), st.sampled_from(DATES))
@settings(max_examples=200, deadline=None)
def test_another_date_never_passes(pair: Pair, one: str, other: str) -> None:
    if one != other:
        assert difference(f"{pair.one} {one}", f"{pair.one} {other}") is not None
        assert difference(f"{one} {pair.one}", f"{other} {pair.one}") is not None


WHO = [
    "Does {} owe {} money?",
    "Can {} sue {}?",
    "{} called {} yesterday, and why?",
    "What is {}'s advantage over {}?",
    "Is {} or {} older than the other?",
    "How do I get from {} to {}?",
    "In {}, how do I reach {}?",
    "Please tell me whether {} is as old as {}.",
    "Tell me which of the two, {} without {}, is cheaper",
    "Schuldet {} {} Geld?",
    "Ist {} größer als {}?",
    "Wie kann ich von {} nach {} fahren?",
    "Est-ce que {} connaît {} ?",
    "Combien coûte un billet de {} à {} ?",
    "¿Es {} más caro que {}?",
    "¿Cómo puedo ir de {} a {}?",
]
NAMES = ["Anna", "bob", "Lima", "oslo", "UPS", "gold", "5", "7 kg", "a cat", "dogs", "mein Hund"]


@given(st.sampled_from(WHO), st.permutations(NAMES))
@settings(max_examples=400, deadline=None)
def test_who_does_it_and_to_whom_is_never_confused(asked: str, names: list[str]) -> None:
    one, other, third = names[:3]
    assert difference(asked.format(one, other), asked.format(other, one)) is not None
    assert difference(asked.format(one, other), asked.format(one, third)) is not None
    assert difference(asked.format(one, other), asked.format(third, other)) is not None


HOSTILE = [
    "a" * 10**6,
    "a'" * 500_000,
    '"' * 10**6,
    "“" * 10**6,
    "1.1," * 250_000,
    "a-b_c." * 160_000,
    "(" * 10**6,
    "how do I " * 110_000,
    " " * 10**6,
    "\u200b\u202e" * 500_000,
    "e\u0301" * 500_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:6]))
def test_a_hostile_text_takes_no_time(text: str) -> None:
    started = time.process_time()
    assert difference(text, text + "x") is Guard.LENGTH
    assert not is_moving(text)
    longest = text[:LONGEST_TEXT]
    assert difference(longest, longest[:-1] + "b") is not None
    assert time.process_time() - started < 0.25


@pytest.mark.parametrize(
    "text",
    [
        "What is the weather today?",
        "latest news",
        "Wie spät ist es jetzt?",
        "la météo demain",
        "What’s on this weekend?",
        "Was läuft diese Woche?",
        "¿Qué pasa esta noche?",
        "What happened to aujourd’hui?",
    ],
)
def test_a_question_about_a_time_that_moves_is_known(text: str) -> None:
    assert is_moving(text)
    assert not is_moving("How do I sort a list in Python?")


def test_no_word_of_a_table_has_two_meanings() -> None:
    for table in (ENGLISH, GERMAN, FRENCH, SPANISH):
        seen: dict[str, str] = {}
        for line in table.replace("\n  ", " ").strip().splitlines():
            role, _, words = line.partition(": ")
            place = role if role in ("aux", "edge", "lead", "frame") else ""
            place = "front" if role.startswith("front") else place
            if role == "frame":
                continue
            for word in words.split():
                assert seen.setdefault(f"{place} {word}", line) == line, f"{word} in {role}"


def test_every_table_is_of_words_in_folded_case() -> None:
    for table in LANGUAGES.values():
        assert all(word == word.casefold() for word in table.known)
        assert all(word == word.casefold() for word in table.same)

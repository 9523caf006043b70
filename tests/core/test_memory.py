"""Memory: sessions' moves and warm prefixes, bounded, from any thread, and in forks."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from langchain_multirouter import memory as module
from langchain_multirouter.conversation import Conversation, Prefix
from langchain_multirouter.deployment import Deployment
from langchain_multirouter.economics.price import Usage
from langchain_multirouter.memory import Memory


def remembering(count: int = 4, weights: Sequence[float] = ()) -> Memory:
    return Memory(
        [
            Deployment(
                "azure_openai:gpt-4o",
                name=f"d{i}",
                provider="azure_openai",
                weight=weights[i] if weights else 1.0,
            )
            for i in range(count)
        ]
    )


def answered(memory: Memory, key: str, number: int) -> None:
    memory.answered(Conversation(session=memory.session(key)), number, None, 0.0)


def test_a_session_is_where_its_key_says_in_every_process() -> None:
    for key in ("a", "", "é", "\ud800", "x" * 1_000_000):
        one, other = remembering().session(key), remembering().session(key)
        assert one == other
        assert sorted(one.order) == [0, 1, 2, 3]
        assert len(one.key) == 16


def test_keys_of_any_length_are_told_apart_to_their_last_character() -> None:
    memory = remembering()
    long = "x" * 1_000_000
    assert memory.session(long + "a").key != memory.session(long + "b").key


def test_a_session_that_moved_stays_where_it_moved() -> None:
    memory = remembering()
    home, second = memory.session("s").order[:2]
    answered(memory, "s", second)
    assert memory.session("s").order[:2] == (second, home)
    answered(memory, "s", second)
    assert memory.session("s").order[0] == second
    answered(memory, "s", home)
    assert memory.session("s").order[0] == home


def test_others_do_not_move_with_it() -> None:
    memory = remembering()
    before = {f"s{i}": memory.session(f"s{i}").order for i in range(50)}
    answered(memory, "s7", before["s7"][-1])
    for key, order in before.items():
        assert (memory.session(key).order == order) == (key != "s7")


def test_an_answer_from_home_that_comes_late_does_not_undo_a_move() -> None:
    memory = remembering()
    early = Conversation(session=memory.session("s"))
    assert early.session is not None
    home, second = early.session.order[:2]
    answered(memory, "s", second)
    memory.answered(early, home, None, 0.0)
    assert memory.session("s").order[0] == second


def test_moves_are_bounded_and_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_MOVES", 10)
    memory = remembering()
    for i in range(30):
        answered(memory, f"s{i}", memory.session(f"s{i}").order[-1])
    assert len(memory._moved) == 10
    fresh = remembering()
    assert memory.session("s0") == fresh.session("s0")
    assert memory.session("s29") != fresh.session("s29")


def test_no_key_is_kept_as_text_and_none_that_never_moved_is_kept_at_all() -> None:
    memory = remembering()
    answered(memory, "alice@example.org", memory.session("alice@example.org").order[0])
    assert not memory._moved
    answered(memory, "alice@example.org", memory.session("alice@example.org").order[1])
    assert "alice" not in repr(vars(memory))


def test_many_threads_lose_no_move_and_break_nothing() -> None:
    memory = remembering()
    prefixes = tuple(Prefix(bytes([i]), 2000 + i) for i in range(20))
    errors: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            for i in range(200):
                key = f"{worker}:{i % 20}"
                ties = Conversation(prefixes, memory.cached(prefixes, float(i)), 1)
                ties = ties._replace(session=memory.session(key))
                memory.answered(ties, worker % 4, Usage(2019, 1, 1920), float(i))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for worker in range(8):
        for i in range(20):
            assert memory.session(f"{worker}:{i}").order[0] == worker % 4


def test_a_child_process_has_a_lock_of_its_own() -> None:
    memory = remembering()
    answered(memory, "s", memory.session("s").order[2])
    moved = memory.session("s")
    with memory._lock:
        held = memory._lock
        memory.forked()
        assert memory._lock is not held
        assert memory.session("s") == moved


def test_how_long_conversations_usually_are_is_learned() -> None:
    memory = remembering()
    prefixes = (Prefix(b"x", 2000),)
    assert memory.usual_calls_ahead == 0.0
    for _ in range(40):
        for before in range(5):
            memory.answered(Conversation(prefixes, {}, before), 0, None, 0.0)
    assert memory.usual_calls_ahead == pytest.approx(4.0, abs=0.2)
    for _ in range(4 * module.COUNTED_CALLS):
        memory.answered(Conversation(prefixes, {}, 0), 0, None, 0.0)
    assert memory.usual_calls_ahead < 0.05

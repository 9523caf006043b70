"""One record is one line, whoever chose the words in it."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from langchain_multirouter import ConfigurationError, Deployment, RoutedChatModel
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import STEADY, listening
from tests.wire.conftest import MODES, WIRES, ask

from .liar import Liar, refusal
from .test_canaries import one

FORGED = '{"level": "CRITICAL"} all is lost'
BREAKS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")
STRANGE = (*BREAKS, "\x1b[2J\x1b[31m", "\x00", "\x08" * 40, "\x7f", "\u202e", "\ud800", '"}')


class Lines:
    """What a handler with the plainest of formats would write."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)

    @property
    def written(self) -> str:
        return self.stream.getvalue()

    def are_one_each(self) -> bool:
        """Each line, however lines are told apart, is an event's name and JSON, in ASCII."""
        for line in self.written.splitlines():
            name, _, fields = line.partition(" ")
            if not (name.isidentifier() and isinstance(json.loads(fields), dict)):
                return False
        return all(char == "\n" or " " <= char <= "~" for char in self.written)


def lines_of(router: RoutedChatModel, mode: str = "invoke", **keywords: Any) -> Lines:
    lines = Lines()
    with listening(lines.handler):
        try:
            ask(router, mode, "Hello", **keywords)
        except Exception:  # noqa: S110  # whichever: what was logged is looked at
            pass
    return lines


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("strange", STRANGE, ids=ascii)
def test_a_providers_words_are_one_line(
    strange: str, wire: str, liar: Liar, lied_to: dict[str, Any]
) -> None:
    words = f"busy{strange}{FORGED}"
    mode = MODES[STRANGE.index(strange) % 4]
    for code in (words, f"busy{strange}"):
        liar.says = lambda heard, code=code: refusal(heard, 503, message=words, code=code)
        lines = lines_of(one(lied_to[wire], wire), mode)
        assert lines.written
        assert lines.are_one_each()


@pytest.mark.parametrize("strange", STRANGE, ids=ascii)
def test_the_names_of_models_tags_and_strategies_are_one_line(strange: str) -> None:
    words = f"m{strange}{FORGED}"

    def mine(candidates: Any, request: Any) -> list[float]:
        return [0.0] * len(candidates)

    mine.__name__ = words
    models = [
        Deployment(ScriptedModel(script=[OSError(words)]), model_name=words),
        Deployment(ScriptedModel(), name="b", model_name=f"other{words}"),
    ]
    router = RoutedChatModel(models, policy=STEADY)
    written = []
    for keywords in (
        {},
        {"strategy": mine},
        {"model": words},
        {"model": f"none {words}"},
        {"require_tags": [words[:64]]},
        {"model_preference": [words]},
        {"preferred_provider": words},
    ):
        lines = lines_of(router, **keywords)
        assert lines.are_one_each()
        written.append(bool(lines.written))
    assert written[:4] == [True] * 4  # a tag that is no text at all is refused before


@pytest.mark.parametrize("strange", STRANGE[:-1], ids=ascii)
def test_a_deployments_name_cannot_hold_such_a_character(strange: str) -> None:
    with pytest.raises(ConfigurationError, match="name: must be printable ASCII"):
        Deployment(ScriptedModel(), name=f"a{strange}b")

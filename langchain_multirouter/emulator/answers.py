"""What the emulated model says: pleasant, short, and the same for the same request."""

import hashlib
import json
import re
import zlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from langchain_multirouter.emulator.ask import Answer, Ask, Finish, Tool, ToolCall
from langchain_multirouter.emulator.schema import quotations, synthesise

_REMARKS = (
    "That is a good thing to ask, and the short answer is that it all works out well.",
    "There is much to say about it; the important part is to take it one step at a time.",
    "In brief: it depends on the details, and the details look promising.",
    "Here is a simple answer that should serve, with kind regards from the emulated cloud.",
)
_TOO_COMMON = frozenset(
    ("the", "and", "for", "get", "set", "use", "make", "tool", "with", "from", "run", "new", "all")
)


_RECITE = "Recite:"
_REPEATED_WORDS = 3


def tokens_in(text: str) -> int:
    """About one token for four characters, as English has with the usual tokenizers."""
    return (len(text) + 3) // 4


def pieces(text: str) -> list[str]:
    """The text as a stream delivers it: a word at a time; joined, they are the text."""
    return re.findall(r"\s*\S+\s*?(?=\s|$)|\s+", text)


def respond(ask: Ask) -> Answer:
    """The answer to a chat request, with its token counts."""
    answer = _answer(ask)
    if ask.reasons:
        answer = replace(answer, reasoning=_reasoning(ask, answer))
    answer = _limited(ask, answer)
    thought = tokens_in(answer.reasoning)
    said = answer.text + "".join(dumps(dict(call.arguments)) + call.name for call in answer.calls)
    heard = sum(tokens_in(turn.text) + 3 for turn in ask.turns)
    offered = sum(tokens_in(dumps(dict(tool.schema))) + 4 for tool in ask.tools)
    return replace(
        answer,
        found=ask.found.within(heard + offered),
        input_tokens=max(1, heard + offered),
        output_tokens=thought + max(0 if thought else 1, tokens_in(said)),
        reasoning_tokens=thought,
    )


def dumps(value: Any) -> str:
    """JSON with the characters as they are, as the services write it."""
    return json.dumps(value, ensure_ascii=False)


def _answer(ask: Ask) -> Answer:
    if chosen := _tools_to_call(ask):
        calls = tuple(_call(ask, tool, index) for index, tool in enumerate(chosen))
        return Answer(calls=calls, finish=Finish.TOOL_CALLS)
    if ask.schema is not None:
        return Answer(text=dumps(synthesise(ask.schema, ask.prompt)))
    if ask.json_mode:
        keys = quotations(ask.prompt) or ["answer"]
        return Answer(text=dumps({key: f"A {key} for you" for key in keys}))
    return Answer(text=_prose(ask))


def _reasoning(ask: Ask, answer: Answer) -> str:
    """What the model thinks first, in two paragraphs."""
    subject = " ".join(ask.prompt.split()[:12])
    names = " and ".join(call.name for call in answer.calls)
    step = f"This calls for {names}." if names else "I can answer from what I have been told."
    return f"The last request is: {subject}\n\n{step}"


def _prose(ask: Ask) -> str:
    recital = _recital(ask)
    if recital is not None:
        return recital
    name = ask.answers_as or ask.model
    results = []
    for turn in reversed(ask.turns):
        if turn.role != "tool":
            break
        results.append(turn.text)
    if results:
        return f"Hello from {name}. The tool result is: {'; '.join(reversed(results))}"
    words = ask.prompt.split()
    subject = " ".join(words[:12]) + (" ..." if len(words) > 12 else "")
    remark = _REMARKS[zlib.crc32(ask.prompt.encode("utf-8", "replace")) % len(_REMARKS)]
    return f"Hello from {name}. You said “{subject}”. {remark}"


def _recital(ask: Ask) -> str | None:
    """What a human asked to be recited; what an assistant has already said of it is not repeated.

    Asked to go on (by a human turn, not by a prefill), a model tends to repeat its last words.
    """
    asked = [
        at for at, turn in enumerate(ask.turns) if turn.role == "user" and _RECITE in turn.text
    ]
    if not asked:
        return None
    _, _, text = ask.turns[asked[-1]].text.partition(_RECITE)
    text = text.strip()
    after = ask.turns[asked[-1] + 1 :]
    said = next((turn.text for turn in reversed(after) if turn.role == "assistant"), "")
    if not said or not text.startswith(said.strip()):
        return text
    rest = text[len(said.strip()) :]
    if after[-1].role == "assistant":
        return rest if said == said.rstrip() else rest.lstrip()
    return " ".join(said.split()[-_REPEATED_WORDS:]) + rest


def _tools_to_call(ask: Ask) -> list[Tool]:
    """The tools this request calls for: forced, or mentioned in what the human has just said."""
    offered = [t for t in ask.tools if not ask.allowed or t.name in ask.allowed]
    if not offered or ask.choice == "none":
        return []
    if ask.choice == "required":
        return _forced(ask, offered)
    if ask.turns and ask.turns[-1].role != "user":
        return []
    return _mentioned(ask, offered)


def _mentioned(ask: Ask, offered: Iterable[Tool]) -> list[Tool]:
    prompt = ask.prompt.casefold()
    named = [
        t for t in offered if re.search(rf"(?<!\w){re.escape(t.name.casefold())}(?!\w)", prompt)
    ]
    if named:
        return named if ask.parallel else named[:1]
    said = set(re.findall(r"\w+", prompt))
    scored = [(len(_words_of(tool.name) & said), tool) for tool in offered]
    best = max((score for score, _ in scored), default=0)
    return [tool for score, tool in scored if score == best][:1] if best else []


def _forced(ask: Ask, offered: list[Tool]) -> list[Tool]:
    """One tool must be called: a mentioned one not yet called, else the first, else the last.

    Agents append the tool of their structured answer, so that after results the last one is due.
    """
    called: set[str] = set()
    for turn in reversed(ask.turns):
        if turn.role == "user":
            break
        called.update(turn.calls)
    fresh = [tool for tool in offered if tool.name not in called]
    return _mentioned(ask, fresh)[:1] or ([offered[-1]] if called else [offered[0]])


def _words_of(name: str) -> set[str]:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+", name)
    return {w.casefold() for w in words if len(w) > 2} - _TOO_COMMON


def _call(ask: Ask, tool: Tool, index: int) -> ToolCall:
    digest = hashlib.sha256(f"{ask.fingerprint}:{index}:{tool.name}".encode()).hexdigest()
    arguments = synthesise({"type": "object", **tool.schema}, ask.prompt)
    return ToolCall(id=digest[:22], name=tool.name, arguments=arguments)


def _limited(ask: Ask, answer: Answer) -> Answer:
    """The answer cut at the first stop sequence and at the token limit, reasoning included."""
    text, finish = answer.text, answer.finish
    cuts = [at for stop in ask.stop if stop and (at := text.find(stop)) >= 0]
    if cuts:
        text = text[: min(cuts)]
    if ask.max_tokens is None:
        return replace(answer, text=text)
    left = ask.max_tokens - tokens_in(answer.reasoning)
    if answer.reasoning and left <= 0:
        thought = answer.reasoning[: max(0, ask.max_tokens) * 4]
        return replace(answer, reasoning=thought, text="", calls=(), finish=Finish.LENGTH)
    if tokens_in(text) > left:
        text, finish = text[: max(0, left) * 4], Finish.LENGTH
    return replace(answer, text=text, finish=finish)

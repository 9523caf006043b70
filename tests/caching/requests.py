"""Requests: random requests as plain values, and every way in which one can differ from another."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.caching.key import query_of
from langchain_multirouter.caching.query import Query
from langchain_multirouter.keywords import read_keywords
from langchain_multirouter.options import narrow

Spec = dict[str, Any]

WORDS = (
    *("alpha", "beta", "5", "6", "5.0", "not", "yes", "no", "null", "true", "ü", "漢", "é"),
    *("e\u0301", "\\", '"', ",", "]", "[", "{", "}", ":"),
)
NAMES = ("search", "weather", "add")


def words(rng: Random, most: int = 6) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, most)))


def tool(rng: Random) -> Spec:
    kind = rng.choice(["string", "integer", "number"])
    parameters = {"type": "object", "properties": {"q": {"type": kind}}, "required": ["q"]}
    about = {"name": rng.choice(NAMES), "description": words(rng), "parameters": parameters}
    return {"type": "function", "function": about}


def image(rng: Random) -> Spec:
    data = f"{rng.getrandbits(64):016x}"
    return {"type": "image", "base64": data, "mime_type": "image/png"}


def request(rng: Random) -> Spec:
    """A random request: a conversation, perhaps with tools, a picture, parameters, options."""
    messages: list[Spec] = []
    if rng.random() < 0.6:
        messages.append({"role": "system", "text": words(rng)})
    for turn in range(rng.randint(0, 3)):
        messages.append({"role": "human", "text": words(rng)})
        answer: Spec = {"role": "ai", "text": words(rng)}
        if rng.random() < 0.5:
            call = {"name": rng.choice(NAMES), "args": {"q": words(rng, 2)}, "id": f"c{turn}"}
            answer["calls"] = [call]
        messages.append(answer)
        if "calls" in answer:
            messages.append({"role": "tool", "text": words(rng), "id": f"c{turn}"})
    last: Spec = {"role": "human", "text": words(rng)}
    if rng.random() < 0.3:
        last["image"] = image(rng)
    messages.append(last)
    keywords: Spec = {}
    if rng.random() < 0.5:
        keywords["temperature"] = round(rng.random(), 2)
    if rng.random() < 0.4:
        keywords["tools"] = [tool(rng) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.3:
        keywords["tenant"] = rng.choice(["one", "other"])
    return {"messages": messages, "keywords": keywords, "router": 0}


def sent(spec: Spec) -> list[BaseMessage]:
    """The messages of a request."""
    return [_message(one) for one in spec["messages"]]


def _message(one: Spec) -> BaseMessage:
    content: Any = one["text"]
    if "image" in one:
        content = [{"type": "text", "text": content}, one["image"]]
    name = one.get("name")
    match one["role"]:
        case "system":
            return SystemMessage(content, name=name)
        case "human":
            return HumanMessage(content, name=name)
        case "tool":
            status = one.get("status", "success")
            return ToolMessage(content, tool_call_id=one["id"], status=status, name=name)
    calls = [{**call, "type": "tool_call"} for call in one.get("calls", ())]
    return AIMessage(content, name=name, tool_calls=calls)


def query(spec: Spec, routers: list[RoutedChatModel]) -> Query:
    """The request as its router's cache would be asked for it."""
    compiled = routers[spec["router"]].compiled
    asked, parameters, model, _ = read_keywords(spec["keywords"], None, compiled.parameters)
    options = narrow(compiled.options, asked)
    router = compiled.caching.router
    found = query_of(sent(spec), parameters, options, model=model, router=router)
    assert found is not None
    return found


# --- one thing changed; each function says whether it could -------------------------------------

Change = Callable[[Spec, Random], bool]


def _any(spec: Spec, rng: Random, holds: Callable[[Spec], Any] = bool) -> Spec | None:
    those = [message for message in spec["messages"] if holds(message)]
    return rng.choice(those) if those else None


def a_letter(spec: Spec, rng: Random) -> bool:
    message = _any(spec, rng)
    assert message is not None
    text = message["text"]
    at = rng.randrange(len(text))
    message["text"] = text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :]
    return True


def a_blank(spec: Spec, rng: Random) -> bool:
    message = _any(spec, rng)
    assert message is not None
    message["text"] += " "
    return True


def a_word_moved_to_the_next_message(spec: Spec, rng: Random) -> bool:
    at = rng.randrange(len(spec["messages"]))
    if at + 1 == len(spec["messages"]):
        return False
    one, other = spec["messages"][at : at + 2]
    head, _, tail = one["text"].rpartition(" ")
    if not head:
        return False
    one["text"], other["text"] = head, f"{tail} {other['text']}"
    return True


def a_role(spec: Spec, rng: Random) -> bool:
    message = _any(spec, rng, lambda m: m["role"] in ("human", "system") and "image" not in m)
    if message is None:
        return False
    message["role"] = {"human": "ai", "system": "human"}[message["role"]]
    return True


def the_order(spec: Spec, rng: Random) -> bool:
    texts = [m for m in spec["messages"] if m["role"] in ("human", "ai")]
    if len(texts) < 2:
        return False
    one, other = rng.sample(texts, 2)
    one["text"], other["text"] = other["text"], one["text"]
    return bool(one["text"] != other["text"])


def one_message_more(spec: Spec, rng: Random) -> bool:
    spec["messages"].append({"role": "human", "text": words(rng)})
    return True


def the_first_message_gone(spec: Spec, rng: Random) -> bool:
    if len(spec["messages"]) < 2 or spec["messages"][0]["role"] == "ai":
        return False
    del spec["messages"][0]
    return True


def a_calls_name(spec: Spec, rng: Random) -> bool:
    message = _any(spec, rng, lambda m: m.get("calls"))
    if message is None:
        return False
    message["calls"][0]["name"] += "2"
    return True


def a_calls_argument(spec: Spec, rng: Random) -> bool:
    message = _any(spec, rng, lambda m: m.get("calls"))
    if message is None:
        return False
    said = message["calls"][0]["args"]["q"]
    message["calls"][0]["args"] = rng.choice([{"q": f"{said}!"}, {"p": said}, {"q": [said]}])
    return True


def a_results_state(spec: Spec, rng: Random) -> bool:
    message = _any(spec, rng, lambda m: m["role"] == "tool")
    if message is None:
        return False
    message["status"] = "error"
    return True


def a_name(spec: Spec, rng: Random) -> bool:
    message = _any(spec, rng)
    assert message is not None
    message["name"] = "somebody"
    return True


def a_picture(spec: Spec, rng: Random) -> bool:
    spec["messages"][-1]["image"] = image(rng)
    return True


def keyword(name: str, *values: Any) -> Change:
    def change(spec: Spec, rng: Random) -> bool:
        before = spec["keywords"].get(name)
        spec["keywords"][name] = rng.choice(values)
        return bool(before != spec["keywords"][name])

    change.__name__ = name
    return change


def a_tool(spec: Spec, rng: Random) -> bool:
    tools = spec["keywords"].setdefault("tools", [])
    before = json.dumps(tools)
    if tools and rng.random() < 0.5:
        tools[rng.randrange(len(tools))] = tool(rng)
    else:
        tools.append(tool(rng))
    return json.dumps(tools) != before


def the_order_of_tools(spec: Spec, rng: Random) -> bool:
    tools = spec["keywords"].get("tools", [])
    before = list(tools)
    tools.reverse()
    return bool(tools != before)


def the_choice(spec: Spec, rng: Random) -> bool:
    spec["keywords"].setdefault("tools", [tool(rng)])
    spec["keywords"]["tool_choice"] = rng.choice(["any", "auto", "none"])
    return True


def the_router(spec: Spec, rng: Random) -> bool:
    spec["router"] = rng.randint(1, spec["routers"] - 1)
    return True


SCHEMAS = tuple(
    {"type": "json_schema", "json_schema": {"name": name, "schema": {"type": kind}}}
    for name in ("a", "b")
    for kind in ("object", "array")
)
CHANGES: tuple[Change, ...] = (
    a_letter, a_letter, a_blank, a_word_moved_to_the_next_message, a_role, the_order,
    one_message_more, the_first_message_gone, a_calls_name, a_calls_argument, a_results_state,
    a_name, a_picture, a_tool, the_order_of_tools, the_choice, the_router,
    keyword("temperature", 0.0, 0.123, 1.0),
    keyword("max_tokens", 1, 10, 100),
    keyword("top_p", 0.1, 0.5, 1.0),
    keyword("seed", 1, 2, 3),
    keyword("stop", ["a"], ["b"], ["a", "b"], ["ab"]),
    keyword("response_format", {"type": "json_object"}, *SCHEMAS),
    keyword("strict", True, False),
    keyword("parallel_tool_calls", True, False),
    keyword("model", "a", "b", "gpt-4o"),
    keyword("tenant", "one", "other", "One", "one ", "*"),
    keyword("strategy", "intelligent", "round_robin", "cost_optimized"),
    keyword("preferred_provider", "aws_bedrock", "azure_openai"),
    keyword("model_preference", ["gpt-4o"], ["gpt-4o", "a"]),
    keyword("fallback_enabled", False),
    keyword("require_tags", ["eu"], ["eu", "us"]),
    keyword("allow_model_change", False),
    keyword("task_type", "code_generation", "analysis"),
    keyword("max_cost", 0.1, 0.2),
    keyword("max_response_time", 1.0, 2.0),
    keyword("allow_losses", False),
)  # fmt: skip

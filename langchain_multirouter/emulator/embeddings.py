"""Vectors of hashed words: the same text has the same vector, and shared words make two near."""

import base64
import hashlib
import math
import re
from array import array
from collections.abc import Mapping
from typing import Any

from langchain_multirouter.emulator.answers import tokens_in
from langchain_multirouter.emulator.ask import Answer, Ask
from langchain_multirouter.emulator.wire import Addressed

_DIMENSIONS = (
    ("text-embedding-3-large", 3072),
    ("text-embedding-3-small", 1536),
    ("text-embedding-ada", 1536),
    ("titan-embed-text-v1", 1536),
    ("titan-embed-text-v2", 1024),
    ("cohere.embed-v4", 1536),
    ("cohere.embed", 1024),
    ("nova", 1024),
    ("gemini-embedding", 3072),
    ("text-embedding-0", 768),
)


def embed(ask: Ask) -> Answer:
    """One unit vector per text (feature hashing, Weinberger et al. 2009)."""
    size = ask.dimensions or next((n for name, n in _DIMENSIONS if name in ask.model), 1024)
    tokens = sum(max(1, tokens_in(text)) for text in ask.texts)
    vectors = tuple(_vector(text, size) for text in ask.texts)
    return Answer(input_tokens=tokens, vectors=vectors)


def _vector(text: str, size: int) -> tuple[float, ...]:
    values = [0.0] * size
    for word in re.findall(r"\w+", text.casefold()) or [text or "nothing"]:
        digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=64).digest()
        for start in range(0, 64, 4):
            at = int.from_bytes(digest[start : start + 4], "big")
            values[(at >> 1) % size] += 1.0 if at & 1 else -1.0
    norm = math.sqrt(sum(value * value for value in values))
    if norm == 0.0:
        values[0] = norm = 1.0
    return tuple(value / norm for value in values)


def read_azure(model: str, answers_as: str, body: Mapping[str, Any], fingerprint: str) -> Ask:
    """`input` is a text, texts, or token ids that stand for a text."""
    given = body["input"]
    if isinstance(given, str) or (given and isinstance(given[0], int)):
        given = [given]
    return Ask(
        model=model,
        answers_as=answers_as,
        operation="embed",
        body=body,
        fingerprint=fingerprint,
        texts=tuple(text if isinstance(text, str) else str(text) for text in given),
        dimensions=body.get("dimensions"),
    )


def write_azure(ask: Ask, answer: Answer) -> dict[str, Any]:
    """A list of vectors, in base64 if the client asked for that."""
    data = []
    for index, vector in enumerate(answer.vectors):
        packed: Any = list(vector)
        if ask.body.get("encoding_format") == "base64":
            packed = base64.b64encode(array("f", vector).tobytes()).decode()
        data.append({"object": "embedding", "index": index, "embedding": packed})
    usage = {"prompt_tokens": answer.input_tokens, "total_tokens": answer.input_tokens}
    return {"object": "list", "data": data, "model": ask.answers_as, "usage": usage}


def read_bedrock(model: str, body: Mapping[str, Any], fingerprint: str) -> Ask:
    """Titan's `inputText`, Cohere's `texts` or Nova's `singleEmbeddingParams`."""
    size = body.get("dimensions") or body.get("output_dimension")
    if "singleEmbeddingParams" in body:
        params = body["singleEmbeddingParams"]
        texts, size = [params["text"]["value"]], params.get("embeddingDimension")
    else:
        texts = body["texts"] if "texts" in body else [body["inputText"]]
    return Ask(
        model=model,
        operation="embed",
        body=body,
        fingerprint=fingerprint,
        texts=tuple(texts),
        dimensions=size,
    )


def write_bedrock(ask: Ask, answer: Answer) -> dict[str, Any]:
    """The form of the model family that the request was written for."""
    vectors = [list(vector) for vector in answer.vectors]
    if "singleEmbeddingParams" in ask.body:
        return {"embeddings": [{"embeddingType": "TEXT", "embedding": v} for v in vectors]}
    if "texts" in ask.body:
        typed: Any = {"float": vectors} if "embedding_types" in ask.body else vectors
        kind = "embeddings_by_type" if "embedding_types" in ask.body else "embeddings_floats"
        return {"id": ask.fingerprint[:22], "response_type": kind, "embeddings": typed}
    body: dict[str, Any] = {"inputTextTokenCount": answer.input_tokens}
    return {**body, "embedding": vectors[0]} if vectors else body


def read_vertex(addressed: Addressed, body: Mapping[str, Any], fingerprint: str) -> Ask:
    """`:predict` with instances, or `:embedContent` with one content."""
    if addressed.verb == "predict":
        texts = tuple(instance["content"] for instance in body["instances"])
        size = (body.get("parameters") or {}).get("outputDimensionality")
    else:
        texts = (" ".join(part.get("text", "") for part in body["content"]["parts"]),)
        size = body.get("outputDimensionality")
    return Ask(
        model=addressed.model,
        answers_as=addressed.model,
        operation="embed",
        body=body,
        fingerprint=fingerprint,
        texts=texts,
        dimensions=size,
    )


def write_vertex(ask: Ask, answer: Answer) -> dict[str, Any]:
    """Predictions, or the one embedding of `:embedContent`."""
    if "instances" not in ask.body:
        return {"embedding": {"values": list(answer.vectors[0])}} if answer.vectors else {}
    statistics = [{"token_count": max(1, tokens_in(t)), "truncated": False} for t in ask.texts]
    pairs = zip(answer.vectors, statistics, strict=False)
    return {"predictions": [{"embeddings": {"values": list(v), "statistics": s}} for v, s in pairs]}

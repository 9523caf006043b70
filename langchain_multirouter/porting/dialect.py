"""Dialect: what one service accepts of a conversation, as a row of a table.

A provider's row (`providers`) says which dialect a model speaks; `port` reads only this. Everything
in a row can be hashed, so that a row can be a key.
"""

from __future__ import annotations

from typing import NamedTuple


class Dialect(NamedTuple):
    """One service's rules, and its LangChain class's.

    Args:
        name: What notes and tests call it ("bedrock_claude").
        provider: The provider's name, as messages carry it in their metadata.
        form: Whose content blocks the class reads: "converse", "chat", "responses", "gemini",
            "anthropic" or "any".
        call_ids: A regular expression of the ids that a tool call may have; empty for any id.
        media: What a user may attach, as (kind, source): kinds "image", "audio", "video", "file",
            sources "base64", "url", "file_id", "s3".
        result_media: The kinds of attachments that a tool's result may hold.
        leads_with_system: Whether system messages are read, or kept in place, only at the front.
        begins_with_user: Whether the first turn has to be the user's.
        takes_blank: Whether a turn may have no text.
        joins_answers: Whether two turns of the assistant in a row have to be made one.
        caches: Whether it reads the class's own marks of what to cache.
        keeps_items: Whether the items of an answer, by id or encrypted, are read by the deployment
            alone that gave it.
        never_last: A regular expression of the models whose last turn may not be the assistant's;
            empty for none.
        schemas: Which row of `subsets.SCHEMAS` holds; the one of its name if empty.
    """

    name: str
    provider: str
    form: str = "any"
    call_ids: str = ""
    media: frozenset[tuple[str, str]] = frozenset()
    result_media: frozenset[str] = frozenset()
    leads_with_system: bool = False
    begins_with_user: bool = False
    takes_blank: bool = True
    joins_answers: bool = False
    caches: bool = False
    keeps_items: bool = False
    never_last: str = ""
    schemas: str = ""


def _media(**sources: str) -> frozenset[tuple[str, str]]:
    return frozenset((kind, source) for kind, said in sources.items() for source in said.split())


_KINDS = frozenset({"image", "audio", "video", "file"})
#: Anthropic's, which Bedrock holds all models to.
_ANTHROPIC_IDS = r"[a-zA-Z0-9_-]{1,64}"
#: Claude goes on from an answer's beginning up to 4.5; its later models refuse to.
_LATER_CLAUDE = r"claude-(opus|sonnet|haiku)-(4-[6-9]|[5-9])(?!\d)"
#: Gemini refuses to go on from any.
_EVERY = "^"

_CONVERSE = Dialect(
    "",
    "aws_bedrock",
    form="converse",
    call_ids=_ANTHROPIC_IDS,
    media=_media(image="base64 s3", file="base64 s3"),
    result_media=frozenset({"image", "file"}),
    leads_with_system=True,
    begins_with_user=True,
    takes_blank=False,
)

BEDROCK_CLAUDE = _CONVERSE._replace(name="bedrock_claude", caches=True, never_last=_LATER_CLAUDE)
BEDROCK_NOVA = _CONVERSE._replace(
    name="bedrock_nova",
    caches=True,
    media=_media(image="base64 s3", file="base64 s3", video="base64 s3"),
    result_media=frozenset({"image", "file", "video"}),
)
BEDROCK_OTHER = _CONVERSE._replace(name="bedrock_other")
AZURE_CHAT = Dialect(
    "azure_chat",
    "azure_openai",
    form="chat",
    call_ids=r"[^\s]{1,40}",
    media=_media(image="base64 url", audio="base64", file="base64 file_id"),
)
AZURE_RESPONSES = Dialect(
    "azure_responses",
    "azure_openai",
    form="responses",
    call_ids=r"[^\s]{1,64}",
    media=_media(image="base64 url file_id", file="base64 url file_id"),
    result_media=frozenset({"image", "file"}),
    keeps_items=True,
)
VERTEX_GEMINI = Dialect(
    "vertex_gemini",
    "gcp_vertex",
    form="gemini",
    media=frozenset((k, s) for k in _KINDS for s in ("base64", "url", "file_id")),
    result_media=_KINDS,
    leads_with_system=True,
    begins_with_user=True,
    takes_blank=False,
    joins_answers=True,
    never_last=_EVERY,
)
#: Before its third version it took a response format, or tools.
VERTEX_GEMINI_2 = VERTEX_GEMINI._replace(schemas="vertex_gemini_2")
#: The same service through `ChatVertexAI`, which has an older form of schemas.
VERTEX_GAPIC = VERTEX_GEMINI._replace(schemas="vertex_gapic")
VERTEX_CLAUDE = Dialect(
    "vertex_claude",
    "gcp_vertex",
    form="anthropic",
    call_ids=_ANTHROPIC_IDS,
    media=_media(image="base64 url", file="base64 url"),
    result_media=frozenset({"image", "file"}),
    leads_with_system=True,
    begins_with_user=True,
    takes_blank=False,
    joins_answers=True,
    caches=True,
    never_last=_LATER_CLAUDE,
)
#: Through `ChatBedrock`, which sends Anthropic's own blocks.
BEDROCK_INVOKE = VERTEX_CLAUDE._replace(
    name="bedrock_claude",
    provider="aws_bedrock",
    media=_media(image="base64", file="base64"),
    schemas="bedrock_invoke",
)
#: Of a class of no provider we know: only what is certain to be nobody else's is changed.
ANY = Dialect(
    "any",
    "",
    media=frozenset((k, s) for k in _KINDS for s in ("base64", "url", "file_id", "s3")),
    result_media=_KINDS,
    caches=True,
)

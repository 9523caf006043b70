"""Dialect: what one service accepts of a conversation, as a row of a table.

A provider's row (`providers`) says which dialect a model speaks; `port` reads only this.
"""

from __future__ import annotations

from typing import NamedTuple


class Dialect(NamedTuple):
    """One service's rules.

    Args:
        name: What notes and tests call it ("bedrock_claude").
        provider: The provider's name, as messages carry it in their metadata.
        schemas: Which row of `subsets.SCHEMAS` holds; the one of its name if empty.
    """

    name: str
    provider: str
    schemas: str = ""


BEDROCK_CLAUDE = Dialect("bedrock_claude", "aws_bedrock")
BEDROCK_NOVA = Dialect("bedrock_nova", "aws_bedrock")
BEDROCK_OTHER = Dialect("bedrock_other", "aws_bedrock")
AZURE_CHAT = Dialect("azure_chat", "azure_openai")
AZURE_RESPONSES = Dialect("azure_responses", "azure_openai")
VERTEX_GEMINI = Dialect("vertex_gemini", "gcp_vertex")
#: Before its third version it took a response format, or tools.
VERTEX_GEMINI_2 = VERTEX_GEMINI._replace(schemas="vertex_gemini_2")
#: The same service through `ChatVertexAI`, which has an older form of schemas.
VERTEX_GAPIC = VERTEX_GEMINI._replace(schemas="vertex_gapic")
VERTEX_CLAUDE = Dialect("vertex_claude", "gcp_vertex")
#: Of a class of no provider we know: only what is certain to be nobody else's is changed.
ANY = Dialect("any", "")

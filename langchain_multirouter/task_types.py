"""Task types: what a prompt can ask for."""

from __future__ import annotations

from enum import StrEnum


class TaskType(StrEnum):
    """What a prompt asks for."""

    CHAT = "chat"
    CODE_GENERATION = "code_generation"
    ANALYSIS = "analysis"
    CREATIVE_WRITING = "creative_writing"
    MULTIMODAL = "multimodal"
    EMBEDDINGS = "embeddings"
    SUMMARIZATION = "summarization"

"""Tokens: how many a request will have, by arithmetic alone; nothing is tokenized or fetched.

For text it is langchain_core's `count_tokens_approximately`: a token for every four characters of
a message and its role, rounded up, and three for the message. Against OpenAI's o200k it was
measured 13 % over (English) to 3.3 × under (Chinese): to compare with limits, no bill.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CHARACTERS_PER_TOKEN: Final = 4  # langchain_core: chars_per_token
TOKENS_PER_MESSAGE: Final = 3  # langchain_core: extra_tokens_per_message

#: LangChain's message type → the characters of the role that langchain_core counts with it.
ROLE_CHARACTERS: Final[Mapping[str, int]] = {
    "human": len("user"),
    "ai": len("assistant"),
    "system": len("system"),
    "tool": len("tool"),
    "function": len("function"),
}
_USER: Final = ROLE_CHARACTERS["human"]

#: One image whose size is not known. Of 1024 × 1024: Gemini 258 a tile
#: (ai.google.dev/gemini-api/docs/tokens), OpenAI 85 + 4 × 170 = 765 in high detail
#: (platform.openai.com/docs/guides/images-vision), Claude about 1,400 (width × height / 750,
#: docs.anthropic.com, "Vision"). The middle one; langchain_core takes 85, OpenAI's low detail.
IMAGE_TOKENS: Final = 765
#: One minute: Gemini counts 32 tokens for a second of audio (the same page).
AUDIO_TOKENS_PER_SECOND: Final = 32
AUDIO_TOKENS: Final = 60 * AUDIO_TOKENS_PER_SECOND
#: One minute: Gemini counts 263 tokens for a second of video (the same page).
VIDEO_TOKENS_PER_SECOND: Final = 263
VIDEO_TOKENS: Final = 60 * VIDEO_TOKENS_PER_SECOND
#: One page on Claude, at its dearest (1,500–3,000 a page, docs.anthropic.com, "PDF support");
#: eleven pages on Gemini, at 258 each.
FILE_TOKENS: Final = 3_000

#: By the kinds of `request.Prompt`.
BLOCK_TOKENS: Final[Mapping[str, int]] = {
    "image": IMAGE_TOKENS,
    "audio": AUDIO_TOKENS,
    "video": VIDEO_TOKENS,
    "file": FILE_TOKENS,
    "document": FILE_TOKENS,
}

#: What a second, or a page, has in bytes: rough means, since only lengths are looked at. Speech is
#: sent as MP3 of 128 kbit/s, video with 1 Mbit/s, a page of a PDF has 100 KB with its pictures.
AUDIO_BYTES_PER_SECOND: Final = 16_000
VIDEO_BYTES_PER_SECOND: Final = 125_000
PAGE_BYTES: Final = 100_000
#: A file's bytes say little about its pages; more than so many are not taken for granted.
MOST_PAGES: Final = 20

#: What an answer has where a deployment's own are not known yet. The mean answer was 215 tokens in
#: LMSYS-Chat-1M (arXiv:2309.11998, table 1), before models reasoned; rounded up to what a short
#: reasoning adds, since the estimate serves as a limit on cost and should err to the dear side.
USUAL_OUTPUT_TOKENS: Final = 500


def message_tokens(characters: int, kind: str = "human") -> int:
    """The input tokens of one message, exactly as langchain_core counts it.

    Args:
        characters: Of its text and, where it has them, its name and tool call id.
        kind: LangChain's message type ("human", "ai", "system", "tool").
    """
    role = ROLE_CHARACTERS.get(kind, _USER)
    return -(-(characters + role) // CHARACTERS_PER_TOKEN) + TOKENS_PER_MESSAGE


def text_tokens(characters: int) -> int:
    """The tokens of a text alone: one to be embedded, a schema."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def image_tokens(width: int, height: int) -> int:
    """The tokens of an image of so many pixels, as OpenAI counts them in high detail.

    Fitted into 2048 × 2048, then its shorter side brought down to 768; 170 for each tile of
    512 × 512 and 85 for the whole (platform.openai.com/docs/guides/images-vision).
    """
    scale = min(1.0, 2048 / max(width, height))
    scale = min(scale, 768 / min(width, height))
    across, down = (-(-max(1, round(side * scale)) // 512) for side in (width, height))
    return 85 + 170 * across * down


def block_tokens(kind: str, size_bytes: int | None) -> int:
    """The tokens of a block of so many bytes; of one whose size is not known, a usual one's.

    Args:
        kind: One of the kinds of `request.Prompt`.
        size_bytes: Of its content, decoded.
    """
    if size_bytes is None or kind == "image":
        return BLOCK_TOKENS[kind]
    if kind == "audio":
        return 1 + size_bytes * AUDIO_TOKENS_PER_SECOND // AUDIO_BYTES_PER_SECOND
    if kind == "video":
        return 1 + size_bytes * VIDEO_TOKENS_PER_SECOND // VIDEO_BYTES_PER_SECOND
    return FILE_TOKENS * min(MOST_PAGES, 1 + size_bytes // PAGE_BYTES)


def expected_output_tokens(max_tokens: int | None = None, usual: float | None = None) -> int:
    """The output tokens to expect: what is usual, but no more than is allowed.

    Args:
        max_tokens: The call's limit, if it has one.
        usual: What is usual for this deployment and task (`economics.lengths`), if it is known.
    """
    expected = USUAL_OUTPUT_TOKENS if usual is None else round(usual)
    return expected if max_tokens is None else min(max_tokens, expected)

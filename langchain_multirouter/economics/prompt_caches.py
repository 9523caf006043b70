"""Prompt caches: what each provider keeps of a prompt, from when on, and for how long; as a table.

A provider charges a fraction for the beginning of a prompt that it has seen lately. OpenAI's and
Google's services do so by themselves; Anthropic's and Amazon's models only where the request marks
what to keep. What is not written down (how long Gemini keeps a prefix, whether a call meets the
machine that has it) is taken at its shortest, and corrected by what the services report (`warmth`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

#: No service keeps less; shorter prompts are not looked at.
LEAST_TOKENS: Final = 1024
FIVE_MINUTES: Final = 300.0
ONE_HOUR: Final = 3600.0

#: The marks that a request can have: Converse's block, and Anthropic's key of a block.
POINT: Final = "cachePoint"
CONTROL: Final = "cache_control"


class CacheRules(NamedTuple):
    """How one model's prompt cache works.

    Args:
        least_tokens: Shorter prefixes are not kept; 0: none is ever kept.
        step_tokens: Prefixes are kept in steps of so many.
        seconds: How long one is kept after its last use, unless a mark says otherwise.
        mark: What a request has to have for anything to be kept; None: nothing.
        believed: How far the service is taken at its word before it has reported anything.
    """

    least_tokens: int = LEAST_TOKENS
    step_tokens: int = 1
    seconds: float = FIVE_MINUTES
    mark: str | None = None
    believed: float = 0.9

    def kept(self, tokens: int) -> int:
        """So many of a prefix's tokens are kept."""
        if not self.least_tokens or tokens < self.least_tokens:
            return 0
        return tokens - tokens % self.step_tokens


#: Of services that nothing is known of: nothing is expected before they report cached tokens.
UNKNOWN: Final = CacheRules(believed=0.0)
NONE: Final = CacheRules(least_tokens=0, believed=0.0)

#: The later Claude models that keep no shorter prefix than 4,096 tokens.
_LONGER_CLAUDES: Final = r"claude-(haiku-4-5|opus-4-[567])"

#: Provider, what its model's name has → rules; the first row that fits.
#:
#: * AWS: docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html: 1,024 tokens, 4,096 for
#:   Haiku 4.5 and Opus 4.5 to 4.7 (512 for the newest, which is below what is looked at); five
#:   minutes, reset by each hit, or an hour where the mark says so.
#: * Azure: learn.microsoft.com/azure/foundry/openai/how-to/prompt-caching: from 1,024 tokens, in
#:   steps of 128; "typically cleared within 5–10 minutes of inactivity".
#: * Vertex: docs.cloud.google.com/vertex-ai/generative-ai/docs/context-cache/context-cache-overview
#:   (2,048 tokens) and ai.google.dev/gemini-api/docs/caching (4,096 from Gemini 3 on). How long is
#:   "a short amount of time".
_ROWS: Final[tuple[tuple[str, str, CacheRules], ...]] = (
    ("azure_openai", r"gpt-(3|4-|4$)", NONE),  # "GPT-4o or newer"
    ("azure_openai", r"", CacheRules(step_tokens=128)),
    ("aws_bedrock", _LONGER_CLAUDES, CacheRules(4096, mark=POINT)),
    ("aws_bedrock", r"claude|nova|arn:", CacheRules(mark=POINT)),
    ("aws_bedrock", r"", UNKNOWN),
    ("gcp_vertex", _LONGER_CLAUDES, CacheRules(4096, mark=CONTROL)),
    ("gcp_vertex", r"claude", CacheRules(mark=CONTROL)),
    ("gcp_vertex", r"gemini-2", CacheRules(2048)),
    ("gcp_vertex", r"gemini-", CacheRules(4096)),
)


@lru_cache(maxsize=256)
def rules_of(provider: str, model_name: str) -> CacheRules:
    """The rules of a provider's model."""
    name = model_name.lower()
    for whose, pattern, rules in _ROWS:
        if whose == provider and re.search(pattern, name):
            return rules
    return UNKNOWN

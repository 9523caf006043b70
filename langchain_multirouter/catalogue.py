"""Catalogue: models to begin with, by provider and tier, and which of them the environment can use.

Ids and tiers alone: prices, windows and modalities come from maintained data. A tier is an opinion
of this package's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import NamedTuple

from .deployment import Deployment, Provider
from .errors import ConfigurationError, unknown_name

LOGGER = logging.getLogger("langchain_multirouter")

TIERS = ("economy", "balanced", "frontier")

CATALOGUE: Mapping[Provider, Mapping[str, str]] = {
    Provider.AWS_BEDROCK: {
        "economy": "bedrock_converse:global.anthropic.claude-haiku-5-5",
        "balanced": "bedrock_converse:global.anthropic.claude-sonnet-5-5",
        "frontier": "bedrock_converse:global.anthropic.claude-opus-5-5",
    },
    Provider.AZURE_OPENAI: {
        "economy": "azure_openai:gpt-6-luna",
        "balanced": "azure_openai:gpt-6.1-terra",
        "frontier": "azure_openai:gpt-6-astra",
    },
    Provider.GCP_VERTEX: {
        "economy": "google_vertexai:gemini-3.5-flash-lite",
        "balanced": "google_vertexai:gemini-3.8-flash",
        "frontier": "google_vertexai:gemini-4-argon",
    },
}


class Needs(NamedTuple):
    """What a cloud's class looks for: groups of variables, one of each group, and its package."""

    variables: tuple[tuple[str, ...], ...]
    package: str
    extra: str


NEEDS: Mapping[Provider, Needs] = {
    Provider.AWS_BEDROCK: Needs(
        (
            (
                "AWS_ACCESS_KEY_ID",
                "AWS_PROFILE",
                "AWS_BEARER_TOKEN_BEDROCK",
                "AWS_WEB_IDENTITY_TOKEN_FILE",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            ),
            ("AWS_REGION", "AWS_DEFAULT_REGION"),
        ),
        "langchain_aws",
        "bedrock",
    ),
    Provider.AZURE_OPENAI: Needs(
        (
            ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"),
            ("AZURE_OPENAI_ENDPOINT",),
            ("OPENAI_API_VERSION",),
        ),
        "langchain_openai",
        "azure",
    ),
    Provider.GCP_VERTEX: Needs(
        (("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"),),
        "langchain_google_genai",
        "vertex",
    ),
}


def models_from_environment(
    environ: Mapping[str, str], *, tiers: Iterable[str] = TIERS
) -> list[Deployment]:
    """Deployments of the catalogue for every cloud that the environment has credentials for.

    Each has its tier as a tag, so that `require_tags=["economy"]` works. Looks at names alone, and
    asks nobody. A cloud of which only a part is there is skipped, with a log record.

    Args:
        environ: Environment variables, such as `os.environ`.
        tiers: Which tiers to take.

    Raises:
        ConfigurationError: there is none; says what it looked for, cloud by cloud.
    """
    wanted = tuple(tiers)
    for tier in wanted:
        if tier not in TIERS:
            raise unknown_name("tier", str(tier), TIERS)
    found: list[Deployment] = []
    reasons = []
    for provider, needs in NEEDS.items():
        lacking = _lacking(needs, environ)
        if lacking:
            reasons.append(f"  {provider.value}: {lacking}")
            if any(environ.get(name) for group in needs.variables for name in group):
                LOGGER.warning("%s is left out: %s", provider.value, lacking)
            continue
        found += [
            Deployment(CATALOGUE[provider][tier], name=f"{provider.value}-{tier}", tags=(tier,))
            for tier in wanted
        ]
    if not found:
        said = "\n".join(reasons)
        raise ConfigurationError(f"The environment has credentials for no cloud:\n{said}")
    return found


def _lacking(needs: Needs, environ: Mapping[str, str]) -> str | None:
    """What is not there, in words; None if all is."""
    missing = [
        " or ".join(group)
        for group in needs.variables
        if not any(environ.get(name) for name in group)
    ]
    if missing:
        return f"needs {'; and '.join(missing)}"
    if find_spec(needs.package) is None:
        return f'needs pip install "langchain-multirouter[{needs.extra}]"'
    return None

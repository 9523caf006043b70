"""Catalogue: the models of a router that was given none, for the clouds an environment can reach.

Ids and tiers only: the tiers are this package's opinion, prices and limits come from maintained
data. Of the environment only names are read (whether a variable is set, not to what), but for a
region's first letters and the folder of gcloud's file; no value is kept, logged or shown, and
nothing is sent.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple

from .deployment import Deployment, Provider
from .errors import ConfigurationError, unknown_name

LOGGER = logging.getLogger("langchain_multirouter")

#: The cheapest first; each model has its tier as a tag.
TIERS: Final = ("economy", "balanced", "frontier")

#: Ways to the same end: any one, all of whose names are there.
Ways = tuple[tuple[str, ...], ...]

#: Stands among the names for the file that `gcloud auth application-default login` writes.
GCLOUD_FILE: Final = "gcloud's application_default_credentials.json"


class Cloud(NamedTuple):
    """One cloud: its class, what the class finds in the environment, its models by tier."""

    provider: Provider
    prefix: str  # what stands before the colon of a model string
    kind: str  # the class
    package: str
    extra: str
    credentials: Ways
    settings: tuple[Ways, ...]
    secrets: Mapping[str, str]  # the class's setting → the variable it is read from
    models: Mapping[str, tuple[str, ...]]


CLOUDS: Final = (
    Cloud(
        Provider.AWS_BEDROCK,
        "bedrock_converse",
        "ChatBedrockConverse",
        "langchain_aws",
        "bedrock",
        credentials=(
            ("AWS_BEARER_TOKEN_BEDROCK",),
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            ("AWS_PROFILE",),
            ("AWS_DEFAULT_PROFILE",),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"),
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI",),
        ),
        settings=((("AWS_REGION",), ("AWS_DEFAULT_REGION",)),),
        secrets={
            "api_key": "AWS_BEARER_TOKEN_BEDROCK",
            "bedrock_api_key": "AWS_BEARER_TOKEN_BEDROCK",
            "aws_access_key_id": "AWS_ACCESS_KEY_ID",
            "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
            "aws_session_token": "AWS_SESSION_TOKEN",
        },
        models={  # `global.` profiles are called from every commercial region
            "economy": ("global.anthropic.claude-haiku-5-5",),
            "balanced": ("global.anthropic.claude-sonnet-5-5",),
            "frontier": ("global.anthropic.claude-opus-5-5",),
        },
    ),
    Cloud(
        Provider.AZURE_OPENAI,
        "azure_openai",
        "AzureChatOpenAI",
        "langchain_openai",
        "azure",
        credentials=(  # the class would also send OpenAI's own OPENAI_API_KEY; that is no offer
            ("AZURE_OPENAI_API_KEY",),
            ("AZURE_OPENAI_AD_TOKEN",),
            ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"),
        ),
        settings=((("AZURE_OPENAI_ENDPOINT",),), (("OPENAI_API_VERSION",),)),
        secrets={
            "api_key": "AZURE_OPENAI_API_KEY",
            "openai_api_key": "AZURE_OPENAI_API_KEY",
            "azure_ad_token": "AZURE_OPENAI_AD_TOKEN",
        },
        models={  # taken for the names of the deployments as well
            "economy": ("gpt-6-luna",),
            "balanced": ("gpt-6.1-terra", "gpt-6.1-sol"),
            "frontier": ("gpt-6-astra",),
        },
    ),
    Cloud(
        Provider.GCP_VERTEX,
        "google_vertexai",
        "ChatGoogleGenerativeAI",
        "langchain_google_genai",
        "vertex",
        credentials=(
            ("GOOGLE_APPLICATION_CREDENTIALS",),
            (GCLOUD_FILE,),
            ("K_SERVICE",),  # Cloud Run's: its metadata service has the credentials
        ),
        settings=((("GOOGLE_CLOUD_PROJECT",), ("GOOGLE_APPLICATION_CREDENTIALS",)),),
        secrets={
            "api_key": "GOOGLE_API_KEY",
            "google_api_key": "GOOGLE_API_KEY",
            "credentials": "GOOGLE_APPLICATION_CREDENTIALS (a file's path)",
        },
        models={
            "economy": ("gemini-3.5-flash-lite",),
            "balanced": ("gemini-3.8-flash",),
            "frontier": ("gemini-4-argon",),
        },
    ),
)

#: Set for other reasons too, so that alone they are no half-made setting of a cloud.
_NO_SIGN: Final = frozenset(
    {
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ROLE_ARN",
        "AZURE_CLIENT_ID",
        "AZURE_TENANT_ID",
        "AZURE_FEDERATED_TOKEN_FILE",
        GCLOUD_FILE,
        "K_SERVICE",
    }
)

#: How the names of secrets end; compared without case, hyphens as underscores.
_SENSITIVE: Final = (
    r"(api_?key|access_?key(_?id)?|private_?key|secret_?key|subscription_?key|secret|password|"
    r"passwd|passphrase|(?<!max_)token|authorization|credentials?|cookie|signature|"
    r"connection_?string|(^|_)(auth|bearer|key|pwd|sas|sig))$"
)

#: Regions of other partitions, where `global.` profiles do not reach.
_OTHER_PARTITIONS: Final = ("us-gov-", "cn-", "us-iso", "eu-isoe-", "eusc-")


def models_from_environment(
    environ: Mapping[str, str], *, tiers: Iterable[str] = TIERS
) -> list[Deployment]:
    """Deployments of the catalogue's models on every cloud the environment has credentials for.

    Tier by tier in the order given, and within a tier one of each cloud before a cloud's second,
    so that the next in order is elsewhere. Each has its tier as a tag. A cloud with half of what
    it needs is left out and logged as a warning, by the names of what is missing.

    Args:
        environ: The environment: `os.environ`.
        tiers: Of `TIERS`.

    Raises:
        ConfigurationError: a tier that is unknown; or no cloud can be reached, with what each
            one lacks.
    """
    wanted = _checked(tiers)
    names = _names_in(environ)
    lacks = {cloud.provider: _lacks(cloud, names, environ) for cloud in CLOUDS}
    reached = [cloud for cloud in CLOUDS if not lacks[cloud.provider]]
    if not reached:
        raise ConfigurationError(
            "The environment has the credentials of no cloud:\n"
            + "\n".join(
                f"  {provider}: {'; '.join(missing)}" for provider, missing in lacks.items()
            )
        )
    for cloud in CLOUDS:
        missing = lacks[cloud.provider]
        if missing and _signs(cloud) & names:
            LOGGER.warning("%s is left out: %s", cloud.provider, "; ".join(missing))
    return [
        Deployment(f"{cloud.prefix}:{model}", tags=(tier,))
        for tier in wanted
        for rank in zip_longest(*(cloud.models[tier] for cloud in reached))
        for cloud, model in zip(reached, rank, strict=True)
        if model is not None
    ]


#: Azure's settings that stand for its variables.
_GIVEN: Final[Mapping[str, frozenset[str]]] = {
    "AZURE_OPENAI_ENDPOINT": frozenset({"azure_endpoint", "base_url", "openai_api_base"}),
    "OPENAI_API_VERSION": frozenset({"api_version", "openai_api_version"}),
}


def unset_variables(
    provider: str, given: Iterable[str], environ: Mapping[str, str]
) -> tuple[str, ...]:
    """What a class will ask for after it was given what it asks for now: Azure's asks one by one.

    Args:
        provider: As the router prints it.
        given: The class's settings that are given, whose variables are not needed.
        environ: The environment: `os.environ`.
    """
    if provider != Provider.AZURE_OPENAI:
        return ()
    known = frozenset(given)
    return tuple(name for name, by in _GIVEN.items() if not environ.get(name) and not known & by)


def source_of_secret(name: str, provider: str = "") -> str | None:
    """Where a provider's class finds what has this name; None where no secret is named so."""
    said = name.casefold().replace("-", "_")
    clouds = [cloud for cloud in CLOUDS if cloud.provider == provider] or CLOUDS
    found = [f"{c.kind} reads {c.secrets[said]}" for c in clouds if said in c.secrets]
    if not found and re.search(_SENSITIVE, said):
        found = [f"{c.kind} reads {_told(c.credentials[:2])}" for c in clouds]
    return "; ".join(found) or None


def _checked(tiers: Iterable[str]) -> tuple[str, ...]:
    wanted = () if isinstance(tiers, str) else tuple(dict.fromkeys(tiers))
    if not wanted:
        raise ConfigurationError(f"tiers: must be a list of some of {', '.join(TIERS)}")
    for tier in wanted:
        if tier not in TIERS:
            raise unknown_name("tiers:", str(tier), TIERS)
    return wanted


def _names_in(environ: Mapping[str, str]) -> frozenset[str]:
    """The variables that are set to something, and `GCLOUD_FILE` where that exists."""
    names = {name for name, value in environ.items() if value}
    folder = environ.get("CLOUDSDK_CONFIG")
    if folder is None:
        home = environ.get("APPDATA") if os.name == "nt" else environ.get("HOME")
        folder = home and str(Path(home, *(() if os.name == "nt" else (".config",)), "gcloud"))
    if folder and Path(folder, "application_default_credentials.json").is_file():
        names.add(GCLOUD_FILE)
    return frozenset(names)


def _lacks(cloud: Cloud, names: frozenset[str], environ: Mapping[str, str]) -> list[str]:
    """What keeps the cloud from being used; nothing, if all is there."""
    found = [f"set {_told(ways)}" for ways in (cloud.credentials, *cloud.settings)
             if not any(names.issuperset(way) for way in ways)]  # fmt: skip
    if cloud.provider is Provider.AWS_BEDROCK:
        found += _wrong_for_bedrock(names, environ)
    if not found and importlib.util.find_spec(cloud.package) is None:
        found.append(f'run pip install "langchain-multirouter[{cloud.extra}]"')
    return found


def _wrong_for_bedrock(names: frozenset[str], environ: Mapping[str, str]) -> list[str]:
    """What the class refuses though credentials are there, and where `global.` ids do not reach."""
    found = []
    key, secret = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
    parts = {key} if "AWS_BEARER_TOKEN_BEDROCK" in names else {key, secret, "AWS_SESSION_TOKEN"}
    if names & parts and not names >= {key, secret}:
        alone, without = sorted(names & parts), sorted({key, secret} - names)
        found.append(f"{' and '.join(alone)} without {' and '.join(without)} is refused by boto3")
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
    if region.startswith(_OTHER_PARTITIONS):
        found.append("the region's partition has no `global.` profiles: name your models yourself")
    return found


def _signs(cloud: Cloud) -> frozenset[str]:
    """Names by which somebody meant to use the cloud."""
    ways = (*cloud.credentials, *(way for some in cloud.settings for way in some))
    return frozenset(name for way in ways for name in way) - _NO_SIGN


def _told(ways: Ways) -> str:
    """ "A, or B and C": what can be set."""
    return ", or ".join(" and ".join(way) for way in ways)

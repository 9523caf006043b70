"""Constructor keywords that point the real, unmodified LangChain classes at an emulator.

A proxy in the environment is bypassed for Bedrock and Vertex. Azure's client takes no such setting
other than a client object of one's own: set NO_PROXY=127.0.0.1 where HTTP_PROXY is set.
"""

import importlib
import urllib.request
from typing import Any
from urllib.parse import urlsplit

_CHAT = {
    "aws_bedrock": ("langchain_aws", "ChatBedrockConverse"),
    "azure_openai": ("langchain_openai", "AzureChatOpenAI"),
    "gcp_vertex": ("langchain_google_genai", "ChatGoogleGenerativeAI"),
}
_EMBEDDINGS = {
    "aws_bedrock": ("langchain_aws", "BedrockEmbeddings"),
    "azure_openai": ("langchain_openai", "AzureOpenAIEmbeddings"),
    "gcp_vertex": ("langchain_google_genai", "GoogleGenerativeAIEmbeddings"),
}


def azure_openai(url: str, deployment: str) -> dict[str, Any]:
    """Keywords for `AzureChatOpenAI`."""
    return {
        "azure_endpoint": url + "/azure",
        "azure_deployment": deployment,
        "api_version": "2024-10-21",
        "api_key": "fake",
    }


def azure_openai_embeddings(url: str, deployment: str) -> dict[str, Any]:
    """Keywords for `AzureOpenAIEmbeddings`; the length check would download a vocabulary."""
    more = {"model": deployment, "check_embedding_ctx_length": False}
    return {**azure_openai(url, deployment), **more}


def aws_bedrock(url: str, model: str) -> dict[str, Any]:
    """Keywords for `ChatBedrockConverse`."""
    return {"model": model, **_aws(url)}


def aws_bedrock_embeddings(url: str, model: str) -> dict[str, Any]:
    """Keywords for `BedrockEmbeddings`."""
    return {"model_id": model, **_aws(url)}


def gcp_vertex(url: str, model: str) -> dict[str, Any]:
    """Keywords for `ChatGoogleGenerativeAI`, and for `GoogleGenerativeAIEmbeddings`."""
    credentials = importlib.import_module("google.oauth2.credentials")
    keywords: dict[str, Any] = {
        "model": model,
        "vertexai": True,
        "project": "p",
        "location": "us-central1",
        "credentials": credentials.Credentials("fake-token"),
        "base_url": url + "/vertex",
    }
    if _proxied(url):
        keywords["client_args"] = {"trust_env": False}
    return keywords


def build(url: str, provider: str, model: str, overrides: dict[str, Any]) -> Any:
    """The real chat model class with the keywords of its provider."""
    keywords = {
        "aws_bedrock": aws_bedrock,
        "azure_openai": azure_openai,
        "gcp_vertex": gcp_vertex,
    }[provider](url, model)
    return _class(_CHAT[provider])(**{**keywords, **overrides})


def build_embeddings(url: str, provider: str, model: str, overrides: dict[str, Any]) -> Any:
    """The real embeddings class with the keywords of its provider."""
    keywords = {
        "aws_bedrock": aws_bedrock_embeddings,
        "azure_openai": azure_openai_embeddings,
        "gcp_vertex": gcp_vertex,
    }[provider](url, model)
    return _class(_EMBEDDINGS[provider])(**{**keywords, **overrides})


def _class(place: tuple[str, str]) -> Any:
    module, name = place
    return getattr(importlib.import_module(module), name)


def _aws(url: str) -> dict[str, Any]:
    keywords: dict[str, Any] = {
        "region_name": "us-east-1",
        "endpoint_url": url + "/bedrock",
        "aws_access_key_id": "AKIAFAKE",
        "aws_secret_access_key": "fake",
    }
    if _proxied(url):
        config = importlib.import_module("botocore.config")
        keywords["config"] = config.Config(proxies={})
    return keywords


def _proxied(url: str) -> bool:
    """Whether a client that heeds the environment would go through a proxy to reach `url`."""
    host = urlsplit(url).hostname or ""
    proxies = urllib.request.getproxies()
    return bool(proxies.get("http") or proxies.get("all")) and not urllib.request.proxy_bypass(host)

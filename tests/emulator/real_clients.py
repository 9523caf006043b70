"""The real LangChain classes, pointed at an emulator."""

import time
from collections.abc import Callable
from typing import Any

from langchain_multirouter.emulator import Emulator

MODELS = {
    "azure_openai": "gpt-4o",
    "aws_bedrock": "anthropic.claude-3-5-sonnet-20240620-v1:0",
    "gcp_vertex": "gemini-2.5-flash",
}
RESPONSES_MODEL = "gpt-5.1"
EMBEDDINGS = {
    "azure_openai": "text-embedding-3-small",
    "aws_bedrock": "amazon.titan-embed-text-v2:0",
    "gcp_vertex": "text-embedding-005",
}
ONE_ATTEMPT = {"azure_openai": 0, "aws_bedrock": 0, "gcp_vertex": 1}


class Clients:
    """The real chat model classes, built once per provider and timeout, one attempt each."""

    def __init__(self, cloud: Emulator) -> None:
        self._cloud = cloud
        self._built: dict[tuple[str, ...], Any] = {}

    def chat(self, provider: str, *, timeout_seconds: int = 20) -> Any:
        return self.of(provider, MODELS[provider], timeout=timeout_seconds)

    def responses(self, *, timeout_seconds: int = 20, **settings: Any) -> Any:
        """An AzureChatOpenAI that speaks the Responses API."""
        more = {"use_responses_api": True, "timeout": timeout_seconds, **settings}
        return self.of("azure_openai", RESPONSES_MODEL, **more)

    def of(self, provider: str, model: str, /, **settings: Any) -> Any:
        """A model with settings of its own."""
        key = provider, model, repr(sorted(settings.items()))
        if key not in self._built:
            settings = {"max_retries": ONE_ATTEMPT[provider], **settings}
            self._built[key] = self._cloud.chat_model(provider, model, **settings)
        return self._built[key]

    async def close(self) -> None:
        """Closes the connections of the asynchronous clients, which outlive their tests."""
        for (provider, *_), model in self._built.items():
            if provider == "azure_openai":
                model.root_client.close()
                await model.root_async_client.close()
            elif provider == "gcp_vertex":
                model.client.close()
                await model.client.aio.aclose()
            else:
                model.client.close()
        self._built.clear()


def fails(model: Any, **keywords: Any) -> bool:
    try:
        model.invoke("Hello", **keywords)
    except Exception:
        return True
    return False


def eventually(condition: Callable[[], bool]) -> bool:
    """Waits for what the server learns only after the client has gone."""
    until = time.monotonic() + 5.0
    while not condition() and time.monotonic() < until:
        time.sleep(0.005)
    return condition()

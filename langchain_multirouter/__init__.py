"""One drop-in LangChain chat model over AWS Bedrock, Azure OpenAI and Google Vertex."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .caching.semantic import SemanticCache
    from .chat_model import RoutedChatModel
    from .deployment import Deployment, Provider
    from .economics.budgets import Budget
    from .embeddings import RoutedEmbeddings
    from .errors import (
        AllAttemptsFailedError,
        ConfigurationError,
        InvalidRequestError,
        NoCandidateError,
        PromptTooLongError,
        RouterError,
        StreamInterruptedError,
    )
    from .options import Strategy
    from .shortage import BudgetExceededError
    from .task_types import TaskType
    from .telemetry.journal import Journal
    from .telemetry.journal_reading import read_journal
    from .telemetry.open_telemetry import OpenTelemetry

_HOMES = {
    "AllAttemptsFailedError": "errors",
    "Budget": "economics.budgets",
    "BudgetExceededError": "shortage",
    "ConfigurationError": "errors",
    "Deployment": "deployment",
    "InvalidRequestError": "errors",
    "Journal": "telemetry.journal",
    "NoCandidateError": "errors",
    "OpenTelemetry": "telemetry.open_telemetry",
    "PromptTooLongError": "errors",
    "Provider": "deployment",
    "RoutedChatModel": "chat_model",
    "RoutedEmbeddings": "embeddings",
    "RouterError": "errors",
    "SemanticCache": "caching.semantic",
    "Strategy": "options",
    "StreamInterruptedError": "errors",
    "TaskType": "task_types",
    "read_journal": "telemetry.journal_reading",
}

__all__ = [
    "AllAttemptsFailedError",
    "Budget",
    "BudgetExceededError",
    "ConfigurationError",
    "Deployment",
    "InvalidRequestError",
    "Journal",
    "NoCandidateError",
    "OpenTelemetry",
    "PromptTooLongError",
    "Provider",
    "RoutedChatModel",
    "RoutedEmbeddings",
    "RouterError",
    "SemanticCache",
    "Strategy",
    "StreamInterruptedError",
    "TaskType",
    "read_journal",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{home}", __name__), name)


def __dir__() -> list[str]:
    return __all__

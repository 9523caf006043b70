"""Port: any request, made acceptable to one deployment, and what was lost on the way.

A pure function of values: the caller's messages and parameters are never changed. It is applied at
every attempt, since each may go to another service than the one that wrote the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from langchain_core.messages import BaseMessage

from ..providers.provider import Parameters
from .dialect import Dialect
from .messages import ported_messages
from .tools import ported_parameters


class Ported(NamedTuple):
    """The request as the target takes it; `lost` names what it could not take, in a few words."""

    messages: list[BaseMessage]
    parameters: Parameters
    lost: tuple[str, ...] = ()


def port(
    messages: Sequence[BaseMessage], parameters: Parameters, dialect: Dialect, model_name: str
) -> Ported:
    """The request in the dialect of one deployment.

    Args:
        messages: The conversation, whoever wrote its turns.
        parameters: Neutral parameters, tools included.
        dialect: What the target accepts.
        model_name: The target's model: reasoning and signatures are its own or nobody's.

    Raises:
        Unportable: saying what cannot be expressed there.
    """
    told, lost = ported_messages(messages, dialect, model_name)
    asked, more = ported_parameters(parameters, dialect)
    return Ported(told, asked, (*lost, *more))

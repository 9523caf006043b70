"""Port: any request, made acceptable to one deployment, and what was lost on the way.

A pure function of values: the caller's messages and parameters are never changed. It is applied at
every attempt, since each may go to another service than the one that wrote the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from langchain_core.messages import BaseMessage

from ..providers.provider import Parameters
from ..values import new
from .dialect import Dialect
from .messages import ported_messages
from .tools import ported_parameters
from .unportable import Unportable


class Ported(NamedTuple):
    """The request as the target takes it; `lost` names what it could not take, in a few words."""

    messages: list[BaseMessage]
    parameters: Parameters
    lost: tuple[str, ...] = ()


def port(
    messages: Sequence[BaseMessage],
    parameters: Parameters,
    dialect: Dialect,
    model_name: str,
    deployment: str = "",
) -> Ported:
    """The request in the dialect of one deployment.

    Args:
        messages: The conversation, whoever wrote its turns.
        parameters: Neutral parameters, tools included.
        dialect: What the target accepts.
        model_name: The target's model: reasoning and signatures are its own or nobody's.
        deployment: The target's name, where a service keeps to itself what it answered.

    Raises:
        Unportable: saying what cannot be expressed there.
        InvalidRequestError: tool calls and results do not match; names the message's index.
    """
    told, lost = ported_messages(messages, dialect, model_name, deployment)
    if parameters.tools is None and parameters.tool_settings is None:
        return new(Ported, (told, parameters, lost))
    asked, more = ported_parameters(parameters, dialect)
    return new(Ported, (told, asked, (*lost, *more)))


__all__ = ["Ported", "Unportable", "port"]

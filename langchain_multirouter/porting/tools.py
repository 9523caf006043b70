"""Tools: schemas, choice and response format in what one service's schemas can say."""

from __future__ import annotations

from ..providers.provider import Parameters
from .dialect import Dialect


def ported_parameters(
    parameters: Parameters, dialect: Dialect
) -> tuple[Parameters, tuple[str, ...]]:
    """The parameters for the dialect, and what was lost."""
    return parameters, ()

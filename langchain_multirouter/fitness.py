"""Fitness: who could take a request, before anything is ranked or sent."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from .attempt import Served
from .porting.tools import ported_parameters
from .porting.unportable import Unportable
from .providers.provider import Parameters
from .providers.toolbox import response_format_of

#: Nobody is unable.
NOBODY: Final[Mapping[int, str]] = {}
#: So many requests' findings are remembered.
REMEMBERED: Final = 32

NOTHING: Final[frozenset[str]] = frozenset()
_TOOLS: Final = frozenset({"tools"})
_SCHEMA: Final = "structured_output"


def needs_of(parameters: Parameters) -> frozenset[str]:
    """The capabilities without which a call with these parameters is pointless."""
    tools, settings = parameters.tools, parameters.tool_settings
    if not tools and settings is None:
        return NOTHING
    needs = _TOOLS if tools and parameters.tool_choice != "none" else NOTHING
    said = None if settings is None else settings.get("response_format")
    if said is None:
        return needs
    form = said if isinstance(said, Mapping) else response_format_of(said)
    is_schema = form is not None and form.get("type") not in ("json_object", "text")
    return needs | {_SCHEMA} if is_schema else needs


class Fitness:
    """What each of a router's deployments could not take of a request."""

    def __init__(self, served: Sequence[Served]) -> None:
        self._served = served
        #: The parameters are held along, so that no other tools can take the place of theirs.
        self._found: OrderedDict[Hashable, tuple[Parameters, Mapping[int, str]]] = OrderedDict()

    def unable(self, parameters: Parameters, allow_losses: bool) -> Mapping[int, str]:
        """Deployment's number → what of the request it cannot be asked.

        Args:
            parameters: The call's.
            allow_losses: Whether what it could not be sent is no reason; else a seed or a
                temperature that it does not take is one, too.
        """
        tools, settings = parameters.tools, parameters.tool_settings
        if allow_losses and not tools and settings is None:
            return NOBODY
        key = (
            allow_losses,
            parameters[:6],
            parameters.tool_choice,
            None if tools is None else tuple(map(id, tools)),
            tuple((name, id(value)) for name, value in (settings or {}).items()),
        )
        known = self._found.get(key)
        if known is None:
            found = {
                number: reason
                for number, served in enumerate(self._served)
                if (reason := _reason(served, parameters, allow_losses)) is not None
            }
            known = self._found[key] = (parameters, found)
            while len(self._found) > REMEMBERED:
                try:
                    self._found.popitem(last=False)
                except KeyError:  # another thread took the last one
                    break
        return known[1]


def _reason(served: Served, parameters: Parameters, allow_losses: bool) -> str | None:
    dialect = served.classes.dialect(served.model, parameters)
    try:
        ported, lost = ported_parameters(parameters, dialect)
    except Unportable as refused:
        return str(refused)
    if allow_losses:
        return None
    try:
        dropped: tuple[Any, ...] = served.classes.translate(served.model, ported).dropped
    except Exception as error:  # a class that cannot even be asked; the attempt would say the same
        return f"cannot be told the request ({type(error).__name__})"
    losses = [*lost, *dropped]
    return f"would not be sent {', '.join(losses)}" if losses else None

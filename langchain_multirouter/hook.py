"""Hook: a method whose signature is at hand, for the four that LangChain inspects at every call.

langchain-core asks `inspect.signature(self._generate)` for every call, to see whether the function
takes a run manager. For a bound method that builds a new signature each time, which costs about as
much as ranking a small fleet.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any


class Hook:
    """A descriptor that binds a function as Python does, and the bound function's signature too.

    Looked up on the class it is the plain function, so that overriding, `super()` and comparisons
    with a base class's function work as with any other.
    """

    __slots__ = ("_function", "_signature")

    def __init__(self, function: Callable[..., Any]) -> None:
        signature = inspect.signature(function)
        _, *after_self = signature.parameters.values()
        self._function = function
        self._signature = signature.replace(parameters=after_self)

    def __get__(self, instance: Any, owner: type | None = None) -> Callable[..., Any]:
        if instance is None:
            return self._function
        bound = partial(self._function, instance)
        bound.__signature__ = self._signature  # type: ignore[attr-defined]  # inspect looks for it
        return bound

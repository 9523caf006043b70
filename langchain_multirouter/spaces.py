"""Spaces: whose vectors can be compared. Vectors of two models, or of two sizes, do not mix.

A space is a model and the number of its dimensions. A router's vectors are all of one space, in
every call: an index that is half of one model and half of another finds nothing, and no error says
so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from .deployment import Deployment, bare_name
from .errors import ConfigurationError, unknown_name

#: Bedrock's throughput ("titan-embed-text-v2:0"). Versions and dates stay: they are other models.
_THROUGHPUT: Final = re.compile(r"(:\d+)?(:\d+k)?$")


class Space(NamedTuple):
    """A model, without region and vendor, and its vectors' size where it was asked for."""

    model: str
    dimensions: int | None  # None: the model's own size

    def described(self) -> str:
        """For people."""
        return self.model if self.dimensions is None else f"{self.model} ({self.dimensions} dims)"


class Spaces:
    """The space of each deployment of a router, the router's own, and who is out of it.

    Args:
        deployments: In the router's order.
        of: The space of each.
        model: The deployment or model whose space the router's is; the first one's if None.

    Raises:
        ConfigurationError: `model` is none of them.
    """

    def __init__(
        self, deployments: Sequence[Deployment], of: Sequence[Space], model: str | None
    ) -> None:
        self.of = tuple(of)
        self.home = self._home(deployments, model)
        self._learned: dict[Space, int] = {}
        names = {d.name: space for d, space in zip(deployments, self.of, strict=True)}
        self.strangers = {name: space for name, space in names.items() if space != self.home}
        self.own = names.keys() - self.strangers.keys()
        self.kept_out: Mapping[int, str] = {
            number: (
                f"its vectors are of {space.described()}, this router's of "
                f"{self.home.described()}, and these do not mix (see allow_model_change)"
            )
            for number, space in enumerate(self.of)
            if space != self.home
        }

    def __deepcopy__(self, memo: dict[int, Any]) -> Spaces:
        """Copies of a router share what it has learned."""
        return self

    def _home(self, deployments: Sequence[Deployment], model: str | None) -> Space:
        if model is None:
            return self.of[0]
        for names in ([d.name for d in deployments], [d.model_name for d in deployments]):
            if model in names:
                return self.of[names.index(model)]
        known = [name for d in deployments for name in (d.name, d.model_name)]
        raise unknown_name("model: deployment or model", model, known)

    def size(self, number: int, came: int) -> int:
        """How many dimensions this deployment's vectors have, where they came with so many.

        What was asked for; else as many as the first answer of its space had.
        """
        space = self.of[number]
        return space.dimensions or self._learned.setdefault(space, came)

    def last(self, deployments: Sequence[Deployment]) -> list[Deployment]:
        """The deployments, those of other spaces in fallback levels after all of the router's."""
        levels = [d.fallback_level for d in deployments]
        own = [level for level, space in zip(levels, self.of, strict=True) if space == self.home]
        return [
            d
            if space == self.home
            else d.model_copy(update={"fallback_level": max(own) + 1 + d.fallback_level})
            for d, space in zip(deployments, self.of, strict=True)
        ]

    def advice(self) -> str:
        """What a call that nobody of this space could answer has to be told."""
        others = ", ".join(self.strangers)
        kept = f" (kept out: {others})" if others else ""
        return (
            f"Nobody else serves {self.home.described()}{kept}: vectors of two models do not mix. "
            "RoutedEmbeddings(allow_model_change=True) lets a fallback go to another model."
        )


def space_of(deployment: Deployment, size: int | None, *, model: str | None = None) -> Space:
    """The space of a deployment's vectors; its profile says what its class does not.

    Args:
        deployment: Whose vectors they are.
        size: The dimensions that its class was asked for, if it was.
        model: What to go by instead of the deployment's model.

    Raises:
        ConfigurationError: the profile's `dimensions` are none, or not those of the class.
    """
    said = deployment.profile.get("dimensions")
    if said is not None:
        if isinstance(said, bool) or not isinstance(said, int) or said < 1:
            raise ConfigurationError(
                f"{deployment.name}: profile['dimensions']: must be a whole number of at least 1"
            )
        if size is not None and size != said:
            raise ConfigurationError(
                f"{deployment.name}: profile['dimensions']: is {said}, its class asks for {size}"
            )
    return Space(_THROUGHPUT.sub("", bare_name(model or deployment.model_name)), size or said)

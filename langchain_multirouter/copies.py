"""Copies: what a router's copies share, what each has of its own, and what survives a pickle.

Deployments, statistics and health belong to one object, which all copies of a router share: those
of `with_routing`, `configurable_fields`, `model_copy`, `copy.copy` and `copy.deepcopy`, and what is
bound to them. Two routers that were each made from the same models share nothing. A pickle holds
settings alone, so that what comes out of it begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from langchain_core.language_models import BaseChatModel, ModelProfile

from .assembly import Assembled
from .caching.settings import Cached
from .caller import CallerSide
from .compiled import Compiled, compile_router, refuse_wrong
from .errors import ConfigurationError
from .identity import identity_of
from .options import Options
from .travel import carried

#: Fields that are no settings.
_STATE = frozenset({"assembled", "compiled", "profile"})
#: Fields that a router does not read: its state, and LangChain's but for the cache.
_OTHERS = (_STATE | BaseChatModel.model_fields.keys()) - {"cache"}


class Copied(Cached, CallerSide):
    """A router's life beside its calls: profile, changes, copies, pickles."""

    classifier: Any

    def _compile(self) -> None:
        """Read the settings once, so that a call need not."""
        self._settle(*compile_router(self))

    def _settle(self, known: Assembled, compiled: Compiled) -> None:
        """Take deployments and settings over, and find the profile that goes with them.

        A profile that is not the one found before is the user's own, and stays.
        """
        before: Compiled | None = self.compiled
        found: Any = known.profile(compiled.options)
        if self.profile is None or (before is not None and self.profile is before.profile):
            self.profile = found
        self.assembled, self.compiled = known, compiled._replace(profile=found)

    def _resolve_model_profile(self) -> ModelProfile | None:
        """What every deployment can do that the router's options let a call go to."""
        known, compiled = self.assembled, self.compiled
        if not isinstance(known, Assembled) or not isinstance(compiled, Compiled):
            return None  # asked by LangChain's validator, before the deployments are assembled
        return known.profile(compiled.options)  # type: ignore[return-value]  # a profile's keys

    def __setattr__(self, name: str, value: Any) -> None:
        """A setting that is changed is read again; a wrong one is refused and nothing changes."""
        fields = type(self).model_fields
        setting = name in fields and name not in _OTHERS
        if not setting or self.__dict__.get("compiled") is None:
            super().__setattr__(name, value)
            return
        refuse_wrong({name: value}, fields)
        before = self.__dict__[name]
        super().__setattr__(name, value)
        try:
            self._changed()
        except ConfigurationError:
            super().__setattr__(name, before)
            raise

    def _changed(self) -> None:
        self.__dict__.pop("_serialized", None)  # LangChain's, for traces
        self._compile()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other settings, which shares deployments, statistics and health.

        Raises:
            ConfigurationError: naming the setting that is unknown or wrong.
        """
        refuse_wrong(update or {}, type(self).model_fields)
        copy = super().model_copy(update=update)
        if update:
            copy._changed()
        return copy

    def _narrowed(self, options: Options, names: Iterable[str]) -> Self:
        """A copy with these options, of which the named ones are others than the router's."""
        known, compiled = self.assembled, self.compiled
        copy = super().model_copy(update={name: getattr(options, name) for name in names})
        copy.__dict__.pop("_serialized", None)
        beside = (compiled.preferences, self.classifier)
        identity = identity_of(options, compiled.parameters, known.served, known.digest, beside)
        copy._settle(known, compiled._replace(options=options, identity=identity))
        return copy

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """As deep as a router can be copied: clients and locks cannot, and state is shared."""
        return self.model_copy()

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickle of the settings, where all models were given as strings.

        Raises:
            TypeError: naming what cannot be pickled, and how to give it instead.
        """
        return _made_anew, (type(self), carried(self))


def _made_anew(kind: type[Copied], settings: dict[str, Any]) -> Copied:
    return kind(**settings)

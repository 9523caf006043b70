"""Porting: a request in the form that the deployment it is about to be sent to accepts."""

from __future__ import annotations

from .dialect import Dialect
from .port import Ported, port
from .unportable import Unportable

__all__ = ["Dialect", "Ported", "Unportable", "port"]

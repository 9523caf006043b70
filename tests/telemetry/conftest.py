"""The emulator, for tests of what is told of real provider classes."""

from __future__ import annotations

from tests.security.conftest import models
from tests.wire.conftest import cloud, emulator

__all__ = ["cloud", "emulator", "models"]

"""The emulator, for tests of what is told of real provider classes."""

from __future__ import annotations

from tests.wire.conftest import emulator

__all__ = ["emulator"]

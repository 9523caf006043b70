"""The emulator of the wire tests, for what has to be seen on real classes."""

from __future__ import annotations

from tests.wire.conftest import cloud, emulator

__all__ = ["cloud", "emulator"]

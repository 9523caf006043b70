"""Unportable: the request cannot be said to a service without a change of meaning."""

from __future__ import annotations


class Unportable(ValueError):  # noqa: N818  # no error of the user's: the request goes elsewhere
    """The request cannot be said in the dialect without a change of meaning; says what of it."""

"""Values: how a `NamedTuple` is made on the call path.

Its own constructor is a Python function; `new` is the one underneath, at half the cost, and a call
makes two dozen. Every field has to be given, in order: for the few places where it shows.
"""

from __future__ import annotations

from typing import Final

new: Final = tuple.__new__

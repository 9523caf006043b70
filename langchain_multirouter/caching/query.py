"""Query: one request as a cache sees it: digests of all that shapes its answer."""

from __future__ import annotations

from typing import NamedTuple


class Query(NamedTuple):
    """One request as a cache sees it; made by the router, before anything is sent.

    Args:
        exact: The digest (SHA-256, hexadecimal) of everything that shapes the answer: the models'
            identity, messages, parameters, tools, format, stop, and the namespace.
        around: The same without the text of the last human turn, which is then in `text`.
        text: The last human turn's text, whole.
        namespace: Whose entries may be seen ("" is everybody's who names none).
        temperature: As it will be sent; None where the provider's default holds.
        plain: Whether the request is nothing but text: no tools, no response format, no image, no
            file, in any of its messages.
    """

    exact: str
    around: str
    text: str
    namespace: str = ""
    temperature: float | None = None
    plain: bool = True

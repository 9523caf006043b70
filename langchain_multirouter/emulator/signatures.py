"""Signatures: what the services sign their models' reasoning with, and know again.

A real signature is opaque to everybody but its service. An emulated one is opaque in form and says
who wrote it, so that the emulator can refuse what another model, or nobody, has signed.
"""

import base64
import hashlib
import json


def sign(provider: str, model: str, text: str) -> str:
    """A signature of reasoning, as base64."""
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    written = json.dumps([provider, model, digest], separators=(",", ":"))
    return base64.b64encode(written.encode()).decode()


def signer_of(signature: str) -> tuple[str, str] | None:
    """The provider and the model that signed, or None where no emulated service did."""
    try:
        provider, model, digest = json.loads(base64.b64decode(signature, validate=True))
    except (ValueError, TypeError):
        return None
    genuine = all(isinstance(part, str) for part in (provider, model, digest))
    return (provider, model) if genuine else None

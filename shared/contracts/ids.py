"""Identifiers that follow from what they identify, never from chance or clock.

Whoever decides the same again gives the same name to it: a need is named by its firm, front, market and direction, a
referral by its need and by what caused it. All are UUIDs of version 5 over one namespace of ours.
"""

import uuid
from hashlib import sha1

_NAMESPACE = uuid.UUID("b7b3c4a2-6f0d-5d0c-9f59-3a5d1a4be5f1")


def derive(*parts: str) -> str:
    """The UUID of these parts, in this order; parts are codes and ids, which hold no slash."""
    digest = bytearray(sha1(_NAMESPACE.bytes + "/".join(parts).encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()  # what uuid5 gives, at a third of its price: a firm on its way has a dozen names made
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def need_id(firm_id: str, front: str, *, import_: bool, market: str | None) -> str:
    """The name of a need: (firm, front, import, market); no market is a market of its own."""
    return derive("need", firm_id, front, "import" if import_ else "export", market or "")


def referral_id(need: str, cause: str, ordinal: int | str) -> str:
    """The name of a referral: its need, its cause, and its ordinal under that cause or the referral it replaces."""
    return derive("referral", need, cause, str(ordinal))

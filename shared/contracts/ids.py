"""Identifiers that follow from their cause, never from chance or clock: deciding again says the same."""

import uuid

_OURS = uuid.UUID("5f0a3e52-6d1c-5b7e-9c1a-2f0d8c3b7a41")


def derive(*parts: str) -> str:
    """A UUID (version 5) of the parts joined by "/"; the same parts give the same id in every process."""
    return str(uuid.uuid5(_OURS, "/".join(parts)))

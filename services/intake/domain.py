"""A firm's file and what becomes of it. Pure: no clock, no chance, no store.

A file holds what each partner says now, what was reported of consents, and how often the whole has changed.
Submissions and revocations are entered one by one; the answer is relative to what that partner said before, while the
firm's version counts changes of what all say together.
"""

import hmac
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

import msgspec

from services.intake import consents
from services.intake.consents import Key, Reported, Revoked
from services.intake.merging import Asserted, merge
from shared.contracts.base import FirmId
from shared.contracts.firm import Membership, Publisher
from shared.contracts.intake import FirmRegistered
from shared.contracts.receipts import SubmissionOutcome
from shared.contracts.rules import Problem, problem
from shared.contracts.submissions import Revocation, Submission

_ROME_IN_WINTER = timedelta(hours=1)


def firm_id_of(codice_fiscale: str, key: bytes) -> FirmId:
    """The firm's name inside: a UUID (version 8) of a keyed hash, so that nobody without the key finds the code."""
    digest = bytearray(hmac.digest(key, codice_fiscale.encode(), "sha256")[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))


@dataclass(slots=True)
class File:
    """Everything that intake knows of one firm. `digest` is that of the state that was said last."""

    firm_id: FirmId
    asserted: dict[str, Asserted] = field(default_factory=dict)
    reports: dict[Key, Reported] = field(default_factory=dict)
    version: int = 0
    digest: bytes = b""


def submit(file: File, partner: str, submission: Submission) -> SubmissionOutcome | Problem:
    """Enter what a partner says of the firm; a problem where it cannot stand beside what is known.

    An assertion that observes less recently than the one it would replace changes nothing but consents, which carry
    their own times.
    """
    assertion, id = submission.assertion, submission.envelope.id
    before = file.asserted.get(partner)
    if before is None and assertion.firm.name is None:
        return problem("name-required", "this is your first submission of the firm: give its name", "/firm/name")
    consents.grant(file.reports, assertion.consents or (), partner, id)
    if before is not None and assertion.observed_at < before.assertion.observed_at:
        return "unchanged"
    file.asserted[partner] = Asserted(partner, id, assertion)
    if before is None:
        return "registered"
    same = msgspec.structs.replace(before.assertion, observed_at=assertion.observed_at) == assertion
    return "unchanged" if same else "updated"


def revoke(file: File, partner: str, revocation: Revocation) -> SubmissionOutcome | Problem:
    """Enter a revocation, from a partner that asserts something of the firm; to any other the firm is unknown."""
    if partner not in file.asserted:
        return problem("firm-unknown", "you have submitted no such firm: submit it first", "/codice_fiscale")
    revoked = Revoked(revocation.revoked_at, partner, revocation.envelope.id)
    consents.revoke(file.reports, revocation.to, revocation.purpose, revoked)
    return "revoked"


def register(file: File, partners: Iterable[str]) -> FirmRegistered | None:
    """The firm's state as an event with the next version, if it is another than the one said last.

    Which submission says a thing is not part of the state, and neither is a newer observation of the same, unless it
    falls into another year: exports are judged by the year (Europe/Rome) in which they were observed.
    """
    if not file.asserted:
        return None
    merged = merge(file.asserted.values())
    said = [file.asserted[partner] for partner in sorted(file.asserted)]
    registered = FirmRegistered(
        firm_id=file.firm_id,
        version=file.version + 1,
        observed_at=merged.observed_at,
        profile=merged.profile,
        publishers=tuple(
            Publisher(
                partner=one.partner,
                submission_id=one.submission_id,
                observed_at=one.assertion.observed_at,
                reference=one.assertion.reference,
            )
            for one in said
        ),
        memberships=tuple(
            Membership(partner=one.partner, since=one.assertion.membership.since)
            for one in said
            if one.assertion.membership is not None and one.assertion.membership.active
        ),
        consents=consents.in_force(file.reports, partners),
    )
    digest = _digest(registered)
    if digest == file.digest:
        return None
    file.version, file.digest = registered.version, digest
    return registered


def _digest(state: FirmRegistered) -> bytes:
    # Around New Year, the only time when the year depends on it, Rome is an hour ahead of UTC.
    year = (state.observed_at + _ROME_IN_WINTER).year
    publishers = [(one.partner, one.reference) for one in state.publishers]
    return sha256(msgspec.json.encode((year, state.profile, publishers, state.memberships, state.consents))).digest()

"""Consents: what the firm allows, from all reports of grants and revocations. Pure, and whatever their order.

Per (to, purpose) the latest grant and the latest revocation are kept; which of them holds follows from their times
alone, a revocation winning a tie. Reports come from anyone who asserts something of the firm, and an assertion without
consents withdraws nothing.
"""

from collections.abc import Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import Literal

import msgspec

from shared.contracts.firm import Consent
from shared.contracts.submitted import Grant

ANY = "any"
Purpose = Literal["referral"]
PURPOSES: tuple[Purpose, ...] = ("referral",)
Key = tuple[str, Purpose]


class Given(msgspec.Struct, frozen=True):
    """The latest grant that was reported, and who reported it in which submission."""

    at: datetime
    partner: str
    submission_id: str
    expires_at: datetime | None = None
    text_version: str | None = None


class Revoked(msgspec.Struct, frozen=True):
    """The latest revocation that was reported, and who reported it in which submission."""

    at: datetime
    partner: str
    submission_id: str


class Reported(msgspec.Struct, frozen=True):
    """What was reported under one key."""

    given: Given | None = None
    revoked: Revoked | None = None


Reports = MutableMapping[Key, Reported]


def grant(reports: Reports, grants: Iterable[Grant], partner: str, submission_id: str) -> None:
    """Enter the grants of one submission."""
    for one in grants:
        key = (one.to, one.purpose)
        before = reports.get(key, Reported())
        given = Given(one.given_at, partner, submission_id, one.expires_at, one.text_version)
        if before.given is None or _rank(given) > _rank(before.given):
            reports[key] = msgspec.structs.replace(before, given=given)


def revoke(reports: Reports, to: str, purpose: str | None, revoked: Revoked) -> None:
    """Enter a revocation; without a purpose it is of every purpose."""
    for one in PURPOSES:
        if purpose not in (None, one):
            continue
        before = reports.get((to, one), Reported())
        if before.revoked is None or _turn(revoked) > _turn(before.revoked):
            reports[to, one] = msgspec.structs.replace(before, revoked=revoked)


def joined(several: Iterable[Mapping[Key, Reported]]) -> Reports:
    """What was reported under several codes of one firm, as if it had been reported under one."""
    reports: Reports = {}
    for some in several:
        for key, one in some.items():
            before = reports.get(key, Reported())
            given, revoked = one.given, one.revoked
            if given is None or (before.given is not None and _rank(before.given) > _rank(given)):
                given = before.given
            if revoked is None or (before.revoked is not None and _turn(before.revoked) > _turn(revoked)):
                revoked = before.revoked
            reports[key] = Reported(given, revoked)
    return reports


def forget(reports: Reports, until: datetime) -> None:
    """Drop every grant and revocation that is not later than `until`."""
    for key, one in list(reports.items()):
        given = one.given if one.given is not None and one.given.at > until else None
        revoked = one.revoked if one.revoked is not None and one.revoked.at > until else None
        if given is None and revoked is None:
            del reports[key]
        elif (given, revoked) != (one.given, one.revoked):
            reports[key] = Reported(given, revoked)


def in_force(reports: Mapping[Key, Reported], partners: Iterable[str]) -> tuple[Consent, ...]:
    """What holds, sorted: grants that no revocation has taken back. Expiry is left to whoever acts on them.

    A grant to any that was since taken back for one partner is told as grants to the others.
    """
    held: list[Consent] = []
    partners = tuple(partners)
    for (to, purpose), reported in reports.items():
        given = reported.given
        if given is None or _taken_back(reports, given, to, purpose):
            continue
        exceptions = {code for code in partners if _taken_back(reports, given, code, purpose)} if to == ANY else set()
        for code in (to,) if not exceptions else (code for code in partners if code not in exceptions):
            own = reports.get((code, purpose), Reported()).given
            if code != to and own is not None and not _taken_back(reports, own, code, purpose):
                continue  # it has a grant of its own, told under its own key
            held.append(Consent(to=code, purpose=purpose, given_at=given.at, expires_at=given.expires_at))
    return tuple(sorted(held, key=lambda consent: (consent.to, consent.purpose)))


def _taken_back(reports: Mapping[Key, Reported], given: Given, to: str, purpose: Purpose) -> bool:
    """Whether the grant is not later than the revocation for this partner, or for any."""
    revocations = (reports.get((name, purpose), Reported()).revoked for name in {to, ANY})
    return any(revoked is not None and revoked.at >= given.at for revoked in revocations)


def _rank(given: Given) -> tuple[datetime, str, str, bool, datetime, str]:
    """Later wins; of two reports of one moment the greater (partner, id), as everywhere in merging."""
    last = given.expires_at or given.at
    return given.at, given.partner, given.submission_id, given.expires_at is None, last, given.text_version or ""


def _turn(revoked: Revoked) -> tuple[datetime, str, str]:
    return revoked.at, revoked.partner, revoked.submission_id

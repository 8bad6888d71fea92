"""What becomes of a firm's file. Pure: no clock, no chance, no store.

Records are entered one by one; the answer is relative to what that partner said before, while the firm's version counts
changes of what all say together.
"""

import hmac
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import assert_never

import msgspec

from services.intake import consents
from services.intake.consents import Revoked
from services.intake.files import File, Mark, Successor
from services.intake.kinship import Files, Links, links_of, said_of, spread
from services.intake.merging import Asserted, declarations, merge
from shared.contracts.base import FirmId
from shared.contracts.firm import Membership, Publisher
from shared.contracts.intake import FirmErased, FirmRegistered, FirmSucceeded
from shared.contracts.receipts import SubmissionOutcome
from shared.contracts.rules import Problem, problem
from shared.contracts.submissions import ErasureRequest, Revocation, Submission, Succession, Understood

_ROME_IN_WINTER = timedelta(hours=1)


def firm_id_of(codice_fiscale: str, key: bytes) -> FirmId:
    """The firm's name inside: a UUID (version 8) of a keyed hash, so that nobody without the key finds the code."""
    digest = bytearray(hmac.digest(key, codice_fiscale.encode(), "sha256")[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))


class Entered(msgspec.Struct, frozen=True):
    """How a record is answered, and what it changed: firms erased, firms succeeded, states that are new.

    `forgotten` are the firms whose older data are gone, whether or not anything had been said of them.
    """

    outcome: SubmissionOutcome | Problem
    warnings: tuple[Problem, ...] = ()
    forgotten: tuple[FirmId, ...] = ()
    erased: tuple[FirmErased, ...] = ()
    succeeded: tuple[FirmSucceeded, ...] = ()
    registered: tuple[FirmRegistered, ...] = ()


def enter(files: Files, firms: Sequence[FirmId], partner: str, said: Understood, partners: Iterable[str]) -> Entered:
    """Enter a record. `firms` are those that it names, its own first; `partners` all that there are."""
    file, kin = files.by_firm[firms[0]], files.kin(*firms)
    before = links_of(kin)
    risen: list[File] = []
    match said:
        case Submission():
            outcome = submit(file, partner, said)
        case Revocation():
            outcome = revoke(file, partner, said)
        case Succession():
            outcome, risen = succeed(files, kin, firms, partner, said)
        case ErasureRequest():
            outcome, risen = erase(file, kin, partner, said)
        case _:
            assert_never(said)
    if isinstance(outcome, Problem):
        return Entered(outcome)
    links = links_of(kin)
    risen += _left_without(kin, links, risen)
    return Entered(
        outcome,
        warnings=_warnings(file, links, said),
        forgotten=tuple(one.firm_id for one in risen),
        erased=tuple(_forgotten(file, risen, partner, said, outcome)),
        succeeded=tuple(_succeeded(one, links) for one in kin if _goes_elsewhere(one, before, links)),
        registered=tuple(
            event
            for one in kin
            if one.firm_id not in links and (event := register(one, kin, links, partners)) is not None
        ),
    )


def submit(file: File, partner: str, submission: Submission) -> SubmissionOutcome | Problem:
    """Enter what a partner says of the firm; a problem where it cannot stand beside what is known.

    An assertion that observes less recently than the one it would replace changes nothing but consents, which carry
    their own times. One that is not newer than the erasure mark is refused, unless it reports a newer consent.
    """
    assertion, id = submission.assertion, submission.envelope.id
    before = file.asserted.get(partner)
    if partner not in file.speakers and assertion.firm.name is None:
        return name_required()
    # Also where it is refused for the mark: what the partner may do afterwards must not depend on which came first.
    file.speakers.add(partner)
    grants = [one for one in assertion.consents or () if file.takes(one.given_at)]
    newer = file.takes(assertion.observed_at)
    if not newer and not grants:
        return _of_erased(file, "/observed_at")
    consents.grant(file.reports, grants, partner, id)
    if not newer or (before is not None and assertion.observed_at < before.assertion.observed_at):
        return "unchanged"
    file.asserted[partner] = Asserted(partner, id, assertion)
    if before is None:
        return "registered"
    same = msgspec.structs.replace(before.assertion, observed_at=assertion.observed_at) == assertion
    return "unchanged" if same else "updated"


def revoke(file: File, partner: str, revocation: Revocation) -> SubmissionOutcome | Problem:
    """Enter a revocation. One that is not newer than the erasure mark finds nothing left to revoke."""
    if partner not in file.speakers:
        return _unknown()
    if file.takes(revocation.revoked_at):
        revoked = Revoked(revocation.revoked_at, partner, revocation.envelope.id)
        consents.revoke(file.reports, revocation.to, revocation.purpose, revoked)
    return "revoked"


def succeed(
    files: Files, kin: Sequence[File], firms: Sequence[FirmId], partner: str, succession: Succession
) -> tuple[SubmissionOutcome | Problem, list[File]]:
    """Enter which code stands for the firm now; the successor need not be known.

    Erasure marks go along the new link. One that is not newer than its firm's mark serves for that alone: nothing is
    left to follow. Gives the files that forgot something.
    """
    file = files.by_firm[firms[0]]
    if partner not in file.speakers:
        return _unknown(), []
    successor = Successor(
        firm_id=firms[1],
        codice_fiscale=succession.successor,
        kind=succession.kind,
        at=succession.at,
        partner=partner,
        submission_id=succession.envelope.id,
    )
    files.link(file, successor)
    risen = spread(kin)
    file.strip()
    return "succeeded", risen


def erase(
    file: File, kin: Sequence[File], partner: str, request: ErasureRequest
) -> tuple[SubmissionOutcome | Problem, list[File]]:
    """Set the erasure mark and forget what is not newer: here, and in the files of the same firm and of its past.

    A request that is not newer than the mark finds nothing left; where the firm has been told of again since, nothing
    is to be erased, and it is answered so. Gives the files that forgot something as well.
    """
    if partner not in file.speakers:
        return _unknown(), []
    mark = Mark(
        requested_at=request.requested_at, partner=partner, submission_id=request.envelope.id, version=file.version
    )
    known_again = bool(file.digest)
    risen = [file] if file.mark(mark) else []
    if not risen and known_again:
        return "unchanged", risen
    return "erasure_accepted", risen + [one for one in spread(kin) if one is not file]


def register(head: File, kin: Sequence[File], links: Links, partners: Iterable[str]) -> FirmRegistered | None:
    """The firm's state as an event with the next version, if it is another than the one said last.

    Which submission says a thing is not part of the state, and neither is a newer observation of the same, unless it
    falls into another year: exports are judged by the year (Europe/Rome) in which they were observed.
    """
    said = said_of(head, kin, links)
    if said is None:
        head.sources = ()
        return None
    merged = merge(said.asserted, said.codice_fiscale)
    head.sources = merged.sources
    registered = FirmRegistered(
        firm_id=head.firm_id,
        version=head.version + 1,
        observed_at=merged.observed_at,
        profile=merged.profile,
        publishers=tuple(
            Publisher(
                partner=one.partner,
                submission_id=one.submission_id,
                observed_at=one.assertion.observed_at,
                reference=one.assertion.reference,
            )
            for one in said.asserted
        ),
        memberships=tuple(
            Membership(partner=one.partner, since=one.assertion.membership.since)
            for one in said.members
            if one.assertion.membership is not None and one.assertion.membership.active
        ),
        consents=consents.in_force(said.reports, partners),
        not_members=tuple(
            one.partner
            for one in said.members
            if one.assertion.membership is not None and not one.assertion.membership.active
        ),
        declarations=declarations(said.asserted),
    )
    digest = _digest(registered)
    if digest == head.digest:
        return None
    head.version, head.digest = registered.version, digest
    return registered


def _digest(state: FirmRegistered) -> bytes:
    # Around New Year, the only time when the year depends on it, Rome is an hour ahead of UTC.
    year = (state.observed_at + _ROME_IN_WINTER).year
    publishers = [(one.partner, one.reference) for one in state.publishers]
    whole: tuple[object, ...] = (year, state.profile, publishers, state.memberships, state.consents)
    if state.not_members:  # what was kept before bodies could say so stays what it was
        whole += (state.not_members,)
    if state.declarations:
        whole += (state.declarations,)
    return sha256(msgspec.json.encode(whole)).digest()


def _left_without(kin: Sequence[File], links: Links, risen: Sequence[File]) -> list[File]:
    """Firms known only by what was said of others and is now erased: nothing of it may stay under their name."""
    left = [
        one
        for one in kin
        if risen and one not in risen and one.digest and one.firm_id not in links and not said_of(one, kin, links)
    ]
    for one in left:
        one.digest = b""
    return left


def _forgotten(
    file: File, risen: Sequence[File], partner: str, said: Understood, outcome: SubmissionOutcome
) -> Iterator[FirmErased]:
    """What the other stores are told to forget. A request that was accepted is always passed on, whether or not there
    is anything left: their answer is what the partner is waiting for."""
    known = [gone for one in risen if (gone := _erased(one, risen)) is not None]
    yield from known
    if not isinstance(said, ErasureRequest) or outcome != "erasure_accepted":
        return
    if all(gone.firm_id != file.firm_id for gone in known):
        yield FirmErased(
            firm_id=file.firm_id,
            version=file.version,
            requested_at=said.requested_at,
            requested_by=partner,
            submission_id=said.envelope.id,
        )


def _erased(file: File, risen: Sequence[File]) -> FirmErased | None:
    """None where nothing had ever been said of the firm: nobody has anything to forget."""
    if not file.version:
        return None
    mark = max((one.erased for one in risen if one.erased is not None), key=lambda mark: mark.requested_at)
    return FirmErased(
        firm_id=file.firm_id,
        version=file.version,
        requested_at=mark.requested_at,
        requested_by=mark.partner,
        submission_id=mark.submission_id,
    )


def _goes_elsewhere(file: File, before: Links, links: Links) -> bool:
    now, then = links.get(file.firm_id), before.get(file.firm_id)
    return now is not None and (then is None or then.firm_id != now.firm_id)


def _succeeded(file: File, links: Links) -> FirmSucceeded:
    successor = links[file.firm_id]
    file.digest = b""  # should the firm ever stand for itself again, its state is news
    return FirmSucceeded(
        firm_id=file.firm_id,
        version=file.version,
        successor_id=successor.firm_id,
        kind=successor.kind,
        at=successor.at,
        said_by=successor.partner,
    )


def _warnings(file: File, links: Links, said: Understood) -> tuple[Problem, ...]:
    """That the code is an old one. The new one is not told: it may be a person's, and is in the business register."""
    successor = links.get(file.firm_id)
    if successor is None or isinstance(said, Succession):
        return ()
    told = f"since {successor.at:%Y-%m-%d} another code stands for this firm ({successor.kind}): use that one"
    place = "/firm/codice_fiscale" if isinstance(said, Submission) else "/codice_fiscale"
    return (problem("firm-succeeded", told, place),)


def name_required() -> Problem:
    """A partner's first submission of a firm gives its name."""
    return problem("name-required", "this is your first submission of the firm: give its name", "/firm/name")


def _unknown() -> Problem:
    return problem("firm-unknown", "you have submitted no such firm: submit it first", "/codice_fiscale")


def _of_erased(file: File, place: str) -> Problem:
    assert file.erased is not None, "only a mark refuses what is older"
    until = f"{file.erased.requested_at:%Y-%m-%d %H:%M:%S} UTC"
    told = f"the firm had its data erased as of {until}: nothing observed until then is taken again"
    return problem("firm-erased", told, place)

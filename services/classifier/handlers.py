"""What the classifier hears and says: a firm was registered, so it is assessed; succeeded or erased, so that goes on.

Every version of a firm is said on, even where segment and needs are what they were: profile, consents and memberships
travel with them, and referral routes by those. Only what is the same from end to end (a state that intake says anew)
has nothing to tell anybody and is not said again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

import msgspec

from services.classifier import store
from services.classifier.domain import assess
from services.classifier.store import Assessed
from shared.agreement import Agreement, Versions, day_of
from shared.contracts.base import Event, FirmId
from shared.contracts.classifier import AssessmentErased, AssessmentRestated, AssessmentSucceeded, FirmAssessed
from shared.contracts.intake import FirmErased, FirmRegistered, FirmRestated, FirmSucceeded
from shared.feeds.speech import Batch, Heard, Said, Work
from shared.feeds.subscriptions import On, Restates, Stated
from shared.postgres.pool import Connection

Told = FirmRegistered | FirmRestated | FirmSucceeded | FirmErased


@dataclass(frozen=True, slots=True)
class Policy:
    """What the handler brings with it: the agreement, which gives needs and decides between segments, by the day."""

    versions: Versions


async def follow_firms(firms: Batch[Told], work: Work[Policy]) -> list[Said]:
    """Place each firm and derive its needs; everything that later services need of the firm travels on with it."""
    known = await store.digests(work.connection, firms.firm_ids)
    kept: dict[FirmId, Assessed | None] = {}
    agreement = work.context.versions.on(day_of(work.now))
    said: list[Said | None] = []
    for firm in firms:
        if isinstance(firm.event, FirmRestated):
            await _put_right(firm, firm.event, kept, work)
        else:
            said.append(_follow(firm, firm.event, agreement, known, kept))
    await store.save(work.connection, kept, work.now)
    return [one for one in said if one is not None]


async def _put_right(
    firm: Heard[Told], restated: FirmRestated, kept: dict[FirmId, Assessed | None], work: Work[Policy]
) -> None:
    """Keep the assessment of a state that was said before, as it was made then. Whoever comes after the classifier has
    heard it, or is told anew by a command of its own: nothing is said on."""
    state = restated.state
    if firm.firm_id in kept:
        return  # this batch brings what is said after it, or has brought what was said before, which is the same
    row = await store.standing(work.connection, state.firm_id)
    if row is not None and row.version > state.version:
        return
    at = restated.registered_at if row is None else row.assessed_at
    assessed = assess(state, work.context.versions.on(day_of(at)))
    kept[state.firm_id] = Assessed(assessed, _digest(assessed), firm.cause.id, firm.cause.traceparent, at)


def _digest(assessed: FirmAssessed) -> bytes:
    return hashlib.sha256(msgspec.json.encode(assessed)).digest()


def _follow(
    firm: Heard[Told],
    event: FirmRegistered | FirmSucceeded | FirmErased,
    agreement: Agreement,
    known: dict[FirmId, bytes],
    kept: dict[FirmId, Assessed | None],
) -> Said | None:
    """What is said on; `known` and `kept` are brought up to date."""
    match event:
        case FirmRegistered():
            assessed = assess(event, agreement)
            digest = _digest(assessed)
            if known.get(event.firm_id) == digest:
                return None
            known[event.firm_id] = digest
            kept[event.firm_id] = Assessed(assessed, digest, firm.cause.id, firm.cause.traceparent)
            return firm.says(assessed)
        case FirmSucceeded():
            return firm.says(
                AssessmentSucceeded(
                    firm_id=event.firm_id,
                    version=event.version,
                    successor_id=event.successor_id,
                    kind=event.kind,
                    at=event.at,
                    said_by=event.said_by,
                )
            )
        case FirmErased():
            known.pop(event.firm_id, None)
            kept[event.firm_id] = None
            return firm.says(
                AssessmentErased(
                    firm_id=event.firm_id,
                    version=event.version,
                    requested_at=event.requested_at,
                    requested_by=event.requested_by,
                    submission_id=event.submission_id,
                )
            )
        case _:
            assert_never(event)


SUBSCRIPTIONS = (
    On(
        (FirmRegistered, FirmRestated, FirmSucceeded, FirmErased),
        follow_firms,
        says=(FirmAssessed, AssessmentSucceeded, AssessmentErased),
    ),
)


async def present(
    connection: Connection, firm_ids: Sequence[FirmId], policy: Policy, stated: Stated
) -> list[tuple[FirmId, Event]]:
    """Each firm's last assessment, of the state that intake keeps. Where intake is at another version than this store,
    the assessment of the newer one is on its way, and tells more than this."""
    states = await stated(firm_ids)
    events: list[tuple[FirmId, Event]] = []
    for row in await store.all_standing(connection, firm_ids):
        state = msgspec.json.decode(states[row.firm_id], type=FirmRegistered) if row.firm_id in states else None
        if state is not None and state.version == row.version:
            assessed = assess(state, policy.versions.on(day_of(row.assessed_at)))
            event = AssessmentRestated(firm_id=row.firm_id, assessed_at=row.assessed_at, state=assessed)
            events.append((row.firm_id, event))
    return events


RESTATES = Restates(present, says=(AssessmentRestated,))

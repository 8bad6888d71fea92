"""What the classifier hears and says: a firm was registered, so it is assessed; succeeded or erased, so that goes on.

Every version of a firm is said on, even where segment and needs are what they were: profile, consents and memberships
travel with them, and referral routes by those. Only what is the same from end to end (a state that intake says anew)
has nothing to tell anybody and is not said again.
"""

import hashlib
from dataclasses import dataclass
from typing import assert_never

import msgspec

from services.classifier import store
from services.classifier.domain import assess
from services.classifier.store import Assessed
from shared.agreement import Agreement, Versions, day_of
from shared.contracts.base import FirmId
from shared.contracts.classifier import AssessmentErased, AssessmentSucceeded, FirmAssessed
from shared.contracts.intake import FirmErased, FirmRegistered, FirmSucceeded
from shared.feeds.speech import Batch, Heard, Said, Work
from shared.feeds.subscriptions import On

Told = FirmRegistered | FirmSucceeded | FirmErased


@dataclass(frozen=True, slots=True)
class Policy:
    """What the handler brings with it: the agreement, which gives needs and decides between segments, by the day."""

    versions: Versions


async def follow_firms(firms: Batch[Told], work: Work[Policy]) -> list[Said]:
    """Place each firm and derive its needs; everything that later services need of the firm travels on with it."""
    known = await store.digests(work.connection, firms.firm_ids)
    kept: dict[FirmId, Assessed | None] = {}
    agreement = work.context.versions.on(day_of(work.now))
    said = [_follow(firm, agreement, known, kept) for firm in firms]
    await store.save(work.connection, kept, work.now)
    return [one for one in said if one is not None]


def _follow(
    firm: Heard[Told], agreement: Agreement, known: dict[FirmId, bytes], kept: dict[FirmId, Assessed | None]
) -> Said | None:
    """What is said on; `known` and `kept` are brought up to date."""
    event = firm.event
    match event:
        case FirmRegistered():
            assessed = assess(event, agreement)
            digest = hashlib.sha256(msgspec.json.encode(assessed)).digest()
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
        (FirmRegistered, FirmSucceeded, FirmErased),
        follow_firms,
        says=(FirmAssessed, AssessmentSucceeded, AssessmentErased),
    ),
)

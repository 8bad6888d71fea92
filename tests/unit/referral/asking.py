"""A provisional firm of which something is missing, and what tests read of its case."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.referral.case import Case, Fact, InformationAsked, InformationClosed, Moment, NeedState
from services.referral.domain import assess
from services.referral.information import latest
from services.referral.request import Request
from shared.contracts.classifier import FirmAssessed, Missing, Need, Segment
from shared.contracts.firm import Consent, Membership, Profile, Publisher
from tests.unit.referral.builders import ACCORD, FIRM, NOW, assessed, consent, firm

HEIR = "00000000-0000-8000-8000-00000000000b"
DAY = timedelta(days=1)


def missing(*questions: str, pointer: str = "/firm/exports/years") -> tuple[Missing, ...]:
    return tuple(Missing(pointer=pointer, question_it=f"{one}, in italiano", question_en=one) for one in questions)


def publisher(partner: str, *, days_ago: int = 1, reference: str | None = None) -> Publisher:
    return Publisher(partner=partner, submission_id="s-1", observed_at=NOW - days_ago * DAY, reference=reference)


def heard(
    *needs: Need,
    ask: tuple[Missing, ...] = missing("exports?"),
    possible: tuple[str, ...] = ("no_experience", "light_presence"),
    publishers: tuple[Publisher, ...] = (publisher("cna"),),
    profile: Profile | None = None,
    consents: tuple[Consent, ...] = (consent(),),
    members: tuple[Membership, ...] = (),
    version: int = 1,
) -> FirmAssessed:
    """A firm that is provisional as long as something is asked."""
    plain = assessed(
        *needs, consents=consents, members=members, publishers=publishers, profile=profile or firm(), version=version
    )
    segment = Segment(
        status="provisional" if ask else "classified",
        agreement=ACCORD.version,
        possible=possible,
        presumptions=(),
        warnings=(),
    )
    return msgspec.structs.replace(plain, segment=segment, missing=ask)


def hear(case: Case, event: FirmAssessed, at: datetime = NOW) -> list[Fact]:
    return assess(case, event, Moment(f"v{event.version}", at, at.date(), ACCORD))


def asked(*needs: Need, **more: Any) -> tuple[Case, Request]:
    """A case whose firm was asked, through cna unless that is told otherwise."""
    case = Case(FIRM)
    hear(case, heard(*needs, **more))
    return case, only(case)


def only(case: Case) -> Request:
    (request,) = case.requests.values()
    return request


def newest(case: Case) -> Request:
    request = latest(case)
    assert request is not None
    return request


def waiting(case: Case) -> set[str]:
    return {one.front for one in case.needs.values() if one.state is NeedState.WAITING_INFORMATION}


def of_information(facts: list[Fact]) -> list[str]:
    """`asked`, or why a request was closed."""
    return [
        "asked" if isinstance(fact, InformationAsked) else str(fact.request.closed)
        for fact in facts
        if isinstance(fact, InformationAsked | InformationClosed)
    ]

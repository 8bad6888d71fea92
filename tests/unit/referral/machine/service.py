"""The service's pure part as the machine drives it: the entrances that its handlers use, and nothing beside them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import msgspec

from services.referral import closure, domain, manual, membership
from services.referral.answers import Answer, Key, Recorded, answer
from services.referral.case import Case, Fact, Moment, Opened, Query, Referral
from services.referral.correction import Correction, correct
from services.referral.lifecycle import Ended
from services.referral.manual import Assignment, Cancellation, NotPossible
from services.referral.receipt import Person
from services.referral.ringing import ring
from services.referral.updates import MEMBERSHIP_ANSWERED, UPDATED, Update, referral_named, understand
from shared.agreement import day_of
from shared.contracts.classifier import FirmAssessed, Segment
from shared.contracts.firm import Consent, Profile
from tests.unit.referral.builders import ACCORD, FIRM, assessed, consent, member, need
from tests.unit.referral.machine.parts import FRONTS, MARKETS
from tests.unit.referral.machine.rules import MEMBER_OF, Firm

SEGMENT = Segment(
    status="classified",
    value="highly_experienced",
    possible=("highly_experienced",),
    presumptions=(),
    warnings=(),
    agreement=ACCORD.version,
)
"""Nothing is missing of the firm, and its segment gives none of its needs by itself: it declares them."""
PERSON = Person(by="a person", reason="the firm asked for it")


@dataclass
class Service:
    """A case, the ids of records that were taken, and the house's time."""

    case: Case = field(default_factory=lambda: Case(FIRM))
    known: dict[Key, Recorded] = field(default_factory=dict)
    outages: tuple[tuple[datetime, datetime], ...] = ()
    causes: int = 0

    def _moment(self, at: datetime) -> Moment:
        self.causes += 1
        return Moment(f"cause {self.causes}", at, day_of(at), ACCORD, self.outages)

    def assess(self, firm: Firm, at: datetime) -> list[Fact]:
        return domain.assess(self.case, _assessment(firm), self._moment(at))

    def erase(self, at: datetime) -> list[Fact]:
        facts = domain.erase(self.case, self._moment(at))
        self.case.assessment = None
        return facts

    def record(self, partner: str, data: dict[str, Any], at: datetime, id: str, kind: str = UPDATED) -> Update:
        """What lies on the partner's topic, as the door reads it."""
        content, problems = understand(kind, data, at, ACCORD)
        return Update(
            partner=partner,
            topic=f"partners.{partner}.updates.v1",
            partition=0,
            offset=self.causes,
            appended_at=at,
            id=id,
            source=partner,
            content_hash=sha256(repr((kind, data)).encode()).digest(),
            content=content,
            problems=problems,
            referral_id=referral_named(data),
        )

    def take(self, update: Update, at: datetime) -> Answer:
        return answer(update, self.case, self.known, self._moment(at))

    def body_says(self, query: Query, member: bool, since: date | None, at: datetime) -> Answer:
        data = {"query_id": query.query_id, "member": member}
        if since is not None:
            data["since"] = since.isoformat()
        return self.take(self.record(query.partner, data, at, f"answer {self.causes}", MEMBERSHIP_ANSWERED), at)

    def silence(self, at: datetime) -> list[Fact]:
        return membership.reconsider(self.case, self._moment(at))

    def firm_answers(self, referral_id: str, confirmed: bool, at: datetime) -> list[Fact]:
        reason = None if confirmed else "not_done"
        return closure.take(self.case, referral_id, confirmed=confirmed, reason=reason, at=at)

    def ring(self, referral_id: str, at: datetime) -> list[Fact]:
        return ring(self.case, referral_id, self._moment(at))

    def take_back(self, referral: Referral, why: str, at: datetime) -> list[Fact]:
        return domain.cancel(self.case, referral, Ended(why), self._moment(at))

    def person_takes_back(self, referral: Referral, why: str, at: datetime) -> list[Fact] | None:
        """None where that is not a person's to decide."""
        moment = self._moment(at)
        try:
            order = Cancellation(id=moment.cause_id, referral_id=referral.referral_id, why=Ended(why), by=PERSON.by)
            return manual.cancel(self.case, order, moment)
        except NotPossible:
            return None

    def person_errs(self, referral: Referral, at: datetime, *, alone: bool) -> list[Fact] | None:
        """None where that is not to be had."""
        moment, second = self._moment(at), PERSON.by.upper() if alone else "another person"
        try:
            order = Correction(id=moment.cause_id, referral_id=referral.referral_id, person=PERSON, second=second)
            return correct(self.case, order, moment)
        except NotPossible:
            return None

    def person_assigns(self, need_id: str, partner: str, at: datetime) -> Opened | None:
        moment = self._moment(at)
        try:
            order = Assignment(id=moment.cause_id, need_id=need_id, partner=partner, person=PERSON)
            return manual.assign(self.case, order, moment)
        except NotPossible:
            return None


def _assessment(firm: Firm) -> FirmAssessed:
    consents: list[Consent] = [consent(to, expires_at=ends) for to, ends in firm.consents.items()]
    needs = [
        need(
            FRONTS[key],
            import_=key == "import",
            market=MARKETS.get(key),
            declared_at=firm.declared_at.get(key),
        )
        for key in firm.stated
    ]
    told = assessed(
        *needs,
        consents=tuple(consents),
        members=tuple(member(code, since=since) for code, since in MEMBER_OF.items()),
        profile=Profile(
            codice_fiscale="12345670017",
            status="ceased" if firm.ceased else "active",
            declared_memberships=(firm.declared,),
        ),
    )
    return msgspec.structs.replace(told, segment=SEGMENT)

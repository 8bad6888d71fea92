"""An evening in which everything goes right, told by the script alone; tests spoil one thing in it."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cli.demo.closing import ANSWERS, Ending, chosen
from cli.demo.evidence import Evidence
from cli.demo.facts import Got, Kept, Replied, Sent
from cli.demo.firms import Company, Need
from cli.demo.ledger import Ledger
from cli.demo.mails import Taken
from cli.demo.routes import End, Leg, Reaction, Said, asked_through, routes_of
from cli.demo.script import write_script
from cli.demo.stores import Assessed, MailRow, NeedRow, ReferralRow, View
from cli.demo.submissions import Script, Submission
from cli.partner.letters import Heard, Position
from shared.agreement import Agreement, load

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ACCORD: Agreement = load()
DAY_3 = datetime(2026, 11, 26, 22, 59, 59, tzinfo=UTC)
DAY_5 = datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC)
DAY_7 = datetime(2026, 12, 2, 22, 59, 59, tzinfo=UTC)
DAY_10 = datetime(2026, 12, 9, 22, 59, 59, tzinfo=UTC)
"""Ends of working days after `NOW`, a Monday: the seventh is Sant'Ambrogio, the eighth a holiday."""


def script(firms: int = 60, *, seed: int = 7, first: int = 5_000_000) -> Script:
    return write_script(seed, firms, first, NOW)


def firm_id(company: Company) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, company.codice_fiscale))


def heard(fact: str, topic: str, data: Mapping[str, Any], number: int = 1) -> Heard:
    return Heard(
        type=f"it.portolano.{fact}.v1",
        id=str(number),
        subject=None,
        time=None,
        generation="one",
        sequence=number,
        data=data,
        position=Position(topic, 0, number),
        appended_at=NOW,
    )


class Perfect:
    """Tells a ledger what its script expects, and keeps the stores and the sink that go with it."""

    def __init__(self, told: Script) -> None:
        self.script = told
        self.ledger = Ledger(told, {company.codice_fiscale: company for company in told.companies})
        self.needs: list[NeedRow] = []
        self.referrals: list[ReferralRow] = []
        self.mails: list[MailRow] = []
        self._offsets: dict[str, int] = {}
        for turn, role in enumerate(told.roles):
            for submission in role.submissions:
                self.tell(submission, role.company, turn / 10)
        for turn, company in enumerate(told.companies):
            self._refer(company, turn / 10 + 0.1)
        self.endings = [
            Ending(one, button, 200, 200) for one, button in zip(chosen(self.ledger), ANSWERS, strict=False)
        ]
        for one in self.endings:
            self._end(one)

    def evidence(self) -> Evidence:
        taken = {row.message_id: Taken(row.referral_id, "", 1) for row in self.mails if row.state == "sent"}
        return Evidence(self.ledger, self.view(), taken, ACCORD, endings=self.endings)

    def view(self) -> View:
        firms = {firm_id(company): company for company in self.script.companies}
        assessed = {
            id_: Assessed(version=1, status=company.assessment.status, possible=company.assessment.possible)
            for id_, company in firms.items()
        }
        return View(
            registered=dict.fromkeys(firms, 1),
            assessed=assessed,
            routed=dict.fromkeys(firms, 1),
            needs=self.needs,
            referrals=self.referrals,
            mails=self.mails,
        )

    def tell(self, submission: Submission, company: Company | None, at: float) -> None:
        position = self.place(f"partners.{submission.partner}.firms.v1")
        self.ledger.apply(Sent(submission, at))
        self.ledger.apply(Kept(submission, position))
        about = {"submission_id": submission.letter.id, "position": as_json(position)}
        if submission.expected.outcome == "refused":
            problems = [{"pointer": "", "rule": rule, "message": ""} for rule in submission.expected.rules]
            answer = heard("submission.refused", "receipts", {**about, "problems": problems})
        else:
            assert company is not None
            data = {**about, "outcome": submission.expected.outcome, "firm_id": firm_id(company), "warnings": []}
            answer = heard("submission.accepted", "receipts", data)
        self.ledger.apply(Got(submission.partner, answer, at + 0.02))

    def _refer(self, company: Company, at: float) -> None:
        inquired = asked_through(company)
        if inquired is not None:
            self.inquire(company, inquired, at)
        if company.claims is not None:
            asked = {"query_id": "q", "codice_fiscale": company.codice_fiscale, "answer_by": DAY_3.isoformat()}
            self.ledger.apply(Got(company.claims, heard("referral.membership-queried", "referrals", asked), at))
        for way in routes_of(self.script.seed, company, ACCORD):
            before: str | None = None
            for step, leg in enumerate(way.legs):
                before = self.ask(company, way.need, step, leg, before, at + step)
            self.need(company, way.need, way.end)

    def ask(
        self,
        company: Company,
        need: Need,
        step: int,
        leg: Leg,
        before: str | None,
        at: float,
        asked_at: datetime = NOW,
        accept_by: datetime = DAY_7,
    ) -> str:
        """The `step`-th referral of a need, with its copies, its answer and its mails; gives its id."""
        partner = leg.partner(firm_id(company))
        for code in leg.copies:
            self._copy(company, need, code, leg, at)
        id_ = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{company.number}/{need}/{step}"))
        data = {
            "referral_id": id_,
            "at": asked_at.isoformat(),
            "accept_by": accept_by.isoformat(),
            "role": "responsible",
            "front": need.front,
            "import": need.import_,
            "firm": {"codice_fiscale": company.codice_fiscale},
            "decision": {"rule": leg.by.value},
        }
        self.ledger.apply(Got(partner, heard("referral.requested", "referrals", data), at))
        status = "requested" if leg.reaction.said is Said.NOTHING else leg.reaction.said.value
        self.referrals.append(
            ReferralRow(referral_id=id_, firm_id=firm_id(company), partner=partner, status=status, replaces=before)
        )
        self.mail(company, id_, "partner", "requested", reachable=True)
        self.mail(company, id_, "firm", "requested", reachable=company.reachable)
        if leg.reaction.said is not Said.NOTHING:
            position = self.place(f"partners.{partner}.updates.v1")
            self.ledger.apply(Replied(partner, id_, leg.reaction, position, at + 0.5))
            answer = {"update_id": f"demo-{id_}", "position": as_json(position), "at": asked_at.isoformat()}
            self.ledger.apply(Got(partner, heard("referral.update-recorded", "referrals", answer), at + 0.6))
        if leg.reaction.said is Said.ACCEPTED:
            self.mail(company, id_, "firm", "accepted", reachable=company.reachable)
        return id_

    def _end(self, ending: Ending) -> None:
        """A referral is completed, and its firm has answered."""
        asked = ending.asked
        position = self.place(f"partners.{asked.partner}.updates.v1")
        reaction = Reaction(Said.COMPLETED, 0.0)
        self.ledger.apply(Replied(asked.partner, asked.referral_id, reaction, position, asked.at + 2))
        answer = {"update_id": f"demo-{asked.referral_id}-completed", "position": as_json(position)}
        self.ledger.apply(Got(asked.partner, heard("referral.update-recorded", "referrals", answer), asked.at + 2.1))
        for word in ("pending", ANSWERS[ending.button]):
            closed = {"referral_id": asked.referral_id, "confirmed_by_firm": word}
            self.ledger.apply(Got(asked.partner, heard("referral.closed", "referrals", closed), asked.at + 2.2))
        self.mail(asked.company, asked.referral_id, "firm", "completed", reachable=True)

    def inquire(self, company: Company, partner: str, at: float = 1.0) -> None:
        """The partner is asked what is missing of the firm."""
        data = {"request_id": "r", "codice_fiscale": company.codice_fiscale, "missing": [{"pointer": "/firm/exports"}]}
        self.ledger.apply(Got(partner, heard("referral.information-requested", "referrals", data), at))

    def _copy(self, company: Company, need: Need, partner: str, leg: Leg, at: float) -> None:
        """A copy for a body that supports, closed where the referral beside which it came is handed on."""
        id_ = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{company.number}/{need}/{leg.among}/copy/{partner}"))
        data = {
            "referral_id": id_,
            "role": "supporting",
            "front": need.front,
            "import": need.import_,
            "firm": {"codice_fiscale": company.codice_fiscale},
            "decision": {"rule": leg.by.value},
        }
        self.ledger.apply(Got(partner, heard("referral.requested", "referrals", data), at))
        self.mail(company, id_, "partner", "requested", reachable=True)
        ends = leg.reaction.said is Said.REJECTED
        if ends:
            self.end_copy(partner, id_, "superseded", NOW)
        status = "cancelled" if ends else "requested"
        self.referrals.append(
            ReferralRow(referral_id=id_, firm_id=firm_id(company), partner=partner, status=status, replaces=None)
        )

    def end_copy(self, partner: str, id_: str, reason: str, at: datetime) -> None:
        self.step(partner, id_, "cancelled", reason, at)
        asked = self.ledger.requested[id_]
        self.mail(asked.company, id_, "partner", "cancelled", reachable=True)

    def step(self, partner: str, id_: str, fact: str, reason: str, at: datetime) -> None:
        """The hub says something of a referral by itself."""
        data = {"referral_id": id_, "reason": reason, "at": at.isoformat()}
        self.ledger.apply(Got(partner, heard(f"referral.{fact}", "referrals", data), 99.0))

    def need(self, company: Company, need: Need, end: End) -> None:
        row = NeedRow(firm_id=firm_id(company), front=need.front, import_=need.import_, state=end.value)
        self.needs.append(row)

    def mail(self, company: Company, referral_id: str, recipient: str, purpose: str, *, reachable: bool) -> None:
        self.mails.append(
            MailRow(
                referral_id=referral_id,
                firm_id=firm_id(company),
                recipient=recipient,
                purpose=purpose,
                message_id=f"<{len(self.mails)}@portolano.example>",
                state="sent" if reachable else "no_address",
            )
        )

    def place(self, topic: str) -> Position:
        self._offsets[topic] = self._offsets.get(topic, -1) + 1
        return Position(topic, 0, self._offsets[topic])


def spoiled(evidence: Evidence, **view: Any) -> Evidence:
    """The evidence with something else in the stores."""
    return replace(evidence, view=replace(evidence.view, **view))


def as_json(position: Position) -> dict[str, str | int]:
    return {"topic": position.topic, "partition": position.partition, "offset": position.offset}

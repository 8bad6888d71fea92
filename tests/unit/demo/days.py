"""An evening after which ten working days have passed as they should; tests spoil one thing in them."""

from dataclasses import replace
from datetime import UTC, datetime

from cli.demo.days import at_work
from cli.demo.evidence import Days, Evidence
from cli.demo.facts import Got, Reported
from cli.demo.heard import Requested
from cli.demo.routes import End, Said, routes_of
from cli.demo.submissions import Script
from tests.unit.demo.builders import ACCORD, DAY_3, DAY_5, DAY_7, DAY_10, NOW, Perfect, as_json, firm_id, heard

FRIDAY, THURSDAY = datetime(2026, 11, 26, 23, 1, tzinfo=UTC), datetime(2026, 12, 2, 23, 1, tzinfo=UTC)
"""In Rome a new day has begun: after the third, and after the seventh."""
AFTER_FRIDAY, AFTER_THURSDAY = (
    datetime(2026, 12, 10, 22, 59, 59, tzinfo=UTC),
    datetime(2026, 12, 16, 22, 59, 59, tzinfo=UTC),
)
"""Seven working days after these."""


class PerfectDays(Perfect):
    """Tells what becomes of a perfect evening as the days pass."""

    def __init__(self, told: Script) -> None:
        super().__init__(told)
        self.ledger.days_pass = True
        first_day = list(self.ledger.requested.values())
        self._work()
        for asked in first_day:
            self._pass(asked)
        self.needs.clear()
        for company in told.companies:
            for way in routes_of(told.seed, company, ACCORD, passed=10, firm_id=firm_id(company)):
                legs = way.legs if company.claims and way.end is not End.MANUAL else ()
                if legs and not any(one.company is company and one.need == way.need for one in first_day):
                    self.ask(company, way.need, 0, legs[0], None, 100.0, FRIDAY, AFTER_FRIDAY)
                self.need(company, way.need, way.end)

    def evidence(self) -> Evidence:
        return replace(super().evidence(), days=Days(10, DAY_10))

    def _work(self) -> None:
        """The partners call their firms, or do not; some firms take their consents back."""
        reports, withdrawn = at_work(self.ledger, ACCORD, NOW)
        self.ledger.ordered += reports
        for report in reports:
            partner = self.ledger.requested[report.referral_id].partner
            position = self.place(f"partners.{partner}.updates.v1")
            self.ledger.apply(Reported(partner, report, position, 50.0))
            answer = {"position": as_json(position), "at": NOW.isoformat()}
            self.ledger.apply(Got(partner, heard("referral.update-recorded", "referrals", answer), 51.0))
            self.stands(report.referral_id, "accepted" if report.status == "on_hold" else report.status)
        self.ledger.give(withdrawn)
        for submission in withdrawn:
            company = next(one for one in self.script.companies if one.codice_fiscale in str(submission.letter.data))
            self.tell(submission, company, 52.0)

    def _pass(self, asked: Requested) -> None:
        id_, company = asked.referral_id, asked.company
        reaction = self.ledger.replied.get(id_)
        at_work = {one.report.status for one in self.ledger.reports.values() if one.report.referral_id == id_}
        if not asked.responsible:
            open_ = id_ not in self.ledger.steps
            if open_ and company.withdraws:
                self.end_copy(asked.partner, id_, "consent_withdrawn", NOW)
            elif open_ and self._unanswered(asked):
                self.end_copy(asked.partner, id_, "no_response", DAY_7)
        elif reaction is None:
            self.step(asked.partner, id_, "reminded", "acceptance_due", DAY_3)
            self.step(asked.partner, id_, "escalated", "acceptance_due", DAY_5)
            self.step(asked.partner, id_, "cancelled", "no_response", DAY_7)
            for purpose in ("reminded/acceptance_due/2026-12-02", "escalated/acceptance_due/2026-12-02", "cancelled"):
                self.mail(company, id_, "partner", purpose, reachable=True)
            self.stands(id_, "cancelled")
            self._hand_on(asked)
        elif company.withdraws:
            self.step(asked.partner, id_, "cancellation-requested", "consent_withdrawn", NOW)
            self.step(asked.partner, id_, "cancelled", "consent_withdrawn", DAY_5)
            self.mail(company, id_, "partner", "cancellation_requested", reachable=True)
            self.mail(company, id_, "partner", "cancelled", reachable=True)
            self.mail(company, id_, "firm", "cancelled", reachable=company.reachable)
            self.stands(id_, "cancelled")
        elif reaction.said is Said.ACCEPTED and not at_work and id_ not in self.ledger.closed:
            self.step(asked.partner, id_, "escalated", "first_contact_due", DAY_10)
            self.mail(company, id_, "partner", "escalated/first_contact_due/2026-12-09", reachable=True)

    def _hand_on(self, asked: Requested) -> None:
        company = asked.company
        ways = routes_of(self.script.seed, company, ACCORD, passed=10, firm_id=firm_id(company))
        legs = next(way.legs for way in ways if way.need == asked.need)
        if len(legs) > 1:
            self.ask(company, asked.need, 1, legs[1], asked.referral_id, 100.0, THURSDAY, AFTER_THURSDAY)

    def _unanswered(self, copy: Requested) -> bool:
        return any(
            one.company is copy.company and one.need == copy.need and one.referral_id not in self.ledger.replied
            for one in self.ledger.requested.values()
            if one.responsible
        )

    def stands(self, referral_id: str, status: str) -> None:
        self.referrals = [
            replace(row, status=status) if row.referral_id == referral_id else row for row in self.referrals
        ]

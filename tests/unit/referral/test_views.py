"""What a partner may read, and what it may not."""

from dataclasses import replace
from datetime import date, timedelta

import msgspec
import pytest

from services.referral.case import Case
from services.referral.domain import assess, move
from services.referral.lifecycle import Status
from services.referral.readings import partners_view
from services.referral.routing import route
from services.referral.updates import Outcome
from services.referral.views import told
from shared.contracts.firm import Contacts, Profile, Publisher
from shared.contracts.referral import ReferralMoved, ReferralOpened
from shared.contracts.referrals import (
    ReferralCancellationRequested,
    ReferralCancelled,
    ReferralClosed,
    ReferralRequested,
)
from shared.feeds.speech import Cause
from tests.unit.referral.builders import ACCORD, FIRM, NOW, assessed, case_with, member, moment, need, question

CAUSE = Cause("first")


def requested(*, members: tuple[str, ...] = ("cna",), publishers: tuple[Publisher, ...] = ()) -> ReferralRequested:
    case = Case(FIRM)
    profile = Profile(
        codice_fiscale="12345670017",
        name="Rossi",
        declared_memberships=("confapi",),
        preferred_partner="confapi",
        contacts=Contacts(pec="rossi@pec.example"),
    )
    heard = assessed(need(), members=tuple(map(member, members)), publishers=publishers, profile=profile)
    said = list(told(assess(case, heard, moment()), case, CAUSE))
    assert [type(one.event) for one in said] == [ReferralOpened, ReferralRequested]
    assert isinstance(said[1].event, ReferralRequested)
    assert said[1].to == members[0]
    return said[1].event


def test_the_partner_gets_the_profile_without_what_is_none_of_its_business() -> None:
    sent = msgspec.json.encode(requested())
    firm = msgspec.json.decode(sent)["firm"]
    assert (firm["firm_id"], firm["name"], firm["contacts"]) == (FIRM, "Rossi", {"pec": "rossi@pec.example"})
    assert b"confapi" not in msgspec.json.encode(firm)
    for hidden in (b"declared_memberships", b"preferred_partner", b"consents", b"publishers"):
        assert hidden not in sent


def test_a_reference_is_given_back_to_its_owner_only() -> None:
    mine = Publisher(partner="cna", submission_id="s1", observed_at=NOW, reference="pratica 7")
    others = Publisher(partner="unioncamere", submission_id="s2", observed_at=NOW, reference="REA 1")
    assert requested(publishers=(others, mine)).reference == "pratica 7"
    assert requested(publishers=(others,)).reference is None


def test_a_partner_reads_its_own_predicate_and_no_other() -> None:
    decision = route(question(members=(member("cna"), member("confapi", since=date(2000, 1, 1)))), ACCORD)
    assert decision.partner == "confapi"
    view = partners_view(decision, "confapi")
    assert {one.partner for one in view.candidates if one.predicate is not None} == {"confapi"}
    assert {one.verdict for one in view.candidates} == {"selected", "not_selected"}


def test_a_tie_of_members_is_not_told_to_the_winner() -> None:
    decision = route(question(members=(member("cna"), member("confapi"))), ACCORD)
    view = partners_view(decision, decision.partner or "")
    assert view.tie is None
    assert "tie_lost" not in {one.verdict for one in view.candidates}


@pytest.mark.parametrize("outsider", ["cna", "confapi"])
def test_neither_path_nor_changes_name_another_body(outsider: str) -> None:
    decision = route(question(members=(member(outsider),), excluded=frozenset({outsider}), rerouted=1), ACCORD)
    assert decision.partner == "unioncamere"
    view = partners_view(decision, "unioncamere")
    assert outsider.encode() not in msgspec.json.encode((view.path, view.would_change_it, view.rule))


def test_others_learn_that_an_owner_exists() -> None:
    decision = route(question("finance_and_insurance"), ACCORD)
    view = partners_view(decision, "sacesimest")
    assert {one.verdict for one in view.candidates if one.partner != "sacesimest"} == {"other_owner_of_front"}


def test_the_next_partner_does_not_learn_whom_it_replaces() -> None:
    case, (referral,) = case_with(need(), members=(member("cna"),))
    facts = move(case, referral, Status.REJECTED, "no_capacity", NOW, moment("update"))
    said = list(told(facts, case, CAUSE))
    assert [type(one.event) for one in said] == [ReferralMoved, ReferralOpened, ReferralRequested]
    sent = said[2].event
    assert isinstance(sent, ReferralRequested)
    assert sent.replaces is None
    inside = said[1].event
    assert isinstance(inside, ReferralOpened)
    assert inside.replaces == referral.referral_id


def test_a_cancelled_referral_is_told_to_its_partner_with_the_reason() -> None:
    case, (referral,) = case_with(need(), members=(member("cna"),))
    facts = assess(case, assessed(need(), consents=(), version=2), moment("second"))
    cancelled = [one for one in told(facts, case, CAUSE) if isinstance(one.event, ReferralCancelled)]
    assert [(one.to, one.subject) for one in cancelled] == [("cna", referral.referral_id)]
    assert cancelled[0].event.reason == "consent_withdrawn"  # type: ignore[attr-defined]  # filtered above


def test_a_requested_cancellation_is_told_beside_the_status_that_stands() -> None:
    case, (referral,) = case_with(need(), members=(member("cna"),))
    until = NOW + timedelta(days=9)
    case.put(replace(referral, status=Status.ON_HOLD, resumes=Status.ACCEPTED, hold_until=until))
    facts = assess(case, assessed(need(), consents=(), version=2), moment("second"))
    inside, asked = told(facts, case, CAUSE)
    assert isinstance(inside.event, ReferralMoved)
    assert (inside.event.was, inside.event.status) == ("on_hold", "cancellation_requested")
    assert isinstance(asked.event, ReferralCancellationRequested)
    assert (asked.to, asked.subject) == ("cna", referral.referral_id)
    assert (asked.event.status, asked.event.reason) == ("on_hold", "consent_withdrawn")
    assert asked.event.hold_until == until


def test_a_completed_referral_is_closed_with_its_outcomes_and_the_firm_has_not_answered_yet() -> None:
    case, (referral,) = case_with(need("information"), members=(member("cna"),))
    outcomes = (Outcome(code="informed"), Outcome(code="mission", market="DE", value_eur=25000, on=date(2026, 11, 20)))
    facts = move(case, referral, Status.COMPLETED, None, NOW, moment("update"), outcomes=outcomes)
    _, closed = told(facts, case, CAUSE)
    assert isinstance(closed.event, ReferralClosed)
    assert (closed.to, closed.event.status, closed.event.confirmed_by_firm) == ("cna", "completed", "pending")
    assert [one.code for one in closed.event.outcomes] == ["informed", "mission"]
    assert closed.event.outcomes[1].on == date(2026, 11, 20)

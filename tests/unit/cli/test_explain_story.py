"""A journey told in sentences: in order of time, with its reasons, and nothing that could move a cursor."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from cli.explain.english import ENGLISH
from cli.explain.events import events
from cli.explain.journey import (
    Assessment,
    Candidate,
    Change,
    Clock,
    Consent,
    Decision,
    Held,
    Journey,
    Leaf,
    Membership,
    Need,
    Notification,
    Problem,
    Receipt,
    Referral,
    Segment,
    Step,
    Submission,
    Update,
)
from cli.explain.story import Kind, tell
from cli.partner.telling import clock

T0 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def submission(outcome: str = "registered", minutes: int = 0) -> Submission:
    return Submission(
        partner="cna", id="s-1", source="urn:cna", place="partners.cna.firms.v1/0@0", at=at(minutes), outcome=outcome
    )


def decision(partner: str = "cna", referral: str = "r-1", minutes: int = 2) -> Decision:
    return Decision(
        need_id="n-1",
        at=at(minutes),
        cause_id="c-1",
        referral_id=referral,
        receipt=Receipt(
            agreement="2017",
            outcome="assigned",
            rule="verified_membership",
            partner=partner,
            path=(Step("consent", "the firm has consented to at least one partner"),),
            candidates=(
                Candidate(partner, "selected", "verified_membership"),
                Candidate("aice", "not_selected", "front_not_served"),
            ),
            would_change_it=(Change("membership_ended", partner),),
        ),
    )


def referral(partner: str = "cna", id: str = "r-1", status: str = "accepted", replaces: str | None = None) -> Referral:
    return Referral(
        referral_id=id,
        need_id="n-1",
        partner=partner,
        status=status,
        requested_at=at(2),
        changed_at=at(5),
        replaces=replaces,
    )


WHOLE = Journey(
    firm_id="f-1",
    codice_fiscale="01234567890",
    name="Officine di Prova",
    version=1,
    submissions=(submission(),),
    profile=(Leaf("name", "Officine di Prova", ("cna",), ("claai",)), Leaf("artisan", True)),
    consents=(Consent("any", "referral", T0),),
    memberships=(Membership("cna", "2020-01-01"),),
    assessments=(
        Assessment(
            version=1,
            at=at(1),
            segment=Segment("provisional", ("light_presence", "consolidating"), ("single_year",), agreement="2017"),
            needs=("information",),
        ),
    ),
    needs=(Need(need_id="n-1", what="information", declared=True, state="referred", referral_id="r-1"),),
    decisions=(decision(),),
    referrals=(referral(),),
    updates=(
        Update(
            referral_id="r-1",
            partner="cna",
            id="u-1",
            place="partners.cna.updates.v1/0@0",
            at=at(5),
            outcome="recorded",
            asked="accepted",
        ),
    ),
    notifications=(
        Notification(
            referral_id="r-1",
            channel="mail",
            recipient="partner",
            purpose="requested",
            state="sent",
            message_id="<m-1@portolano>",
            created_at=at(3),
            sent_at=at(3),
        ),
    ),
)


def text(journey: Journey) -> str:
    return "\n".join(line.text for line in tell(journey, ENGLISH))


def test_the_journey_is_told_in_order_of_time() -> None:
    assert [event.sentence for event in events(WHOLE, ENGLISH)] == [
        "cna tells of the firm for the first time: registered",
        "The firm, as it stands in version 1, is placed provisionally: what is known allows light presence or "
        "consolidating",
        "Need “information”: cna is asked to help",
        "Mail to cna about “information” (requested): sent",
        "cna says: accepted",
    ]


def test_what_happened_at_the_same_moment_is_told_cause_first() -> None:
    at_once = Journey(
        firm_id="f-1", decisions=(decision(minutes=0),), referrals=(referral(),), submissions=(submission(),)
    )
    assert [event.rank for event in events(at_once, ENGLISH)] == [0, 3]


def test_a_decision_gives_its_steps_its_candidates_and_what_would_change_it() -> None:
    told = text(WHOLE)
    assert "1. consent: the firm has consented to at least one partner" in told
    assert "→ selected, the firm is its verified member: cna" in told
    assert "  not selected, it does not serve the front: aice" in told
    assert "it would be otherwise if: the firm's membership in cna ended" in told


def test_ids_that_prove_an_event_stand_under_it() -> None:
    assert "message id <m-1@portolano> · referral r-1" in text(WHOLE)
    assert "submission s-1 · source urn:cna · record partners.cna.firms.v1/0@0" in text(WHOLE)


def test_a_need_that_was_handed_on_says_in_whose_place() -> None:
    journey = Journey(
        firm_id="f-1",
        needs=WHOLE.needs,
        decisions=(decision(), decision("claai", "r-2", minutes=9)),
        referrals=(referral(status="rejected"), referral("claai", "r-2", "requested", replaces="r-1")),
    )
    assert "Need “information”: claai is asked to help, in place of cna." in text(journey)


def test_a_referral_that_is_taken_back_is_told_before_the_one_that_replaces_it() -> None:
    taken = msgspec.structs.replace(referral(status="cancelled"), reason="consent_withdrawn")
    journey = Journey(
        firm_id="f-1",
        needs=WHOLE.needs,
        decisions=(decision("claai", "r-2", minutes=5),),
        referrals=(taken, referral("claai", "r-2", "requested", replaces="r-1")),
    )
    assert [event.sentence for event in events(journey, ENGLISH)] == [
        "Need “information” is taken back from cna: consent withdrawn",
        "Need “information”: claai is asked to help, in place of cna",
    ]


def test_work_that_is_to_end_is_told_with_the_reason_and_a_hold_with_its_last_day() -> None:
    asked = msgspec.structs.replace(
        referral(status="on_hold"), cancellation="firm_ceased", cancellation_at=at(7), hold_until=at(8)
    )
    journey = Journey(firm_id="f-1", needs=WHOLE.needs, referrals=(asked,))
    assert [event.sentence for event in events(journey, ENGLISH)] == [
        "cna is asked to end its work on need “information”: firm ceased"
    ]
    assert "cna: on hold until 2026-11-23" in text(journey)


def test_who_is_waited_for_and_what_follows_by_itself_stand_under_the_need() -> None:
    waiting = msgspec.structs.replace(
        referral(status="requested"), ball="partner", clocks=(Clock("remind", at(8)), Clock("reroute", at(9)))
    )
    told = text(Journey(firm_id="f-1", needs=WHOLE.needs, referrals=(waiting,)))
    assert "the ball is with cna" in told
    assert f"unless it is heard of before {clock(at(8))}: the partner is reminded" in told
    assert f"unless it is heard of before {clock(at(9))}: the need goes to another partner" in told
    resting = msgspec.structs.replace(waiting, ball="paused", clocks=(Clock("hold", at(8)),))
    assert "the clock rests" in text(Journey(firm_id="f-1", needs=WHOLE.needs, referrals=(resting,)))


def test_a_refused_record_tells_every_problem() -> None:
    refused = Submission(
        partner="cna",
        id=None,
        source=None,
        place="partners.cna.firms.v1/0@7",
        at=T0,
        outcome="refused",
        problems=(Problem("missing", "/firm/name", "the name is wanted"), Problem("no-value")),
    )
    told = text(Journey(firm_id="f-1", submissions=(refused,)))
    assert "/firm/name: the name is wanted (missing)" in told
    assert "(the record): no-value (no-value)" in told


def test_what_is_set_aside_stands_at_the_top() -> None:
    held = (Held("classifier", 7, "held", "intake.firms.v1/0@1", "Undecided", T0),)
    alarms = [line.text for line in tell(Journey(firm_id="f-1", held=held), ENGLISH) if line.kind is Kind.ALARM]
    assert len(alarms) == 1
    assert "portolano held show classifier 7" in alarms[0]


def test_a_name_cannot_break_the_lines() -> None:
    lines = list(tell(Journey(firm_id="f-1", name="a\nb\x1b[31m"), ENGLISH))
    assert not any("\n" in line.text or "\x1b" in line.text for line in lines)


def test_codes_that_the_words_do_not_know_are_told_as_they_are() -> None:
    assert ENGLISH.change("moon_is_full", ["cna", "aice"]) == "moon is full (cna or aice)"
    assert ENGLISH.change("moon_is_full", []) == "moon is full"


@pytest.mark.parametrize(
    ("codes", "told"), [((), "none"), (("a",), "a"), (("a", "b_c"), "a or b c"), (("a", "b", "c"), "a, b or c")]
)
def test_alternatives_read_as_a_sentence(codes: tuple[str, ...], told: str) -> None:
    assert ENGLISH.either(codes) == told


@pytest.mark.parametrize(
    ("word", "reason", "told"),
    [
        ("yes", None, "The firm confirms that cna has completed need “information”"),
        ("disputed", None, "The firm disputes that cna has completed need “information”"),
        ("disputed", "not_finished", "The firm disputes that cna has completed need “information”: the work is not"),
        ("unanswered", None, "The firm has not said whether cna has completed need “information”"),
    ],
)
def test_what_the_firm_says_of_a_completion_is_told(word: str, reason: str | None, told: str) -> None:
    referral = Referral(
        referral_id="r-9",
        need_id="n-9",
        partner="cna",
        status="completed",
        requested_at=T0,
        changed_at=T0,
        confirmed_by_firm=word,
        answered_at=T0 + timedelta(days=1),
        disputed_for=reason,
    )
    need = Need(need_id="n-9", what="information", declared=True, state="met", referral_id="r-9")
    story = "\n".join(line.text for line in tell(Journey(firm_id="f", needs=(need,), referrals=(referral,)), ENGLISH))
    assert told in story

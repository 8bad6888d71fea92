"""Requests for information: through whom a firm is asked, when again, what waits for the answer, and what ends it."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.referral.answers import Answer, Outcome, answer
from services.referral.case import Case, Fact, InformationAsked, InformationClosed, Moment, NeedState, Opened
from services.referral.domain import assess, erase
from services.referral.information import latest, overdue
from services.referral.lifecycle import Flag
from services.referral.manual import Assignment, NotPossible, assign
from services.referral.receipt import Person
from services.referral.request import Closing, Request
from services.referral.succession import follow
from services.referral.updates import InformationRefusal, Update
from services.referral.views import told
from shared.contracts.classifier import FirmAssessed, Missing, Need, Segment
from shared.contracts.firm import Consent, Membership, Profile, Publisher
from shared.feeds.speech import Cause
from tests.unit.referral.builders import ACCORD, FIRM, NOW, assessed, consent, firm, member, moment, need

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


def through(**more: Any) -> str | None:
    case = Case(FIRM)
    hear(case, heard(**more))
    return only(case).partner if case.requests else None


def decline(case: Case, request: Request, *, partner: str = "cna", at: datetime = NOW, id: str = "u-1") -> Answer:
    update = Update(
        partner=partner,
        topic=f"partners.{partner}.updates.v1",
        partition=0,
        offset=1,
        appended_at=at,
        id=id,
        source="crm",
        content_hash=id.encode(),
        content=InformationRefusal(request_id=request.request_id, reason=f"words of {id}"),
        problems=(),
    )
    return answer(update, case, {}, Moment(f"answer-{id}", at, at.date(), ACCORD))


def waiting(case: Case) -> set[str]:
    return {one.front for one in case.needs.values() if one.state is NeedState.WAITING_INFORMATION}


def of_information(facts: list[Fact]) -> list[str]:
    """`asked`, or why a request was closed."""
    return [
        "asked" if isinstance(fact, InformationAsked) else str(fact.request.closed)
        for fact in facts
        if isinstance(fact, InformationAsked | InformationClosed)
    ]


# Through whom: the verified association, else the newest publisher that is not the registry's, else that one.


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("confapi", {"members": (member("confapi"),)}),
        ("confapi", {"members": (member("confapi"),), "publishers": ()}),
        ("cna", {}),
        ("aice", {"publishers": (publisher("cna", days_ago=3), publisher("aice", days_ago=2))}),
        ("cna", {"publishers": (publisher("cna", days_ago=9), publisher("unioncamere", days_ago=1))}),
        ("unioncamere", {"publishers": (publisher("unioncamere"),)}),
        (None, {"publishers": ()}),
    ],
)
def test_the_firm_is_asked_through_its_association_else_the_newest_publisher_and_the_register_last(
    who: str | None, told: dict[str, Any]
) -> None:
    assert through(**told) == who


def test_of_several_associations_the_firms_choice_then_the_inner_then_the_oldest_is_asked() -> None:
    nested = (member("confindustria", since=date(1990, 1, 1)), member("assolombarda", since=date(2020, 1, 1)))
    assert through(members=nested) == "assolombarda"
    apart = (member("confapi", since=date(2001, 1, 1)), member("cna", since=date(1999, 1, 1)))
    assert through(members=apart, publishers=()) == "cna"
    assert through(members=apart, publishers=(), profile=firm(preferred_partner="confapi")) == "confapi"


@pytest.mark.parametrize(
    ("who", "consents"),
    [
        ("confapi", (consent("confapi"), consent("cna"))),
        ("cna", (consent("cna"),)),
        ("cna", (consent("confapi", expires_at=NOW - DAY), consent("cna"))),
        (None, (consent("aice"),)),
        (None, ()),
    ],
)
def test_nobody_is_asked_whom_the_firms_consent_does_not_cover(who: str | None, consents: tuple[Consent, ...]) -> None:
    assert through(members=(member("confapi"),), consents=consents) == who


@pytest.mark.parametrize("status", ["ceased", "in_liquidation"])
def test_a_firm_that_gets_no_needs_is_not_asked_and_is_asked_no_longer(status: str) -> None:
    gone = firm(status=status)
    assert through(profile=gone) is None
    case, _ = asked()
    facts = hear(case, heard(profile=gone, version=2))
    assert (of_information(facts), only(case).closed, waiting(case)) == (["firm_ceased"], Closing.FIRM_CEASED, set())


def test_nobody_is_asked_once_the_agreement_is_over() -> None:
    case = Case(FIRM)
    over = ACCORD.term.periods[-1].last + DAY
    hear(case, heard(), NOW.replace(year=over.year, month=over.month, day=over.day))
    assert case.requests == {}


# What is asked, until when.


def test_the_partner_reads_what_is_missing_with_fifteen_working_days_and_its_own_reference() -> None:
    case = Case(FIRM)
    event = heard(publishers=(publisher("cna", reference="crm-1"), publisher("aice", days_ago=5, reference="other")))
    (said,) = told(hear(case, event), case, Cause("cause"))
    assert (said.to, said.subject, said.event.type) == (
        "cna",
        FIRM,
        "it.portolano.referral.information-requested.v1",
    )
    assert msgspec.json.decode(msgspec.json.encode(said.event)) == {
        "request_id": only(case).request_id,
        "firm_id": FIRM,
        "codice_fiscale": "12345670017",
        "reference": "crm-1",
        "segment": msgspec.json.decode(msgspec.json.encode(event.segment)),
        "missing": [
            {"pointer": "/firm/exports/years", "question_it": "exports?, in italiano", "question_en": "exports?"}
        ],
        # From Monday, 23 November 2026, over the feasts of the 7th (of Milano) and the 8th of December.
        "answer_by": "2026-12-16T22:59:59Z",
    }


def test_the_same_cause_gives_the_request_the_same_name_and_another_cause_another() -> None:
    first, again = asked()[1], asked()[1]
    assert first == again
    assert asked(version=2)[1].request_id != first.request_id


# Asked once.


def test_an_assessment_with_the_same_questions_says_nothing_wherever_the_answers_belong_now() -> None:
    case, request = asked()
    moved = missing("exports?", pointer="/firm/exports/years/2/share")
    facts = hear(case, heard(ask=moved, members=(member("confapi"),), version=2))
    assert (of_information(facts), case.requests) == ([], {request.request_id: request})


def test_what_is_still_missing_after_new_data_is_asked_anew_and_only_that() -> None:
    case, first = asked(ask=missing("exports?", "size?"))
    later = NOW + 3 * DAY
    facts = hear(case, heard(ask=missing("size?"), version=2), later)
    assert of_information(facts) == ["superseded", "asked"]
    assert (newest(case).number, newest(case).missing, newest(case).asked_at) == (2, missing("size?"), later)
    assert case.requests[first.request_id].closed is Closing.SUPERSEDED


@pytest.mark.parametrize("how", ["overdue", "declined"])
def test_after_the_deadline_or_a_refusal_the_same_is_not_asked_again_and_something_else_is(how: str) -> None:
    case, request = asked()
    if how == "overdue":
        at = request.answer_by + timedelta(seconds=1)
        assert of_information(overdue(case, request.request_id, Moment("t", at, at.date(), ACCORD))) == ["no_answer"]
    else:
        assert of_information(list(decline(case, request).facts)) == ["declined"]
    assert of_information(hear(case, heard(version=2))) == []
    assert of_information(hear(case, heard(ask=missing("size?"), version=3))) == ["asked"]


def test_a_firm_that_was_settled_and_is_not_any_more_is_asked_again() -> None:
    case, _ = asked()
    assert of_information(hear(case, heard(ask=(), possible=("no_experience",), version=2))) == ["answered"]
    assert of_information(hear(case, heard(version=3))) == ["asked"]


def test_a_consent_that_is_withdrawn_ends_the_request_and_the_next_that_it_covers_is_asked() -> None:
    two = (publisher("cna", days_ago=1), publisher("aice", days_ago=2))
    case, _ = asked(publishers=two)
    facts = hear(case, heard(publishers=two, consents=(consent("aice"),), version=2))
    assert (of_information(facts), newest(case).partner) == (["consent_withdrawn", "asked"], "aice")
    assert of_information(hear(case, heard(publishers=two, consents=(), version=3))) == ["consent_withdrawn"]


# The deadline.


def test_a_deadline_is_over_after_its_last_second_and_not_in_it() -> None:
    case, request = asked()
    due = request.answer_by
    assert overdue(case, request.request_id, Moment("early", due, due.date(), ACCORD)) == []
    late = due + timedelta(seconds=1)
    overdue(case, request.request_id, Moment("late", late, late.date(), ACCORD))
    assert (only(case).closed, only(case).closed_at) == (Closing.NO_ANSWER, late)
    assert overdue(case, request.request_id, Moment("again", late, late.date(), ACCORD)) == []


def test_a_deadline_that_falls_into_an_outage_is_judged_a_working_day_after_it() -> None:
    case, request = asked()
    back = request.answer_by + timedelta(hours=9)
    outage = ((request.answer_by - DAY, back),)
    until = ACCORD.working_days.due(back, 1)
    assert overdue(case, request.request_id, Moment("t", until, until.date(), ACCORD, outage)) == []
    assert decline(case, request, at=request.answer_by + timedelta(hours=1)).flags == (Flag.LATE,)
    case, request = asked()
    after = until + timedelta(seconds=1)
    assert overdue(case, request.request_id, Moment("t", after, after.date(), ACCORD, outage)) != []


# Declining.


def test_a_refusal_closes_the_request_and_its_words_are_kept() -> None:
    case, request = asked()
    given = decline(case, request)
    assert (given.outcome, given.flags) == (Outcome.RECORDED, ())
    assert (only(case).closed, only(case).declined, only(case).declined_at) == (Closing.DECLINED, "words of u-1", NOW)


def test_a_second_refusal_is_flagged_and_the_first_words_stay() -> None:
    case, request = asked()
    decline(case, request)
    given = decline(case, request, id="u-2", at=NOW + DAY)
    assert (given.outcome, given.flags, given.facts) == (Outcome.RECORDED, (Flag.REPEATED,), ())
    assert (only(case).declined, only(case).declined_at) == ("words of u-1", NOW)


def test_a_refusal_after_the_end_is_flagged_late_and_kept_and_changes_nothing_else() -> None:
    case, request = asked()
    hear(case, heard(ask=(), possible=("no_experience",), version=2))
    given = decline(case, request)
    assert (given.outcome, given.flags, given.facts) == (Outcome.RECORDED, (Flag.LATE,), ())
    assert (only(case).closed, only(case).declined) == (Closing.ANSWERED, "words of u-1")


def test_anothers_request_is_as_unknown_as_none() -> None:
    case, request = asked()
    for given in (
        decline(case, request, partner="aice"),
        decline(case, replace(request, request_id=HEIR)),
        decline(Case(FIRM), request),
    ):
        assert (given.outcome, [(one.rule, one.pointer) for one in given.problems]) == (
            Outcome.REFUSED,
            [("request-unknown", "/request_id")],
        )
    assert only(case).is_open


# What waits.


def test_what_some_possible_segments_give_and_not_all_waits_and_the_rest_is_served_at_once() -> None:
    case, _ = asked(need("information"), need("training_and_orientation"))
    assert waiting(case) == {"assistance"}
    states = {one.front: one.state for one in case.needs.values()}
    assert states["information"] is states["training_and_orientation"] is NeedState.REFERRED


def test_what_the_firm_declared_does_not_wait_and_out_of_target_gives_nothing() -> None:
    assert waiting(asked(need("assistance"), possible=("no_experience", "light_presence"))[0]) == {
        "information",
        "training_and_orientation",
    }
    small = ("no_experience", "out_of_target")
    assert waiting(asked(possible=small)[0]) == {"information", "training_and_orientation"}


def test_nothing_waits_where_nobody_is_asked() -> None:
    case = Case(FIRM)
    hear(case, heard(publishers=()))
    assert case.needs == {}


def test_once_the_segment_is_settled_what_it_gives_is_referred_and_what_it_does_not_is_withdrawn() -> None:
    case, _ = asked(possible=("no_experience", "light_presence", "consolidating"))
    assert waiting(case) >= {"assistance", "finance_and_insurance"}
    settled = heard(
        need("assistance"), need("information"), ask=(), possible=("light_presence",), consents=(consent(),), version=2
    )
    facts = hear(case, settled)
    assert {fact.referral.front for fact in facts if isinstance(fact, Opened)} == {"assistance", "information"}
    states = {one.front: (one.state.value, one.reason) for one in case.needs.values()}
    assert states["assistance"] == ("referred", None)
    assert states["finance_and_insurance"] == ("withdrawn", "no_longer_needed")


@pytest.mark.parametrize(("close", "reason"), [("overdue", "no_answer"), ("declined", "declined")])
def test_what_waited_is_withdrawn_when_nobody_is_waited_for_and_waits_again_when_somebody_is(
    close: str, reason: str
) -> None:
    case, request = asked()
    at = request.answer_by + timedelta(seconds=1)
    if close == "overdue":
        overdue(case, request.request_id, Moment("t", at, at.date(), ACCORD))
    else:
        decline(case, request)
    assert {one.reason for one in case.needs.values()} == {reason}
    assert waiting(case) == set()
    hear(case, heard(ask=missing("size?"), version=2))
    assert waiting(case) == {"assistance", "information", "training_and_orientation"}


def test_a_need_that_somebody_serves_does_not_wait_though_its_segment_is_open_again() -> None:
    case = Case(FIRM)
    hear(case, heard(need("assistance"), ask=(), possible=("light_presence",)))
    hear(case, heard(version=2))
    assert {one.front: one.state for one in case.needs.values()}["assistance"] is NeedState.REFERRED


def test_a_person_cannot_assign_what_waits_for_information() -> None:
    case, _ = asked()
    waits = next(one for one in case.needs.values() if one.front == "assistance")
    order = Assignment(id="o", need_id=waits.need_id, partner="cna", person=Person(by="anna", reason="why"))
    with pytest.raises(NotPossible, match="waits for information"):
        assign(case, order, moment("order"))


# Erasure and succession.


def test_an_erased_firms_requests_are_forgotten_and_what_waited_is_withdrawn() -> None:
    case, _ = asked()
    erase(case, moment("erase"))
    assert (case.requests, waiting(case)) == ({}, set())


def test_a_succeeded_firm_is_asked_no_longer_and_its_successor_by_its_own_assessment() -> None:
    old, _ = asked()
    new = Case(HEIR)
    event = msgspec.structs.replace(heard(), firm_id=HEIR)
    assess(new, event, moment("heir"))
    before = only(new)
    follow(old, new, moment("merger"))
    assert (only(old).closed, waiting(old)) == (Closing.FIRM_MERGED, set())
    assert only(new) == before
    assert {one.reason for one in old.needs.values()} == {"firm_merged"}

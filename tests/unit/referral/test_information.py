"""Through whom a firm is asked what is missing of it, what, and when again."""

from datetime import date
from typing import Any

import msgspec
import pytest

from services.referral.case import Case
from services.referral.request import Closing
from services.referral.views import told
from shared.contracts.firm import Consent
from shared.feeds.speech import Cause
from tests.unit.referral.asking import (
    DAY,
    asked,
    hear,
    heard,
    missing,
    newest,
    of_information,
    only,
    publisher,
    waiting,
)
from tests.unit.referral.builders import ACCORD, FIRM, NOW, consent, firm, member


def through(**more: Any) -> str | None:
    case = Case(FIRM)
    hear(case, heard(**more))
    return only(case).partner if case.requests else None


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
    event = heard(publishers=(publisher("aice", days_ago=5, reference="other"), publisher("cna", reference="crm-1")))
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

"""What a partner hears, on one line, and which answer belongs to which record."""

import re
from dataclasses import replace
from typing import Any

import pytest

from cli.partner.exchange import Kind, answered, kind_of
from cli.partner.letters import Heard, Position
from cli.partner.telling import event_line, problem_lines
from tests.unit.cli.test_partner_numbers import heard

IMPORT: dict[str, Any] = {"import": True}
POSITION = {"topic": "partners.cna.firms.v1", "partition": 0, "offset": 7}


def event(fact: str, topic: str = "partners.cna.referrals.v1", **data: Any) -> Heard:
    told = replace(heard(12), type=f"it.portolano.{fact}.v1", data=data)
    return replace(told, position=Position(topic, 0, 3))


def squeezed(line: str) -> str:
    return re.sub(r" +", " ", line).split(" ", 2)[2]


def test_a_referral_is_told_with_status_need_and_the_firms_short_name() -> None:
    line = event_line(
        event(
            "referral.requested",
            referral_id="r-1",
            status="requested",
            front="assistance",
            market="AE",
            firm={"name": "Officine Meccaniche Fratelli Brambilla di Brambilla Giuseppe & C."},
            **IMPORT,
        )
    )
    assert squeezed(line) == (
        "referrals 12 requested r-1 requested assistance import AE “Officine Meccaniche Fratelli Br…”"
    )


def test_a_cancellation_tells_its_reason() -> None:
    line = event_line(event("referral.cancelled", referral_id="r-1", status="cancelled", reason="consent_withdrawn"))
    assert squeezed(line) == "referrals 12 cancelled r-1 cancelled reason consent_withdrawn"


def test_a_firm_that_stands_otherwise_is_told_need_by_need() -> None:
    needs = [{"need_id": "n-1", "front": "assistance", "state": "met"}]
    line = event_line(event("referral.firm-status", firm_id="f-1", reference="crm-1", segment={}, needs=needs))
    assert squeezed(line) == "referrals 12 firm-status f-1 assistance met"


def test_a_request_for_information_is_told_with_what_is_missing_and_until_when() -> None:
    line = event_line(
        event(
            "referral.information-requested",
            request_id="q-1",
            firm_id="f-1",
            codice_fiscale="00000009999",
            segment={},
            missing=[
                {"pointer": "/firm/exports/years", "year": 2025},
                {"pointer": "/firm/exports/years", "year": 2024},
                {"pointer": "/firm/exports/years", "year": 2025},
                {"pointer": "/firm/presence_abroad"},
            ],
            answer_by="2026-12-16T22:59:59Z",
        )
    )
    assert squeezed(line) == (
        "referrals 12 information-requested q-1 f-1 4 question(s): /firm/exports/years (2025, 2024), "
        "/firm/presence_abroad answer by 2026-12-16T22:59:59Z"
    )


def test_a_receipt_is_told_with_its_outcome() -> None:
    line = event_line(
        event("submission.accepted", "partners.cna.receipts.v1", submission_id="s-1", outcome="registered", warnings=[])
    )
    assert squeezed(line) == "receipts 12 accepted s-1 registered"


def test_every_problem_of_a_refusal_is_on_the_line() -> None:
    problems = [{"pointer": "/status", "rule": "status-not-possible", "message": "It is completed."}]
    line = event_line(event("referral.update-refused", update_id="u-1", problems=problems))
    assert squeezed(line) == "referrals 12 update-refused update u-1 /status: It is completed. (status-not-possible)"


def test_a_name_cannot_move_the_cursor() -> None:
    line = event_line(event("referral.requested", referral_id="r-1", firm={"name": "a\x1b[2J\r\nb\u202e"}))
    assert "\x1b" not in line
    assert "\n" not in line
    assert "\u202e" not in line


@pytest.mark.parametrize("problems", [None, "text", [1], {"a": 1}])
def test_problems_of_a_form_that_nobody_knows_are_passed_over(problems: object) -> None:
    assert list(problem_lines(problems)) == []


def test_an_answer_is_found_by_the_position_that_it_names() -> None:
    receipt = event("submission.accepted", submission_id="s-1", position=POSITION)
    assert answered(receipt) == (Position("partners.cna.firms.v1", 0, 7), "s-1")
    assert kind_of(receipt) is Kind.ACCEPTED


def test_a_refusal_of_a_record_without_an_id_still_has_its_position() -> None:
    refusal = event("submission.refused", position=POSITION, problems=[])
    assert answered(refusal) == (Position("partners.cna.firms.v1", 0, 7), None)
    assert kind_of(refusal) is Kind.REFUSED


@pytest.mark.parametrize("position", [None, "there", {}, {"topic": "t", "partition": 0, "offset": "x"}])
def test_an_answer_without_a_readable_position_answers_no_record(position: object) -> None:
    assert answered(event("submission.accepted", submission_id="s-1", position=position)) == (None, "s-1")


def test_a_referral_is_no_answer() -> None:
    assert kind_of(event("referral.requested", referral_id="r-1")) is None

"""What the auditor finds of requests for information: untold, doubled, strangers' and nobody's."""

from collections import Counter

import pytest

from cli.audit.findings import Report
from cli.audit.inquiries import Asked, check_requests

ROW = {"partner": "cna", "request_id": "r-1", "firm_id": "f-1"}
RIGHT = Asked("cna", "r-1", "f-1")


def found(
    told: list[Asked],
    *,
    rows: tuple[dict[str, str], ...] = (ROW,),
    erased: frozenset[str] = frozenset(),
    cut: frozenset[str] = frozenset(),
) -> list[str]:
    report = Report()
    check_requests(report, rows, Counter(told), set(erased), set(cut))
    return [str(finding) for finding in report.findings]


def test_a_request_that_was_told_once_to_its_partner_is_right() -> None:
    assert found([RIGHT]) == []


@pytest.mark.parametrize("times", [0, 2])
def test_a_request_that_was_told_otherwise_than_once_is_found(times: int) -> None:
    assert found([RIGHT] * times) == [f"effects: request r-1: cna was asked {times} times"]


def test_what_was_told_before_a_topics_keep_cannot_be_missed() -> None:
    assert found([], cut=frozenset({"cna"})) == []
    assert len(found([], cut=frozenset({"aice"}))) == 1


def test_a_request_that_the_store_does_not_have_is_found_unless_its_firm_was_erased() -> None:
    assert found([RIGHT, Asked("aice", "r-1", "f-1")]) == [
        "effects: request r-1: aice was asked, but the store has no such request of it"
    ]
    assert found([RIGHT], rows=(), erased=frozenset({"f-1"})) == []
    assert len(found([RIGHT], rows=(), erased=frozenset({"f-2"}))) == 1

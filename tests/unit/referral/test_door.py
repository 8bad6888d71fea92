"""The updates door: what lies there is answered, whatever it is."""

import json
from collections.abc import Sequence

import pytest

from services.referral.door import read_update
from services.referral.lifecycle import Asked
from services.referral.updates import DATA as TYPES
from services.referral.updates import Content, Update
from shared.agreement import Versions
from shared.contracts.rules import MOST_TOLD
from shared.feeds.speech import Place
from shared.feeds.subscriptions import Letter
from tests.unit.referral.builders import ACCORD, NOW

REFERRAL = "00000000-0000-5000-8000-000000000001"
DATA = {"referral_id": REFERRAL, "status": "accepted", "at": NOW.isoformat()}
UPDATED = "it.portolano.referral.updated.v1"


def headers(kind: str = UPDATED) -> list[tuple[str, bytes | None]]:
    return [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", b"u1"),
        ("ce_source", b"urn:cna"),
        ("ce_type", kind.encode()),
    ]


def read(value: bytes | None, given: Sequence[tuple[str, bytes | None]] | None = None) -> Update:
    place = Place("partners.cna.updates.v1", 0, 7)
    letter = Letter("cna", place, NOW, None, value, headers() if given is None else given)
    return read_update(letter, Versions((ACCORD,)))


def rules(update: Update) -> set[str]:
    assert update.content is None
    return {problem.rule for problem in update.problems}


def test_a_binary_event_is_read() -> None:
    update = read(json.dumps(DATA).encode())
    assert (update.partner, update.id, update.source, update.offset) == ("cna", "u1", "urn:cna", 7)
    assert isinstance(update.content, Content)
    assert update.content.asked is Asked.ACCEPTED


def test_a_structured_event_says_the_same() -> None:
    event = {"specversion": "1.0", "id": "u1", "source": "urn:cna", "type": UPDATED, "data": DATA}
    structured = read(json.dumps(event).encode(), [("content-type", b"application/cloudevents+json; charset=utf-8")])
    assert structured == read(json.dumps(DATA).encode())


def test_the_payload_cannot_say_who_wrote_it() -> None:
    assert read(json.dumps(DATA | {"partner": "aice"}).encode()).partner == "cna"


def test_the_order_of_members_is_no_other_content() -> None:
    turned = dict(reversed(DATA.items()))
    assert read(json.dumps(turned).encode()).content_hash == read(json.dumps(DATA).encode()).content_hash


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_the_contract_is_looked_at_member_by_member(kind: str) -> None:
    assert rules(read(b"{}", headers(kind))) == {"missing"}


@pytest.mark.parametrize(
    "data", [{"referral_id": REFERRAL}, {"referral_id": REFERRAL.upper(), "status": 5}, DATA | {"at": "yesterday"}]
)
def test_the_referral_is_read_whatever_else_is_wrong(data: dict[str, object]) -> None:
    assert read(json.dumps(data).encode()).referral_id == REFERRAL
    assert read(json.dumps(data).encode(), [one for one in headers() if one[0] != "ce_id"]).referral_id == REFERRAL


@pytest.mark.parametrize("referral_id", [None, 7, "7", [REFERRAL], ""])
def test_what_is_no_identifier_names_no_referral(referral_id: object) -> None:
    assert read(json.dumps(DATA | {"referral_id": referral_id}).encode()).referral_id is None


def test_an_answer_on_membership_is_about_no_referral() -> None:
    answer = {"query_id": REFERRAL, "member": True, "referral_id": REFERRAL}
    assert read(json.dumps(answer).encode(), headers("it.portolano.membership.answered.v1")).referral_id is None


def test_an_unknown_type_is_refused() -> None:
    assert rules(read(b"{}", headers("com.example.other"))) == {"type-unknown"}


def test_problems_of_envelope_and_content_come_together() -> None:
    without_id = [one for one in headers() if one[0] != "ce_id"]
    assert rules(read(b'{"status": "accepted"}', without_id)) == {"id-invalid", "missing"}


@pytest.mark.parametrize(
    "value", [None, b"", b"\xff", b"nonsense", b"null", b"[]", b'"\\ud800"', b'{"at": NaN}', b"[" * 5_000, b"1" * 5_000]
)
def test_whatever_lies_there_is_refused_and_never_raises(value: bytes | None) -> None:
    assert rules(read(value))
    assert rules(read(value, []))
    assert rules(
        read(value, [("content-type", None), ("ce_id", b"\xff"), ("ce_id", None), ("ce_type", UPDATED.encode())])
    )


def test_more_problems_than_an_answer_holds_are_not_all_listed() -> None:
    update = read(b'{"far":[' + b",".join([b"1e999"] * 20_000) + b"]}")
    assert (len(update.problems), update.problems[-1].rule) == (MOST_TOLD + 1, "more-problems")

"""Files of JSON lines as letters: what is sent as it stands, what is filled in, what cannot be sent at all."""

import pytest

from cli.partner.letters import FIRM_SUBMITTED, ON_UPDATES, REFERRAL_UPDATED, Letter
from cli.partner.lines import NotALetter, letters


def read(*lines: str | bytes, prefix: str | None = None) -> list[Letter]:
    raw = [line if isinstance(line, bytes) else line.encode() for line in lines]
    return list(letters("firms.jsonl", raw, "cna", prefix))


def test_a_line_of_data_is_a_submission_sent_byte_for_byte() -> None:
    (letter,) = read('{"firm": {"codice_fiscale" :"01234567890"},  "observed_at": 1e3}\n')
    assert letter.type == FIRM_SUBMITTED
    assert letter.data == b'{"firm": {"codice_fiscale" :"01234567890"},  "observed_at": 1e3}'


def test_ids_are_new_each_time_unless_a_prefix_makes_them_stable() -> None:
    assert read("{}")[0].id != read("{}")[0].id
    assert [letter.id for letter in read("{}", "", "{}", prefix="monday")] == ["monday-1", "monday-3"]


def test_the_source_is_always_the_same_because_ids_are_unique_within_it() -> None:
    assert {letter.source for letter in read("{}", "{}")} == {"urn:portolano:partner:cna"}


def test_a_whole_event_keeps_its_attributes_and_its_data_as_written() -> None:
    (letter,) = read(
        '{"specversion":"1.0","id":"a-1","source":"urn:mine","type":"it.portolano.referral.updated.v1",'
        '"time":"2026-11-23T10:00:00Z","traceparent":"00-1-2-01","subject":"x","retries":3,"dataschema":null,'
        '"datacontenttype":"application/json","data":{"b": 1, "a":2}}'
    )
    assert (letter.id, letter.source, letter.type, letter.traceparent) == (
        "a-1",
        "urn:mine",
        REFERRAL_UPDATED,
        "00-1-2-01",
    )
    assert letter.data == b'{"b": 1, "a":2}'
    assert letter.attributes == {"subject": "x", "retries": "3"}
    assert letter.type in ON_UPDATES


def test_headers_are_those_of_binary_mode() -> None:
    (letter,) = read('{"specversion":"1.0","id":"a-1","type":"t","subject":"x","traceparent":"00-1-2-01","data":{}}')
    assert dict(letter.headers()) == {
        "content-type": b"application/json",
        "ce_specversion": b"1.0",
        "ce_id": b"a-1",
        "ce_source": b"urn:portolano:partner:cna",
        "ce_type": b"t",
        "ce_subject": b"x",
        "traceparent": b"00-1-2-01",
    }


def test_a_byte_order_mark_is_not_part_of_the_first_line() -> None:
    assert read(b"\xef\xbb\xbf{}\r\n")[0].data == b"{}"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{oops", "firms.jsonl, line 2: not JSON"),
        ('{"a": NaN}', "firms.jsonl, line 2: not JSON"),
        (b'{"a": "\xff"}', "firms.jsonl, line 2: not JSON"),
        ("[1, 2]", "firms.jsonl, line 2: not a JSON object"),
        ('"01234567890"', "firms.jsonl, line 2: not a JSON object"),
        ('{"specversion": "1.0", "data": {}}', "firms.jsonl, line 2: an event needs a `type`"),
        ('{"specversion": "1.0", "type": "t"}', "firms.jsonl, line 2: an event needs `data`"),
        ('{"specversion": "1.0", "type": "t", "id": {}, "data": 1}', "firms.jsonl, line 2: `id` is no attribute"),
        ("[" * 100_000, "firms.jsonl, line 2: not"),
    ],
)
def test_a_line_that_cannot_be_sent_is_named_by_file_and_number(line: str | bytes, said: str) -> None:
    with pytest.raises(NotALetter) as told:
        read("{}", line)
    assert str(told.value).startswith(said)
    assert "\n" not in str(told.value)

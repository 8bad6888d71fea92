"""What comes from outside, made fit to stand in a letter."""

import pytest

from services.notifier.wording import LETTERS, Letter, Purpose, Recipient, line


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Rossi\r\nBcc: all@example.org", "Rossi Bcc: all@example.org"),
        ("Rossi\x00\x1b[2J", "Rossi [2J"),
        ("Rossi\u2028Bcc\u0085x", "Rossi Bcc x"),
        ("Rossi \u202egnp.exe\u2066\u200f", "Rossi gnp.exe"),
        ("Rossi» è fallita «", "Rossi è fallita"),
        ("“Rossi”", "Rossi"),
        ("http://evil.example", "http evil.example"),
        ("{{7*7}}<script>", "{{7*7}}<script>"),
    ],
)
def test_a_name_is_one_line_without_invisible_marks_quotation_marks_and_links(name: str, made: str) -> None:
    assert line(name) == made


def test_a_name_is_cut_to_what_a_heading_bears() -> None:
    assert line("x" * 10_000) == "x" * 119 + "…"


def test_a_letter_is_named_by_purpose_and_recipient_and_no_name_comes_twice() -> None:
    assert Letter(Purpose.REQUESTED, Recipient.FIRM).name == "requested-firm"
    assert len({letter.name for letter in LETTERS}) == len(LETTERS)

"""A link is ours, for one thing, until its end; and whatever is changed in it is found."""

import re
from datetime import UTC, datetime

import pytest

from services.notifier.links import Forged, Link, Links, NoLink, Purpose

ID = "00000000-0000-5000-8000-000000000001"
END = datetime(2026, 12, 23, 22, 59, 59, tzinfo=UTC)
LINK = Link(Purpose.OUTCOMES, ID, END)
KEY, BEFORE, OTHER = b"k" * 32, b"b" * 32, b"o" * 32
LINKS = Links("https://portolano.example", [KEY])


def token(links: Links = LINKS, link: Link = LINK) -> str:
    return links.to(link).partition("?link=")[2]


WHOLE = token()
PURPOSE, NAMED, UNTIL, SIGNATURE = WHOLE.split(".")


def test_a_link_is_read_as_it_was_signed() -> None:
    assert LINKS.to(LINK).startswith("https://portolano.example/answer?link=outcomes.")
    assert LINKS.read(WHOLE) == LINK


def test_a_link_needs_no_escaping_anywhere() -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]+", WHOLE)


@pytest.mark.parametrize("place", range(len(WHOLE)))
def test_no_character_of_a_link_can_be_another(place: int) -> None:
    for other in "aZ019-_.":
        changed = WHOLE[:place] + other + WHOLE[place + 1 :]
        if changed != WHOLE:
            read = LINKS.read(changed)
            # The last character of a signature has two bits that mean nothing: it is compared as text all the same.
            assert isinstance(read, Forged | NoLink), changed


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ("", NoLink),
        (WHOLE[:-1], NoLink),
        (WHOLE + "A", NoLink),
        (WHOLE + "\n", NoLink),
        (" " + WHOLE, NoLink),
        (WHOLE.upper(), NoLink),
        (WHOLE.replace(".", "%2E"), NoLink),
        (f"{PURPOSE}.{NAMED}.{UNTIL}", NoLink),
        (f"{PURPOSE}.{NAMED}.{UNTIL}.", NoLink),
        (f"{PURPOSE}.{NAMED}..{SIGNATURE}", NoLink),
        (f"{PURPOSE}.{NAMED}.-1.{SIGNATURE}", NoLink),
        (f"{PURPOSE}.{NAMED}.{UNTIL}0.{SIGNATURE}", Forged),
        (f"{PURPOSE}.{NAMED}.{int(UNTIL) + 1}.{SIGNATURE}", Forged),
        (f"{PURPOSE}.{NAMED}.0{UNTIL}.{SIGNATURE}", Forged),
        (f"{PURPOSE}.{ID[:-1]}2.{UNTIL}.{SIGNATURE}", Forged),
        (f"preference.{NAMED}.{UNTIL}.{SIGNATURE}", Forged),
        (f"{PURPOSE}.{NAMED}.{UNTIL}.{'A' * 43}", Forged),
        (f"{PURPOSE}.{NAMED}.٣٣٣.{SIGNATURE}", NoLink),
        ("x" * 100_000, NoLink),
    ],
)
def test_what_was_tampered_with_is_no_link_or_a_forged_one(changed: str, found: type) -> None:
    assert isinstance(LINKS.read(changed), found)


def test_a_link_under_the_key_before_is_still_good_and_new_ones_are_signed_with_the_new_key() -> None:
    old = token(Links("https://portolano.example", [BEFORE]))
    rotated = Links("https://portolano.example", [KEY, BEFORE])
    assert rotated.read(old) == LINK
    assert token(rotated) == WHOLE
    assert rotated.read(token(Links("https://portolano.example", [OTHER]))) == Forged()
    assert LINKS.read(old) == Forged()


def test_a_purpose_that_is_not_known_here_is_no_link_though_the_signature_is_ours() -> None:
    class Tomorrow(str):
        """A purpose of a later version."""

    later = LINKS.to(Link(Tomorrow("tomorrow"), ID, END)).partition("=")[2]  # type: ignore[arg-type]
    assert LINKS.read(later) == NoLink()


def test_keys_are_not_shown_with_the_object() -> None:
    assert "kkk" not in repr(LINKS)

"""A referral's whole life against a model of it: every transition that the text allows, and every one that it
forbids."""

from collections.abc import Callable, Iterable

from services.referral import lifecycle, manual
from services.referral.clocks import Kind
from tests.unit.referral.machine import table, words
from tests.unit.referral.machine.life import live


def test_whatever_may_happen_to_a_referral_and_whatever_may_not_ends_as_the_text_has_it(
    show: Callable[[str, Iterable[str]], None],
) -> None:
    tally = live(most=300)
    show("A referral's life: what was tried, of what the text allows and forbids", tally.lines())
    assert tally.left == []


def test_the_space_that_is_tried_knows_every_status_word_reason_and_clock() -> None:
    assert {place.status for place in table.PLACES} == set(lifecycle.Status)
    assert {said for said, _ in table.SAID} == set(lifecycle.Asked)
    assert set(table.REASONS) == set(lifecycle.Ended)
    assert set(words.CLOCKS) == set(Kind)
    assert set(words.BY_PERSON) == set(manual.CANCELS)
    assert set(words.REJECTS) == lifecycle.REJECT_CODES
    assert set(words.FAILS) == lifecycle.FAIL_CODES
    assert set(words.HOLDS) == lifecycle.HOLD_CODES

"""The firms of the bench have what its rows promise: one consented need each, told by whom it is said to be."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec
import pytest

from bench import firms
from bench.firms import Wish
from cli.demo.firms import EXPECTED, FIRST_NUMBER, needs_of
from cli.demo.submissions import Submission, Turn, Writer
from shared.agreement import load

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
ToldOf = Callable[[int, datetime], Iterable[Submission]]


def told(submission: Submission) -> Any:
    return msgspec.json.decode(submission.letter.data)


@pytest.mark.parametrize("wish", firms.ONE_NEED, ids=lambda wish: wish.partner)
def test_the_one_need_of_a_firm_is_declared_and_owned_by_the_partner_that_it_consents_to(wish: Wish) -> None:
    agreement = load()
    company = Writer(Random(1), NOW).company(Turn(0, FIRST_NUMBER), wish.kind, "cna", wish.declared, (wish.partner,))
    [need] = needs_of(company, agreement)
    assert agreement.front(need.front).owner == wish.partner


@pytest.mark.parametrize("wish", firms.THREE_NEEDS, ids=lambda wish: wish.partner)
def test_of_the_needs_of_such_a_firm_exactly_one_belongs_to_the_partner_that_it_consents_to(wish: Wish) -> None:
    agreement = load()
    segment = EXPECTED[wish.kind].segment
    assert segment is not None
    owners = [agreement.front(front).owner for front in agreement.segment(segment).fronts]
    assert owners.count(wish.partner) == 1
    assert len(owners) == 3


@pytest.mark.parametrize("told_of", [firms.one_need, firms.three_needs])
def test_all_partners_tell_of_as_many_firms_and_each_firm_is_told_of_once(told_of: ToldOf) -> None:
    sent = list(told_of(240, NOW))
    assert Counter(one.partner for one in sent) == dict.fromkeys(load().partners, 20)
    assert len({told(one)["firm"]["codice_fiscale"] for one in sent}) == 240
    assert len({one.letter.id for one in sent}) == 240


@pytest.mark.parametrize("told_of", [firms.one_need, firms.three_needs])
def test_a_firm_consents_to_one_partner_alone_and_to_all_owners_in_turn(told_of: ToldOf) -> None:
    consents = [told(one)["consents"] for one in told_of(240, NOW)]
    assert {len(given) for given in consents} == {1}
    assert Counter(given[0]["to"] for given in consents) == {wish.partner: 120 for wish in firms.ONE_NEED}


def test_where_latency_is_measured_the_sender_is_the_one_that_gets_the_referral() -> None:
    for one in firms.own_need(10, NOW, first=100):
        assert [given["to"] for given in told(one)["consents"]] == [one.partner]


def test_warming_up_uses_firms_that_no_measurement_has() -> None:
    warm = {told(one)["firm"]["codice_fiscale"] for one in firms.warming(NOW)}
    measured = {told(one)["firm"]["codice_fiscale"] for one in firms.one_need(500, NOW)}
    assert len(warm) == firms.WARMING
    assert not warm & measured


def test_the_demos_mix_is_told_in_the_order_of_the_demo() -> None:
    after = [one.after for one in firms.demo_mix(120, NOW)]
    assert after == sorted(after)
    assert len(after) > 120

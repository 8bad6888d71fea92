"""The cast: what it expects is what the rules say, and the same seed gives the same evening."""

import msgspec
import pytest
from stdnum import luhn

from cli.demo.firms import PUBLISHERS, Company, Kind, Need, facts_of, needs_of
from cli.demo.names import slug
from cli.demo.routes import By, End, Said, route, routes_of
from cli.demo.script import write_script
from cli.demo.submissions import Script
from services.classifier.domain import assess
from services.notifier.domain import is_address
from services.referral.eligibility import facts_of as eligibility_facts
from services.referral.routing import Question
from services.referral.routing import route as route_by_rules
from shared.contracts.firm import Consent, Membership, Profile
from shared.contracts.intake import FirmRegistered
from shared.errors import Trouble
from tests.unit.demo.builders import ACCORD, NOW, firm_id, script


def ways(told: Script) -> list[list[tuple[tuple[str, ...], Said]]]:
    found = [way for company in told.companies for way in routes_of(told.seed, company, ACCORD)]
    return [[(leg.among, leg.reaction.said) for leg in way.legs] for way in found]


def records(told: Script) -> list[tuple[str, str, bytes, float]]:
    return [(one.partner, one.letter.id, one.letter.data, one.after) for one in told.submissions]


def company(told: Script, kind: Kind) -> Company:
    return next(one for one in told.companies if one.kind is kind)


def test_the_same_seed_gives_the_same_script() -> None:
    first, second = script(50), script(50)
    assert first.companies == second.companies
    assert records(first) == records(second)


def test_another_seed_gives_another_cast() -> None:
    assert [one.name for one in script(50, seed=1).companies] != [one.name for one in script(50, seed=2).companies]


def test_the_same_cast_under_later_numbers_does_the_same_under_other_tax_codes() -> None:
    first, second = script(60), script(60, first=5_000_060)
    assert [one.name for one in first.companies] == [one.name for one in second.companies]
    assert ways(first) == ways(second)
    assert not {one.codice_fiscale for one in first.companies} & {one.codice_fiscale for one in second.companies}


def test_every_tax_code_is_well_formed_and_marked_as_invented() -> None:
    for one in script(120).companies:
        assert len(one.codice_fiscale) == 11
        assert one.codice_fiscale[7:10] == "999"
        assert luhn.is_valid(one.codice_fiscale)


def test_all_twelve_partners_tell_of_firms() -> None:
    assert set(PUBLISHERS) == set(ACCORD.partners)


def test_a_small_cast_already_has_every_outcome_but_the_unchanged() -> None:
    outcomes = {submission.expected.outcome for submission in script(12).submissions}
    assert outcomes == {"registered", "updated", "repeated", "refused"}


def test_a_cast_of_a_hundred_breaks_six_rules() -> None:
    rules = {rule for submission in script(120).submissions for rule in submission.expected.rules}
    assert rules == {
        "codice-fiscale-invalid",
        "outside-lombardy",
        "name-required",
        "missing",
        "not-json",
        "id-used-for-other-content",
    }


def test_what_must_come_of_a_firms_facts_is_what_the_rules_make_of_them() -> None:
    for one in script(240).companies:
        profile = msgspec.convert(facts_of(one, NOW.year), Profile)
        registered = FirmRegistered(
            firm_id="f", version=1, observed_at=NOW, profile=profile, publishers=(), memberships=(), consents=()
        )
        made = assess(registered, ACCORD)
        assert (made.segment.status, set(made.segment.possible)) == (
            one.assessment.status,
            set(one.assessment.possible),
        )
        assert {Need(need.front, need.import_) for need in made.needs} == needs_of(one, ACCORD)


def test_a_firm_without_consent_is_referred_to_nobody() -> None:
    silent = next(one for one in script(60).companies if not one.consents)
    assert {way.end for way in routes_of(7, silent, ACCORD)} == {End.WAITING_CONSENT}


def test_finance_goes_to_its_owner_first() -> None:
    steady = company(script(60), Kind.CONSOLIDATING)
    assert route(7, steady, Need("finance_and_insurance"), ACCORD).legs[0].among == ("sacesimest",)


def test_a_rejected_need_goes_to_somebody_else() -> None:
    told = script(120)
    rerouted = [way for one in told.companies for way in routes_of(7, one, ACCORD) if len(way.legs) > 1]
    assert rerouted
    for way in rerouted:
        assert len({leg.among for leg in way.legs}) == len(way.legs)
        assert all(leg.reaction.said is Said.REJECTED for leg in way.legs[:-1])


def test_most_referrals_are_accepted_and_a_few_are_left_unanswered() -> None:
    said = [one for way in ways(script(120)) for _, one in way]
    assert said.count(Said.ACCEPTED) > len(said) * 0.6
    assert 0 < said.count(Said.NOTHING) < len(said) * 0.2
    assert 0 < said.count(Said.REJECTED) < len(said) * 0.3


def test_mailboxes_can_be_written_to_and_lead_nowhere() -> None:
    for one in script(120).companies:
        address = f"{slug(one.name)}-{one.number}@pec.example"
        assert is_address(address), address


def test_numbers_that_are_used_up_are_told() -> None:
    with pytest.raises(Trouble, match="used up its numbers"):
        write_script(7, 10, 9_999_995, NOW)


def test_a_cast_of_a_hundred_is_asked_by_every_rule_and_copies_are_sent() -> None:
    legs = [leg for one in script(120).companies for way in routes_of(7, one, ACCORD) for leg in way.legs]
    assert {leg.by for leg in legs} == set(By)
    assert {len(leg.among) for leg in legs if leg.by is By.TIE} == {2}
    assert any(leg.copies for leg in legs)


@pytest.mark.parametrize("passed", [0, 10])
def test_every_way_is_the_one_that_the_rules_of_the_service_take(passed: int) -> None:
    """Two restatements of one text, held against each other before a system is started."""
    for one in script(240).companies:
        serving = frozenset(
            leg.partner(firm_id(one))
            for way in routes_of(7, one, ACCORD)
            for leg in way.legs
            if leg.reaction.said is Said.ACCEPTED
        )
        for way in routes_of(7, one, ACCORD, passed=passed, firm_id=firm_id(one)):
            excluded: set[str] = set()
            later = one.claims is not None and passed > 0
            for leg in way.legs:
                question = question_of(one, way.need, excluded, serving if later else frozenset(), told=passed > 0)
                decision = route_by_rules(question, ACCORD)
                assert (decision.rule, decision.partner, sorted(decision.supporting)) == (
                    leg.by.value,
                    leg.partner(firm_id(one)),
                    list(leg.copies),
                ), (one, way.need, excluded)
                if leg.reaction.said is not Said.ACCEPTED:
                    excluded.add(leg.partner(firm_id(one)))
                    later = later or leg.reaction.said is Said.NOTHING
            if not way.legs:
                decision = route_by_rules(question_of(one, way.need, excluded, told=passed > 0), ACCORD)
                assert decision.outcome.value == way.end.value


def test_a_firm_has_one_unanswered_need_at_most_and_it_goes_on_when_its_days_are_over() -> None:
    rerouted = 0
    for one in script(240).companies:
        first_day, later = (routes_of(7, one, ACCORD, passed=passed, firm_id=firm_id(one)) for passed in (0, 10))
        silent = [n for n, way in enumerate(first_day) if way.legs and way.legs[-1].reaction.said is Said.NOTHING]
        assert len(silent) <= 1
        for n in silent:
            assert later[n].legs[: len(first_day[n].legs)] == first_day[n].legs
            rerouted += len(later[n].legs) - len(first_day[n].legs)
    assert rerouted > 20


def test_who_claims_to_be_a_member_waits_for_the_body_and_then_goes_where_the_rules_put_it() -> None:
    one = next(one for one in script(60).companies if one.claims)
    need = Need("assistance")
    assert route(7, one, need, ACCORD).end is End.WAITING_MEMBERSHIP
    (leg,) = route(7, one, need, ACCORD, passed=3).legs
    assert one.claims not in leg.among


def question_of(
    one: Company, need: Need, excluded: set[str], serving: frozenset[str] = frozenset(), *, told: bool = False
) -> Question:
    profile = msgspec.convert(facts_of(one, NOW.year), Profile)
    member = [Membership(partner=one.publisher, since=one.member_since)] if one.member_since else []
    return Question(
        firm_id=firm_id(one),
        front=need.front,
        import_=need.import_,
        facts=eligibility_facts(profile, ACCORD.criteria),
        consents=[Consent(to=code, purpose="referral", given_at=NOW) for code in one.consents],
        memberships=member,
        unanswered=frozenset({one.claims} if one.claims and not told else ()),
        serving=serving,
        excluded=frozenset(excluded),
        rerouted=len(excluded),
        at=NOW,
        day=NOW.date(),
    )

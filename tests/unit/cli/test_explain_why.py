"""Why not me? One sentence for every partner, and to each reader no more than it may know."""

from datetime import timedelta

import msgspec
import pytest

from cli.explain.journey import Consent, Decision, Journey, Need, Receipt
from cli.explain.languages import LANGUAGES
from cli.explain.story import tell
from cli.explain.why import REGION, Reader, covered, reasons
from services.referral import receipt as receipts
from services.referral.receipt import Candidate, Outcome, Person, Predicate, Rule, Step, Verdict
from services.referral.routing import route
from shared.agreement import load
from shared.contracts.firm import Membership
from shared.errors import Trouble
from tests.unit.cli.test_explain_story import T0
from tests.unit.referral.builders import ACCORD, firm, question
from tests.unit.referral.test_redeclared import redeclared

PARTNERS = load().partners
BOTH = pytest.mark.parametrize("language", list(LANGUAGES))
LEAKING = {str(one) for one in Predicate} - {"eligible"}


def journey(*decided: receipts.Decision, needs: int = 1) -> Journey:
    """The decisions on one need, one after the other."""
    return Journey(
        firm_id="f-1",
        name="Officine di Prova S.r.l.",
        needs=tuple(
            Need(need_id=f"n-{n}", what="assistance", declared=True, state="referred") for n in range(1, needs + 1)
        ),
        decisions=tuple(
            Decision(
                need_id="n-1",
                at=T0 + timedelta(days=n),
                cause_id=f"c-{n}",
                receipt=msgspec.json.decode(msgspec.json.encode(one), type=Receipt),
            )
            for n, one in enumerate(decided)
        ),
    )


def sentences(decided: receipts.Decision, reader: Reader = REGION, language: str = "en") -> dict[str, str]:
    """By partner."""
    (found,) = reasons(journey(decided), reader, LANGUAGES[language])
    assert len(found.sentences) == len(decided.candidates)
    return {one.partner: told for one, (_, told) in zip(decided.candidates, found.sentences, strict=True)}


def one_candidate(verdict: Verdict, predicate: Predicate) -> receipts.Decision:
    return receipts.Decision(
        agreement="2017.1",
        outcome=Outcome.ASSIGNED,
        rule=Rule.ELIGIBILITY,
        path=(Step(Rule.ELIGIBILITY, "cna alone takes such a firm"),),
        candidates=(Candidate("cna", verdict, predicate),),
        would_change_it=(),
    )


@BOTH
@pytest.mark.parametrize("predicate", list(Predicate))
def test_every_predicate_has_its_sentence(predicate: Predicate, language: str) -> None:
    told = sentences(one_candidate(Verdict.NOT_SELECTED, predicate), language=language)["cna"]
    clause = LANGUAGES[language].predicates[predicate]
    assert told.startswith("cna ")
    assert told.endswith(clause)


@BOTH
def test_every_verdict_has_a_sentence_of_its_own(language: str) -> None:
    told = {sentences(one_candidate(verdict, Predicate.ELIGIBLE), language=language)["cna"] for verdict in Verdict}
    assert len(told) == len(Verdict)


DECIDED = {
    "owner": route(question("institutional_support", members=(Membership(partner="cna"),)), ACCORD),
    "member": route(question(members=(Membership(partner="cna"), Membership(partner="confapi"))), ACCORD),
    "eligible": route(question(profile=firm(province="MI")), ACCORD),
    "tie": route(question(profile=firm(artisan=True), excluded=frozenset({"claai"})), ACCORD),
    "fallback": route(question(profile=firm(province=None)), ACCORD),
}
EVERY = pytest.mark.parametrize("decided", list(DECIDED.values()), ids=list(DECIDED))


@EVERY
@BOTH
def test_the_region_and_the_firm_read_a_sentence_on_each_of_the_twelve(
    decided: receipts.Decision, language: str
) -> None:
    words = LANGUAGES[language]
    for reader in (REGION, Reader(firm=True)):
        told = sentences(decided, reader, language)
        assert set(told) == set(PARTNERS)
        for one in decided.candidates:
            if one.verdict is Verdict.NOT_SELECTED:
                assert told[one.partner] == words.say(
                    "why_not", partner=one.partner, why=words.predicate(one.predicate)
                )


@EVERY
@BOTH
@pytest.mark.parametrize("partner", PARTNERS)
def test_a_partner_reads_nothing_of_anothers_reasons(decided: receipts.Decision, language: str, partner: str) -> None:
    words = LANGUAGES[language]
    told = sentences(decided, Reader(partner=partner), language)
    own = next(one for one in decided.candidates if one.partner == partner)
    if own.verdict in (Verdict.SELECTED, Verdict.NOT_SELECTED):
        assert words.predicate(own.predicate) in told[partner]
    allowed = {
        one: [
            words.say(key, partner=one) for key in ("why_other_owner", "why_tie_lost", "why_not_untold", "why_untold")
        ]
        for one in PARTNERS
    }
    for other in set(PARTNERS) - {partner}:
        assert told[other] in allowed[other]


@EVERY
def test_who_was_not_chosen_does_not_learn_who_was(decided: receipts.Decision) -> None:
    """Where the front or import is owned that is public; everywhere else all others look the same."""
    for partner in set(PARTNERS) - {decided.partner}:
        told = sentences(decided, Reader(partner=partner))
        if decided.rule in (Rule.OWNER_OF_FRONT, Rule.OWNER_OF_IMPORT):
            continue
        masks = {one.replace(other, "x") for other, one in told.items() if other != partner}
        assert masks <= {
            "x is another of the partners: what became of it is not told to this reader",
            "x was not chosen: it was equal to the one chosen, which the hash preferred",
        }


def test_a_person_is_named_to_the_region_alone() -> None:
    by_hand = msgspec.structs.replace(
        one_candidate(Verdict.SELECTED, Predicate.ASSIGNED_BY_PERSON),
        rule=Rule.ASSIGNED_BY_PERSON,
        partner="cna",
        person=Person("anna", "in her words"),
    )
    known = journey(by_hand)
    for reader in (Reader(firm=True), Reader(partner="cna"), Reader(partner="aice")):
        text = "\n".join(line.text for line in tell(known, LANGUAGES["en"], reader))
        assert "anna" not in text
        assert "in her words" not in text
    assert "anna" in "\n".join(line.text for line in tell(known, LANGUAGES["en"]))


def test_the_latest_decision_counts_and_a_need_without_one_is_left_out() -> None:
    known = journey(DECIDED["member"], DECIDED["fallback"], needs=2)
    (found,) = reasons(known, REGION, LANGUAGES["en"])
    assert [told for own, told in found.sentences if own] == [
        "unioncamere was chosen: it is the neutral body, and nobody else was left"
    ]


@BOTH
def test_who_supports_because_it_declared_the_need_as_well_is_told_beside_why_the_other_was_chosen(
    language: str,
) -> None:
    words = LANGUAGES[language]
    known = journey(DECIDED["fallback"], redeclared())
    told = [one for _, one in next(iter(reasons(known, REGION, words))).sentences]
    assert words.say("why_selected", partner="unioncamere", why=words.predicate("fallback")) in told
    assert words.say("why_supporting", partner="aice", why=words.predicate("declares_too")) in told
    assert words.predicate("does_not_declare") not in "\n".join(told), "that says nothing of who was chosen"
    story = "\n".join(line.text for line in tell(known, words))
    assert words.say("supported", supporting="aice", partner="sacesimest") in story
    assert words.reason("declared by aice too; sacesimest has the need") in story
    assert words.rule("need_redeclared") not in ("need_redeclared", "need redeclared")


def test_a_later_decision_on_who_has_the_need_leaves_earlier_supporters_out() -> None:
    (found,) = reasons(journey(DECIDED["member"], redeclared(), DECIDED["fallback"]), REGION, LANGUAGES["en"])
    assert [one for _, one in found.sentences if "supports" in one] == []


def test_a_partner_is_told_neither_name_nor_story_of_the_firm() -> None:
    text = "\n".join(line.text for line in tell(journey(DECIDED["member"]), LANGUAGES["it"], Reader(partner="aice")))
    assert "Officine" not in text
    assert "Che cosa è successo" not in text
    assert "Perché questo partner e perché non gli altri" in text


def test_a_receipt_without_a_view_is_told_and_not_guessed() -> None:
    known = journey(DECIDED["member"])
    wrong = msgspec.structs.replace(known.decisions[0].receipt, rule="of tomorrow")
    broken = msgspec.structs.replace(known, decisions=(msgspec.structs.replace(known.decisions[0], receipt=wrong),))
    with pytest.raises(Trouble, match="the receipt on need n-1 is not of a form that has views"):
        list(reasons(broken, REGION, LANGUAGES["en"]))


@pytest.mark.parametrize(
    ("consent", "may"),
    [
        (Consent(to="any"), True),
        (Consent(to="cna"), True),
        (Consent(to="aice"), False),
        (Consent(to="cna", purpose="research"), False),
        (Consent(to="cna", expires_at=T0), False),
        (Consent(to="cna", expires_at=T0 + timedelta(days=1)), True),
    ],
)
def test_only_a_partner_that_the_consent_covers_may_hear_of_the_firms_needs(consent: Consent, may: bool) -> None:
    assert covered(Journey(firm_id="f-1", consents=(consent,)), "cna", T0) is may

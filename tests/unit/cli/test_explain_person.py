"""What a person at the Region decided is told with who and why, in either language."""

from dataclasses import replace

import msgspec
import pytest

from cli.explain.english import ENGLISH
from cli.explain.events import events
from cli.explain.italian import ITALIAN
from cli.explain.journey import Command, Journey, Person, Receipt, Step
from cli.explain.story import tell
from cli.explain.words import Words
from services.referral.manual import CANCELS
from tests.unit.cli.test_explain_story import WHOLE, at, decision
from tests.unit.referral.test_manual import assigned as assigned_by_manual
from tests.unit.referral.test_manual import waiting

STEPS = (
    Step("consent", "the firm has consented to cna"),
    Step("assigned_by_person", "a person at regione chose cna, which does not serve information by the agreement"),
)


def assigned() -> Journey:
    """A journey whose need was given to cna by a person."""
    receipt = msgspec.structs.replace(
        decision().receipt, rule="assigned_by_person", path=STEPS, person=Person("anna", "agreed by phone")
    )
    return msgspec.structs.replace(WHOLE, decisions=(msgspec.structs.replace(decision(), receipt=receipt),))


def taken_back() -> Journey:
    order = Command(id="c-9", kind="cancel", referral_id="r-1", by="anna", reason="firm_request", at=at(7))
    return msgspec.structs.replace(WHOLE, commands=(order,))


def text(journey: Journey, words: Words) -> str:
    return "\n".join(line.text for line in tell(journey, words))


def test_an_assignment_names_the_person_and_the_reason() -> None:
    assert "decided by anna: agreed by phone" in text(assigned(), ENGLISH)
    assert "2. a person's decision: a person at regione chose cna, which does not" in text(assigned(), ENGLISH)


def test_an_assignment_is_told_in_italian_but_for_the_persons_own_words() -> None:
    told = text(assigned(), ITALIAN)
    assert "ha deciso anna: agreed by phone" in told
    assert "1. consenso: l'impresa ha dato il consenso per cna" in told
    assert "una persona in Regione ha scelto cna, che secondo l'accordo non opera su questa linea" in told


@pytest.mark.parametrize("front", ["assistance", "finance_and_insurance"])
def test_every_step_of_a_receipt_as_it_is_written_has_an_italian_sentence(front: str) -> None:
    case = waiting("cna", front="finance_and_insurance")
    (need,) = case.needs.values()
    case.put(replace(need, front=front))
    steps = assigned_by_manual(case, "cna").decision.path
    assert [ITALIAN.reason(step.reason) for step in steps if ITALIAN.reason(step.reason) == step.reason] == []


def test_a_decision_of_the_rules_names_no_person() -> None:
    assert "decided by" not in text(WHOLE, ENGLISH)
    assert msgspec.json.decode(b"{}", type=Receipt).person is None


def test_a_cancellation_is_told_with_who_ordered_it_and_the_command_that_caused_it() -> None:
    (event,) = [one for one in events(taken_back(), ENGLISH) if "anna" in one.sentence]
    assert event.sentence == "anna at regione orders need “information” to be taken back from cna: firm request"
    assert event.proofs == ("referral r-1", "cause c-9")
    (event,) = [one for one in events(taken_back(), ITALIAN) if "anna" in one.sentence]
    assert (
        event.sentence
        == "anna in Regione dispone che il bisogno «informazione» sia tolto a cna: su richiesta dell'impresa"
    )


def test_italian_knows_every_reason_for_which_a_person_takes_something_back() -> None:
    assert all(why.value in ITALIAN.codes for why in CANCELS)


def test_a_correction_is_told_with_both_persons_their_words_and_what_came_of_it() -> None:
    order = Command(id="c-9", kind="correct", referral_id="r-1", by="anna", reason="wrong_firm", at=at(7), second="bo")
    error = msgspec.structs.replace(WHOLE.referrals[0], status="entered_in_error", changed_at=at(7), ball="hub")
    journey = msgspec.structs.replace(WHOLE, commands=(order,), referrals=(error,))
    (ordered, entered) = [one for one in events(journey, ENGLISH) if one.at == at(7)]
    assert ordered.sentence == (
        "anna at regione, and bo with them, call the referral of need “information” to cna an error: wrong_firm"
    )
    assert ordered.proofs == ("referral r-1", "cause c-9")
    assert entered.sentence == "What cna had of need “information” is entered in error and counts no more"
    (ordered, entered) = [one for one in events(journey, ITALIAN) if one.at == at(7)]
    assert ordered.sentence == (
        "anna in Regione, d'accordo con bo, dichiara errata la pratica di cna sul bisogno «informazione»: wrong_firm"
    )
    assert "registrata come errore" in entered.sentence

"""Questions about memberships and ties in which the firm stays, told in both languages."""

from datetime import timedelta

import pytest

from cli.explain.events import events
from cli.explain.journey import Decision, Journey, Query, Receipt, Tie
from cli.explain.languages import LANGUAGES
from tests.unit.cli.test_explain_story import T0

QUERY = Query(query_id="q-1", partner="cna", asked_at=T0, answer_by=T0 + timedelta(days=3))


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "en",
            [
                "cna is asked whether the firm is its member, as the firm has declared",
                "cna answers: the firm is not its member",
            ],
        ),
        (
            "it",
            [
                "Si chiede a cna se l'impresa è sua associata, come essa ha dichiarato",
                "cna risponde: l'impresa non è sua associata",
            ],
        ),
    ],
)
def test_a_question_about_a_membership_and_its_answer_are_events(language: str, told: list[str]) -> None:
    answered = Query(
        query_id="q-1", partner="cna", asked_at=T0, answer_by=T0, member=False, answered_at=T0 + timedelta(days=1)
    )
    found = events(Journey(firm_id="f-1", queries=(answered,)), LANGUAGES[language])
    assert [event.sentence for event in found] == told
    (open_,) = events(Journey(firm_id="f-1", queries=(QUERY,)), LANGUAGES[language])
    assert open_.proofs[-1].endswith("q-1")
    assert len(open_.details) == 1


@pytest.mark.parametrize(("language", "words"), [("en", "the firm stays with cna"), ("it", "l'impresa resta con cna")])
def test_a_tie_in_which_the_firm_stays_is_told_as_such(language: str, words: str) -> None:
    tie = Tie(members=("cna", "claai"), hash="ab", staying=("cna",))
    receipt = Receipt(outcome="assigned", rule="tie", partner="cna", tie=tie)
    decision = Decision(need_id="n-1", at=T0, cause_id="c-1", receipt=receipt)
    (event,) = events(Journey(firm_id="f-1", decisions=(decision,)), LANGUAGES[language])
    assert any(words in detail for detail in event.details)

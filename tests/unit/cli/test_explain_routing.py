"""Questions about memberships, requests for information, and ties in which the firm stays, told in both languages."""

from datetime import timedelta

import msgspec
import pytest

from cli.explain.events import events
from cli.explain.journey import Decision, Journey, Need, Query, Question, Receipt, Request, Tie
from cli.explain.languages import LANGUAGES
from cli.explain.story import tell
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


ASKED = Request(
    request_id="r-1",
    partner="cna",
    asked_at=T0,
    answer_by=T0 + timedelta(days=21),
    missing=(Question("Da quando esporta?", "Since when does it export?"),),
)


@pytest.mark.parametrize(
    ("language", "question", "told"),
    [
        (
            "en",
            "Since when does it export?",
            [
                "cna is asked what is missing to settle the firm's segment",
                "cna is waited for no longer: the segment is settled",
                "cna will not find out what is missing",
            ],
        ),
        (
            "it",
            "Da quando esporta?",
            [
                "Si chiede a cna quel che manca per definire il segmento dell'impresa",
                "Non si attende più risposta da cna: il segmento è definito",
                "cna non raccoglierà le informazioni che mancano",
            ],
        ),
    ],
)
def test_a_request_for_information_its_end_and_a_late_refusal_are_events(
    language: str, question: str, told: list[str]
) -> None:
    ended = msgspec.structs.replace(
        ASKED,
        closed="answered",
        closed_at=T0 + timedelta(days=1),
        declined="no time",
        declined_at=T0 + timedelta(days=2),
    )
    found = events(Journey(firm_id="f-1", requests=(ended,)), LANGUAGES[language])
    assert [event.sentence for event in found] == told
    assert found[0].details[0] == question
    assert found[2].details[0].endswith("no time")
    assert all(event.proofs[-1].endswith("r-1") for event in found)
    declined = msgspec.structs.replace(ended, closed="declined", closed_at=ended.declined_at)
    assert len(events(Journey(firm_id="f-1", requests=(declined,)), LANGUAGES[language])) == 2


@pytest.mark.parametrize(
    ("language", "words"), [("en", "the clock rests while cna"), ("it", "sospesi mentre si chiede a cna")]
)
def test_a_need_that_waits_for_information_tells_who_is_asked_and_that_the_clock_rests(
    language: str, words: str
) -> None:
    need = Need(need_id="n-1", what="assistance", declared=False, state="waiting_information")
    lines = [line.text for line in tell(Journey(firm_id="f-1", needs=(need,), requests=(ASKED,)), LANGUAGES[language])]
    assert any(words in line for line in lines)


@pytest.mark.parametrize(
    ("state", "reason", "given"),
    [("waiting_information", None, False), ("withdrawn", "declined", False), ("withdrawn", "firm_erased", True)],
)
def test_a_need_that_no_segment_has_given_is_not_told_as_given(state: str, reason: str | None, given: bool) -> None:
    need = Need(need_id="n-1", what="assistance", declared=False, state=state, reason=reason)
    text = "\n".join(line.text for line in tell(Journey(firm_id="f-1", needs=(need,)), LANGUAGES["en"]))
    assert ("its segment gives it" in text) is given


@pytest.mark.parametrize(("language", "words"), [("en", "the firm stays with cna"), ("it", "l'impresa resta con cna")])
def test_a_tie_in_which_the_firm_stays_is_told_as_such(language: str, words: str) -> None:
    tie = Tie(members=("cna", "claai"), hash="ab", staying=("cna",))
    receipt = Receipt(outcome="assigned", rule="tie", partner="cna", tie=tie)
    decision = Decision(need_id="n-1", at=T0, cause_id="c-1", receipt=receipt)
    (event,) = events(Journey(firm_id="f-1", decisions=(decision,)), LANGUAGES[language])
    assert any(words in detail for detail in event.details)

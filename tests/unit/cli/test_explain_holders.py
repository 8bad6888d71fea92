"""Whom one waits for is told of every need, and which firm stands for which."""

from datetime import UTC, datetime

import msgspec
import pytest

from cli.explain.english import ENGLISH
from cli.explain.italian import ITALIAN
from cli.explain.journey import Journey, Need, Query, Succession
from cli.explain.story import tell
from cli.explain.words import Words
from services.referral.case import NeedState
from services.referral.clocks import Ball, ball_of_need
from tests.unit.cli.test_explain_story import WHOLE

HOLDER = """
waiting_consent      firm
waiting_membership   partner
waiting_information  paused
manual               hub
referred             -
met                  -
unmet                -
withdrawn            -
"""
"""Where nobody has the need -> who holds the ball; `-`: its task tells, or nothing is awaited."""

SINCE = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
QUERY = Query(query_id="q-1", partner="confapi", asked_at=SINCE, answer_by=SINCE)


def told(journey: Journey, words: Words) -> str:
    return "\n".join(line.text for line in tell(journey, words))


def standing(state: str, ball: str | None) -> Journey:
    """The journey whose only need stands so, with its last referral cancelled."""
    need = Need(need_id="n-1", what="information", declared=True, state=state, referral_id="r-1", ball=ball)
    ended = msgspec.structs.replace(WHOLE.referrals[0], status="cancelled", ball="hub", clocks=())
    return msgspec.structs.replace(WHOLE, needs=(need,), referrals=(ended,), queries=(QUERY,))


def test_every_state_of_a_need_has_its_holder_or_leaves_it_to_its_task() -> None:
    rows = dict(line.split() for line in HOLDER.strip().splitlines())
    assert {state.value: ball.value if (ball := ball_of_need(state)) else "-" for state in NeedState} == rows


@pytest.mark.parametrize(
    ("state", "ball", "english", "italian"),
    [
        ("waiting_consent", Ball.FIRM, "the ball is with the firm", "si attende l'impresa"),
        ("waiting_membership", Ball.PARTNER, "the ball is with confapi", "si attende confapi"),
        ("manual", Ball.HUB, None, None),
    ],
)
def test_a_need_that_waits_names_whom_it_waits_for_and_not_who_had_it_last(
    state: str, ball: Ball, english: str | None, italian: str | None
) -> None:
    journey = standing(state, ball.value)
    for words, sentence in ((ENGLISH, english), (ITALIAN, italian)):
        wanted = sentence or words.say("ball", who=words.say("the_hub"))
        assert wanted in told(journey, words)
        assert (words.say("ball", who=words.say("the_hub")) in told(journey, words)) is (ball is Ball.HUB)


def test_the_old_firm_names_the_one_that_stands_for_it_and_the_other_way_round() -> None:
    link = Succession(firm_id="f-1", successor_id="f-2", kind="merger", at=SINCE, partner="cna")
    old = msgspec.structs.replace(WHOLE, successions=(link,))
    heir = msgspec.structs.replace(WHOLE, firm_id="f-2", successions=(link,))
    assert "firm f-2 stands for it since" in told(old, ENGLISH)
    assert "(merger), as cna told: what was open followed there" in told(old, ENGLISH)
    assert "it stands for firm f-1 since" in told(heir, ENGLISH)
    assert "le subentra l'impresa f-2 (fusione), come comunica cna" in told(old, ITALIAN)
    assert "subentra all'impresa f-1 (fusione), come comunica cna" in told(heir, ITALIAN)

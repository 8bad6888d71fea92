"""The final answer to a record at a door that was held through our fault and is then given up by a person.

Contract, section 1: a discarded record is answered refused, rule `discarded`.
"""

from collections.abc import Mapping
from typing import Any

from shared.contracts.receipts import Position, SubmissionRefused
from shared.contracts.referrals import UpdateRefused
from shared.contracts.rules import Problem, problem
from shared.feeds.redrive import Answer
from shared.feeds.speech import Heard, Said


def refuse_submission(heard: Heard[Any], why: str) -> Said:
    """To a record of a firms topic; `event` is intake's, None where the record cannot be read."""
    id = heard.event.id if heard.event is not None else None
    refused = SubmissionRefused(submission_id=id, position=_position(heard), problems=_problems(why))
    return heard.says(refused, to=heard.partner)


def refuse_update(heard: Heard[Any], why: str) -> Said:
    """To a record of an updates topic; `event` is referral's, None where the record cannot be read.

    It names neither referral nor status: whether the referral is this partner's was never decided.
    """
    id = heard.event.id if heard.event is not None else None
    refused = UpdateRefused(update_id=id, position=_position(heard), at=heard.at, problems=_problems(why))
    return heard.says(refused, to=heard.partner)


ANSWERS: Mapping[str, Answer] = {
    "partners.{partner}.firms.v1": refuse_submission,
    "partners.{partner}.updates.v1": refuse_update,
}
"""By the template of the door's topic, as the subscriptions name it."""


def _problems(why: str) -> tuple[Problem, ...]:
    return (problem("discarded", f"kept through our fault and given up by the operator: {why}"),)


def _position(heard: Heard[Any]) -> Position:
    return Position(topic=heard.place.topic, partition=heard.place.partition, offset=heard.place.offset)

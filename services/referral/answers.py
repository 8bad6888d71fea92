"""What becomes of an update: recorded, repeated or refused, and what follows for the case. Pure.

A referral that does not exist and one that is another partner's are told apart by nobody: both are unknown.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from services.referral import domain
from services.referral.case import Case, Fact, Moment, Referral
from services.referral.lifecycle import Barred, Flag, Moves, Status, Stays, judge
from services.referral.updates import Update
from shared.contracts.rules import Problem, problem

Key = tuple[str, str, str]
"""Topic, source, id: what an update is deduplicated by."""


class Outcome(StrEnum):
    RECORDED = "recorded"
    REPEATED = "repeated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An update that used up its id: what it said (SHA-256) and which referral it was about."""

    content_hash: bytes
    referral_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of an update. `referral` is as it stands afterwards, None where this partner has none such."""

    outcome: Outcome
    referral: Referral | None = None
    flags: tuple[Flag, ...] = ()
    problems: tuple[Problem, ...] = ()
    facts: tuple[Fact, ...] = ()


def answer(update: Update, case: Case | None, known: MutableMapping[Key, Recorded], moment: Moment) -> Answer:
    """Decide on one update and change the case; `known` are ids used up before, this one joins them if recorded."""
    referral = None
    if case is not None and update.content is not None:
        referral = case.referrals.get(update.content.referral_id)
    if update.problems or update.content is None or update.key is None or update.content_hash is None:
        return Answer(outcome=Outcome.REFUSED, referral=referral, problems=update.problems)
    before = known.get(update.key)
    if before is not None:
        if before.content_hash == update.content_hash:
            return Answer(outcome=Outcome.REPEATED, referral=referral, flags=(Flag.REPEATED,))
        return _refused(
            referral, "", "id-used-for-other-content", "this id was used for other content: send it under a new one"
        )
    if case is None or referral is None:
        return _refused(None, "/referral_id", "referral-unknown", "you have no referral with this id")
    verdict = judge(referral.status, update.content.asked, front=referral.front, ended_for=referral.reason)
    match verdict:
        case Barred(message):
            return _refused(referral, "/status", "status-not-possible", message)
        case Moves():
            facts = domain.move(case, referral, update.content.asked, update.content.reason, update.appended_at, moment)
            flags: tuple[Flag, ...] = ()
        case Stays(flag):
            facts, flags = [], () if flag is None else (flag,)
            if update.content.asked is Status.IN_PROGRESS and flag is None:
                domain.touch(case, referral, update.appended_at)
        case _:
            assert_never(verdict)
    known[update.key] = Recorded(content_hash=update.content_hash, referral_id=referral.referral_id)
    return Answer(
        outcome=Outcome.RECORDED, referral=case.referrals[referral.referral_id], flags=flags, facts=tuple(facts)
    )


def _refused(referral: Referral | None, pointer: str, rule: str, message: str) -> Answer:
    return Answer(outcome=Outcome.REFUSED, referral=referral, problems=(problem(rule, message, pointer),))

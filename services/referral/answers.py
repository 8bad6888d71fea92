"""What becomes of an update: recorded, repeated or refused, and what follows for the case. Pure.

A referral that does not exist and one that is another partner's are told apart by nobody: both are unknown.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from services.referral import domain, information, membership, queries
from services.referral.case import Case, Fact, Moment, Referral
from services.referral.clocks import is_late
from services.referral.lifecycle import BECOMES, Asked, Barred, Flag, Moves, Stays, judge
from services.referral.updates import Content, InformationRefusal, MembershipAnswer, Update
from shared.agreement import end_of
from shared.contracts.rules import Problem, problem

Key = tuple[str, str, str]
"""Topic, source, id: what an update is deduplicated by."""


class Outcome(StrEnum):
    RECORDED = "recorded"
    REPEATED = "repeated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An update that used up its id: what it said (SHA-256, None once it is erased), and which referral it was about,
    if about one."""

    content_hash: bytes | None
    referral_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of an update. `referral` is as it stands afterwards, None where this partner has none such."""

    outcome: Outcome
    referral: Referral | None = None
    flags: tuple[Flag, ...] = ()
    problems: tuple[Problem, ...] = ()
    facts: tuple[Fact, ...] = ()


def answer(update: Update, case: Case | None, known: MutableMapping[Key, Recorded], moment: Moment) -> Answer:
    """Decide on one update and change the case; `known` are ids used up before, this one joins them if recorded.

    A repeat is known by its content alone: what was right when it was recorded may be out of time by now. Where the
    content was erased with its firm, the id alone makes it one.
    """
    referral = None
    if case is not None and update.referral_id is not None:
        referral = case.referrals.get(update.referral_id)
    before = known.get(update.key) if update.key is not None else None
    if before is not None and before.content_hash in (None, update.content_hash):
        return Answer(outcome=Outcome.REPEATED, referral=referral, flags=(Flag.REPEATED,))
    problems = update.problems
    if before is not None:
        told = "this id was used for other content: send it under a new one"
        problems += (problem("id-used-for-other-content", told),)
    if problems or update.content is None:
        return Answer(outcome=Outcome.REFUSED, referral=referral, problems=problems)
    match update.content:
        case MembershipAnswer() as said:
            given = _take_answer(said, case, update, moment)
        case InformationRefusal() as said:
            given = _take_refusal(said, case, update, moment)
        case Content() as content:
            if case is None or referral is None:
                return _refused(None, "/referral_id", "referral-unknown", "you have no referral with this id")
            given = _follow(content, case, referral, update, moment)
        case _:
            assert_never(update.content)
    if given.outcome is Outcome.RECORDED and update.key is not None and update.content_hash is not None:
        referral_id = referral.referral_id if referral is not None else None
        known[update.key] = Recorded(content_hash=update.content_hash, referral_id=referral_id)
    return given


def _take_answer(said: MembershipAnswer, case: Case | None, update: Update, moment: Moment) -> Answer:
    """A body's word on a membership. A query that does not exist and one that another body was asked are told apart by
    nobody. An answer after the deadline is taken and flagged; the same word again changes nothing."""
    query = case.queries.get(said.query_id) if case is not None else None
    if case is None or query is None or query.partner != update.partner:
        return _refused(None, "/query_id", "query-unknown", "you were asked nothing under this id")
    due_at = queries.due_at(query, moment.outages, moment.agreement)
    flags = (Flag.LATE,) if update.appended_at > due_at else ()
    if (query.member, query.since) == (said.member, said.since if said.member else None):
        return Answer(outcome=Outcome.RECORDED, flags=(*flags, Flag.REPEATED))
    facts = membership.answer_query(case, query, member=said.member, since=said.since, moment=moment)
    return Answer(outcome=Outcome.RECORDED, flags=flags, facts=tuple(facts))


def _take_refusal(said: InformationRefusal, case: Case | None, update: Update, moment: Moment) -> Answer:
    """A partner will not find out what it was asked. Another's request is as unknown as none. Where nobody waits for
    the answer any more, or its time is over, it is flagged late; a second word changes nothing."""
    request = case.requests.get(said.request_id) if case is not None else None
    if case is None or request is None or request.partner != update.partner:
        return _refused(None, "/request_id", "request-unknown", "you were asked for nothing under this id")
    if request.declined is not None:
        return Answer(outcome=Outcome.RECORDED, flags=(Flag.REPEATED,))
    late = not request.is_open or update.appended_at > information.due_at(request, moment)
    facts = information.declined(case, request, said.reason, update.appended_at)
    return Answer(outcome=Outcome.RECORDED, flags=(Flag.LATE,) if late else (), facts=tuple(facts))


def _follow(content: Content, case: Case, referral: Referral, update: Update, moment: Moment) -> Answer:
    """What an update that was understood does to the referral that it names."""
    asked = content.asked
    hold_until = end_of(content.until) if content.until is not None else None
    same_hold = (hold_until, content.reason) == (referral.hold_until, referral.reason)
    facts: list[Fact] = []
    flags: tuple[Flag, ...] = ()
    verdict = judge(referral.standing, asked, same_hold=same_hold)
    match verdict:
        case Barred(message):
            return _refused(referral, "/status", "status-not-possible", message)
        case Moves():
            facts = domain.move(
                case,
                referral,
                BECOMES[asked],
                content.reason,
                update.appended_at,
                moment,
                hold_until=hold_until,
                outcomes=content.outcomes,
            )
        case Stays(flag):
            flags = () if flag is None else (flag,)
            if asked is Asked.IN_PROGRESS and flag is None:
                domain.touch(case, referral, update.appended_at, moment)
        case _:
            assert_never(verdict)
    if flags == () and is_late(referral, update.appended_at, moment.outages, moment.agreement):
        flags = (Flag.LATE,)
    stands = case.referrals[referral.referral_id]
    return Answer(outcome=Outcome.RECORDED, referral=stands, flags=flags, facts=tuple(facts))


def _refused(referral: Referral | None, pointer: str, rule: str, message: str) -> Answer:
    return Answer(outcome=Outcome.REFUSED, referral=referral, problems=(problem(rule, message, pointer),))

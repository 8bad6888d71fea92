"""The firm is asked whether it really wants to be served by the body that says so; what its answer moves. Pure.

It is asked once for each body, where it can be written to and its answer would make a difference to one of its needs.
Nothing waits for it: until it says yes, and if it never does, the rules go on without the wish.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from services.referral.case import Case, Fact, Moment, Need, NeedState, Referral, Wish, WishAsked
from services.referral.ending import take_back
from services.referral.handover import named_by_rules, route
from services.referral.lifecycle import Ended, Status
from services.referral.wishes import wished
from shared.contracts.ids import derive

_CLOSED = (NeedState.MET, NeedState.UNMET, NeedState.WITHDRAWN)


def ask(case: Case, moment: Moment) -> Iterator[WishAsked]:
    """Ask the firm, if that is to be done; the case keeps that it was."""
    assessed = case.assessment
    doubted = wished(case, assessed).doubted if assessed is not None else None
    if assessed is None or doubted is None or any(one.partner == doubted for one in case.wishes.values()):
        return
    contacts = assessed.profile.contacts
    if contacts is None or not (contacts.pec or contacts.email):
        return
    wish = Wish(
        question_id=derive("wish", case.firm_id, doubted, moment.cause_id),
        firm_id=case.firm_id,
        partner=doubted,
        asked_at=moment.at,
        answer_by=moment.agreement.working_days.due(moment.at, moment.agreement.deadlines.firm_answer),
    )
    if _would_matter(case, wish, moment):
        case.put(wish)
        yield WishAsked(wish)


def take(case: Case, question_id: str, *, confirmed: bool, at: datetime, moment: Moment) -> list[Fact]:
    """The firm's answer of `at`, the first one stands. A yes moves what another partner was asked for and has not even
    looked at, where the rules had put it there and now put it with the body that the firm wants."""
    wish = case.wishes.get(question_id)
    if wish is None or wish.confirmed is not None or at > wish.answer_by:
        return []
    requested = list(_requested_by_rules(case, moment)) if confirmed else []
    case.put(replace(wish, confirmed=confirmed, answered_at=at))
    facts: list[Fact] = []
    for need, referral in requested:
        if referral.partner != wish.partner and named_by_rules(case, need, moment) == wish.partner:
            facts += take_back(case, referral, Ended.SUPERSEDED, moment)
            facts += route(case, need, moment)
    return facts


def _requested_by_rules(case: Case, moment: Moment) -> Iterator[tuple[Need, Referral]]:
    """Needs whose partner has not looked at them, where the rules of today would name it again."""
    for need in case.needs.values():
        referral = case.referrals.get(need.referral_id or "")
        if need.state is not NeedState.REFERRED or referral is None or referral.status is not Status.REQUESTED:
            continue
        if named_by_rules(case, need, moment) == referral.partner:
            yield need, referral


def _would_matter(case: Case, wish: Wish, moment: Moment) -> bool:
    """Whether somebody else would be responsible for one of the firm's needs if it said yes."""
    as_if = replace(case, wishes={**case.wishes, wish.question_id: replace(wish, confirmed=True)})
    return any(
        named_by_rules(as_if, need, moment) != named_by_rules(case, need, moment)
        for need in case.needs.values()
        if need.state not in _CLOSED
    )

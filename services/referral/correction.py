"""A referral that never should have been: two persons at the Region enter it in error, wherever it stands. Pure.

What its partner did in good faith stays on file; nothing of it counts any more, a rejection no more than a completion.
The need was real, and goes on: as its latest task it is routed by today's facts, without the partner being left out.
Where the rules would do the very same again, a person decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.referral.beside import given_back
from services.referral.case import Case, Fact, Moment, Need, NeedState, Referral, Role
from services.referral.ending import enter_in_error
from services.referral.handover import named_by_rules, route
from services.referral.lifecycle import Status
from services.referral.manual import NotPossible
from services.referral.receipt import Person

IN_ERROR = Status.ENTERED_IN_ERROR.value
"""Why a need is a person's, where the rules would repeat what was entered in error."""

_ITS_OWN_END = (Status.COMPLETED, Status.FAILED)
"""Where the referral's end was the need's as well; what the firm or the hub ended stays ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A referral is entered in error by two persons: who gives the command and why, and `second`, who agrees. `id` is
    the command's own."""

    id: str
    referral_id: str
    person: Person
    second: str


def correct(case: Case, order: Correction, moment: Moment) -> list[Fact]:
    """Enter the referral in error, with its copies, and see to the need.

    Raises `NotPossible`; LookupError where the case has no such referral.
    """
    referral = case.referrals[order.referral_id]
    if order.second.casefold() == order.person.by.casefold():
        raise NotPossible(f"{order.second} gives the command: a second person is to agree")
    if case.assessment is None:
        raise NotPossible("the firm was erased: nothing about it is changed any more")
    if referral.status is Status.ENTERED_IN_ERROR:
        raise NotPossible(f"referral {referral.referral_id} is {IN_ERROR} already")
    facts = enter_in_error(case, referral, moment)
    match referral.role:
        case Role.SUPPORTING:
            pass
        case Role.EXECUTOR:
            if referral.is_open or referral.status is Status.COMPLETED:
                given_back(case, case.referrals[referral.referral_id])
        case Role.RESPONSIBLE:
            facts.extend(_go_on(case, referral, moment))
    return facts


def _go_on(case: Case, referral: Referral, moment: Moment) -> Iterator[Fact]:
    """What becomes of the need of a responsible referral (as it stood until now)."""
    need = _without_exclusion(case, case.needs[referral.need_id], referral.partner)
    if need.referral_id != referral.referral_id or not _is_to_go_on(need, referral):
        return  # somebody has it or had it since, or it has ended for a reason of its own
    need = replace(need, closed_at=None)
    if named_by_rules(case, need, moment) == referral.partner:
        case.put(replace(need, state=NeedState.MANUAL, reason=IN_ERROR))
    else:
        yield from route(case, need, moment)


def _is_to_go_on(need: Need, referral: Referral) -> bool:
    match need.state:
        case NeedState.MET | NeedState.UNMET:
            return referral.status in _ITS_OWN_END
        case NeedState.WITHDRAWN:
            return False
        case _:
            return True


def _without_exclusion(case: Case, need: Need, partner: str) -> Need:
    """The need with the partner let in again, unless another task of its own keeps it out."""
    kept_out = any(
        one.need_id == need.need_id and one.partner == partner and one.role is Role.RESPONSIBLE
        for one in case.referrals.values()
        if not one.is_open and one.status is not Status.ENTERED_IN_ERROR
    )
    if partner in need.excluded and not kept_out:
        need = replace(need, excluded=need.excluded - {partner}, rerouted=max(need.rerouted - 1, 0))
        case.put(need)
    return need

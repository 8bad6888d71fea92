"""When another firm stands for a firm from now on: its open referrals follow. Pure.

A need is (firm, front, import, market) and so has another id under the successor; the referral keeps its own, by which
its partner goes on writing. What had no open referral is withdrawn: what the successor needs, its own assessment says.

Where both have a task for what is now one need, the one that has gone further stays, of two that have gone equally far
the older. Of two that both have begun, the successor's stays, because one need has one open task: the other's partner
is asked to end its work, and until then that task stays with the old firm.

What stands beside a task goes its way: copies and the leg in the market move with it, or end with it; so do legs that
were given back, unless the successor has one of its own. Of two legs in
the market the same one stays as of two tasks. Queries about memberships stay with the old firm, whose code they
ask for; a body's word on one firm is none on another, and what the successor declares is asked anew. Nobody is asked
for more about the old firm; what is missing of the successor, its own assessment says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.referral import domain, information
from services.referral.case import LEG_REJECTED, Case, Fact, Moment, Need, NeedState, Referral, Role
from services.referral.ending import end_leg, take_back
from services.referral.lifecycle import Ended, Status
from services.referral.request import Closing
from shared.contracts import ids
from shared.contracts.base import FirmId


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One firm is succeeded by another, as of `at` (UTC), as a partner says. Of two words the greater rank holds."""

    firm_id: FirmId
    successor_id: FirmId
    at: datetime
    said_by: str

    @property
    def rank(self) -> tuple[datetime, str, str]:
        return self.at, self.said_by, self.successor_id


def standing(firm_id: FirmId, links: Mapping[FirmId, Link]) -> FirmId:
    """Who stands for the firm now, over however many steps. A circle loses its oldest link, as where links are made."""
    hold = dict(links)
    while True:
        way: list[FirmId] = []
        here = firm_id
        while here in hold and here not in way:
            way.append(here)
            here = hold[here].successor_id
        if here not in way:
            return here
        circle = way[way.index(here) :]
        del hold[min(circle, key=lambda one: hold[one].rank)]


@dataclass(frozen=True, slots=True)
class Followed:
    """What happened to the old firm's case and to the successor's."""

    old: list[Fact]
    new: list[Fact]


def follow(old: Case, new: Case, moment: Moment) -> Followed:
    """Move what is open in the case of the old firm into that of its successor.

    Where the successor's assessment is known it is taken in once more, because it did not know of what has come. So it
    makes no difference which of the two was heard first, unless that assessment ends or moves a task of the successor's
    own that nobody has accepted: then there is nothing left, or something else, for the old firm's to clash with.
    """
    done = Followed([], [])
    open_by_need = {one.need_id: one for one in _responsible(old)}
    for need in list(old.needs.values()):
        referral = open_by_need.get(need.need_id)
        if referral is None:
            if need.state in domain.NOBODYS:
                done.old.extend(_withdraw(old, need, moment))
            continue
        target = ids.need_id(new.firm_id, need.front, import_=need.import_, market=need.market)
        rival = next((one for one in _responsible(new) if one.need_id == target), None)
        if rival is None or _goes_first(referral, rival):
            if rival is not None:
                done.new.extend(take_back(new, rival, Ended.DUPLICATE, moment))
            done.new.extend(_move(old, new, need, referral, target, moment))
            done.old.extend(_withdraw(old, need, moment))
        else:
            done.old.extend(take_back(old, referral, Ended.FIRM_MERGED, moment))
            if not old.referrals[referral.referral_id].is_open:
                done.old.extend(_withdraw(old, need, moment))
    done.old.extend(information.end(old, Closing.FIRM_MERGED, moment.at))
    if new.assessment is not None:
        done.new.extend(domain.assess(new, new.assessment, moment))
    return done


def _responsible(case: Case) -> list[Referral]:
    """The open tasks of those who are responsible for a need: at most one for each."""
    return [one for one in case.referrals.values() if one.is_open and one.role is Role.RESPONSIBLE]


def _move(old: Case, new: Case, need: Need, referral: Referral, target: str, moment: Moment) -> list[Fact]:
    """The referral becomes the successor's, and with it what stands beside it."""
    known = new.needs.get(target) or replace(need, need_id=target, firm_id=new.firm_id)
    facts: list[Fact] = []
    moves = [referral]
    moves += [
        one
        for one in old.referrals.values()
        if one.part_of == referral.referral_id and one.role is Role.SUPPORTING and one.is_open
    ]
    leg, own = _leg(old, need.need_id), _leg(new, target)
    if own is None:  # whoever gave the leg back is not asked again under another name
        moves += [
            one
            for one in old.referrals.values()
            if one.need_id == need.need_id and one.role is Role.EXECUTOR and not one.is_open
        ]
    if leg is not None and (own is None or _goes_first(leg, own)):
        moves.append(leg)
        if own is not None:
            facts = take_back(new, own, Ended.DUPLICATE, moment)
    unplaced = LEG_REJECTED in (need.reason, known.reason) and leg is None and own is None
    new.put(
        replace(
            known,
            state=NeedState.REFERRED,
            reason=LEG_REJECTED if unplaced else None,
            referral_id=referral.referral_id,
            excluded=known.excluded | need.excluded,
            rerouted=max(known.rerouted, need.rerouted),
            closed_at=None,
            declared_by=need.declared_by,
            decided=None,
        )
    )
    for one in moves:
        del old.referrals[one.referral_id]
        new.put(replace(one, firm_id=new.firm_id, need_id=target))
        if one.partner not in new.told:  # it is to hear whose task it has now, as soon as that is known
            new.told[one.partner] = ""
            new.retold.add(one.partner)
    return facts


def _leg(case: Case, need_id: str) -> Referral | None:
    """The need's open leg in the market: it has one at most."""
    legs = (one for one in case.referrals.values() if one.need_id == need_id and one.role is Role.EXECUTOR)
    return next((one for one in legs if one.is_open), None)


def _withdraw(case: Case, need: Need, moment: Moment) -> list[Fact]:
    """The need is the old firm's no more; a leg that has not gone with it is taken back."""
    case.put(replace(need, state=NeedState.WITHDRAWN, reason=Ended.FIRM_MERGED.value))
    return list(end_leg(case, need, Ended.FIRM_MERGED, moment))


def _goes_first(referral: Referral, rival: Referral) -> bool:
    mine, theirs = _gone(referral), _gone(rival)
    if mine != theirs:
        return mine > theirs
    if mine == _BEGUN:
        return False
    return (referral.requested_at, referral.referral_id) < (rival.requested_at, rival.referral_id)


_BEGUN = 2


def _gone(referral: Referral) -> int:
    """How far the work has gone."""
    if referral.status in (Status.IN_PROGRESS, Status.ON_HOLD):
        return _BEGUN
    return 1 if referral.status is Status.ACCEPTED else 0

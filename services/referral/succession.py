"""When another firm stands for a firm from now on: its open referrals follow. Pure.

A need is (firm, front, import, market) and so has another id under the successor; the referral keeps its own, by which
its partner goes on writing. What had no open referral is withdrawn: what the successor needs, its own assessment says.

Where both have a task for what is now one need, the one that has gone further stays, of two that have gone equally far
the older. Of two that both have begun, the successor's stays, because one need has one open task: the other's partner
is asked to end its work, and until then that task stays with the old firm.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.referral import domain
from services.referral.case import Case, Fact, Moment, Need, NeedState, Referral
from services.referral.lifecycle import Ended, Status
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
    makes no difference which of the two was heard first, unless that assessment ends a task of the successor's own.
    """
    done = Followed([], [])
    open_by_need = {one.need_id: one for one in old.referrals.values() if one.is_open}
    for need in list(old.needs.values()):
        referral = open_by_need.get(need.need_id)
        if referral is None:
            if need.state in (NeedState.WAITING_CONSENT, NeedState.MANUAL):
                _withdraw(old, need)
            continue
        target = ids.need_id(new.firm_id, need.front, import_=need.import_, market=need.market)
        rival = next((one for one in new.referrals.values() if one.need_id == target and one.is_open), None)
        if rival is None or _goes_first(referral, rival):
            if rival is not None:
                done.new.extend(domain.take_back(new, rival, Ended.DUPLICATE, moment))
            _move(old, new, need, referral, target)
        else:
            done.old.extend(domain.take_back(old, referral, Ended.FIRM_MERGED, moment))
            if not old.referrals[referral.referral_id].is_open:
                _withdraw(old, need)
    if new.assessment is not None:
        done.new.extend(domain.assess(new, new.assessment, moment))
    return done


def _move(old: Case, new: Case, need: Need, referral: Referral, target: str) -> None:
    known = new.needs.get(target) or replace(need, need_id=target, firm_id=new.firm_id)
    new.put(
        replace(
            known,
            state=NeedState.REFERRED,
            reason=None,
            referral_id=referral.referral_id,
            excluded=known.excluded | need.excluded,
            rerouted=max(known.rerouted, need.rerouted),
            closed_at=None,
            decided=None,
        )
    )
    del old.referrals[referral.referral_id]
    new.put(replace(referral, firm_id=new.firm_id, need_id=target))
    _withdraw(old, need)
    if referral.partner not in new.told:  # it is to hear whose task it has now, as soon as that is known
        new.told[referral.partner] = ""
        new.retold.add(referral.partner)


def _withdraw(case: Case, need: Need) -> None:
    case.put(replace(need, state=NeedState.WITHDRAWN, reason=Ended.FIRM_MERGED.value))


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

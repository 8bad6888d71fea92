"""One policy's word on a firm: its segment, its needs, and where each goes. The services' own rules are asked. Pure.

Every firm is routed as if it came in now for the first time: who rejected a need before, who serves the firm already
and what a body answered about a membership are not looked at, so that two policies are compared and not two histories.
"""

from collections.abc import Hashable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from services.classifier.domain import assess
from services.referral import ties
from services.referral.case import Case, Moment, Need, NeedState
from services.referral.eligibility import Facts, facts_of, failing, province_of
from services.referral.handover import decide, need_id
from services.referral.receipt import Decision, Outcome, Predicate, Rule
from shared.agreement import Agreement, day_of
from shared.contracts.classifier import FirmAssessed
from shared.contracts.classifier import Need as Stated
from shared.contracts.intake import FirmRegistered

NeedKey = tuple[str, bool, str | None]
"""Front, import or not, market."""

NO_SUCH_FRONT = "no_such_front"
"""Where a need goes that was declared on a front which the policy does not have."""

_MOST = 30_000
"""Decisions that are remembered for each policy, some tens of MB; all are dropped when there are more."""


class Routed(NamedTuple):
    """What a receipt says of a need, without the reasons. `holder` is the responsible partner, or why there is none."""

    holder: str
    rule: Rule | None
    partner: str | None = None
    beside: tuple[str, ...] = ()
    """Who comes in beside the partner: supporting ones, then the executor in the market."""


class Word(NamedTuple):
    """What a policy says of one firm."""

    assessed: FirmAssessed
    needs: dict[NeedKey, Routed]


class Replay:
    """A policy, asked as it stands at one moment, whatever day it is to be followed from."""

    def __init__(self, agreement: Agreement, at: datetime) -> None:
        self.agreement = agreement
        self.moment = Moment("whatif", at, day_of(at), agreement)
        self._fronts = frozenset(front.code for front in agreement.fronts)
        self._known: dict[Hashable, Routed | tuple[str, ...]] = {}
        self._alike = lru_cache(maxsize=_MOST)(self._failing)

    def ask(self, firm: FirmRegistered) -> Word:
        assessed = assess(firm, self.agreement)
        if not assessed.needs:
            return Word(assessed, {})
        facts = facts_of(assessed.profile, self.agreement.criteria)
        shared = self._asked_for_all_needs(assessed)
        return Word(assessed, {need.key: self._route(assessed, need, facts, shared) for need in assessed.needs})

    def receipts(self, firm: FirmRegistered) -> dict[NeedKey, Decision]:
        """The whole receipts of a firm, nothing remembered; a need on a front that the policy lacks has none."""
        assessed = assess(firm, self.agreement)
        return {need.key: self._decide(assessed, need) for need in assessed.needs if need.front in self._fronts}

    def _route(self, assessed: FirmAssessed, need: Stated, facts: Facts, shared: Hashable) -> Routed:
        if need.front not in self._fronts:
            return Routed(NO_SUCH_FRONT, None)
        # Among several bodies of a firm the hash may choose who comes in beside an owner, and no receipt says so; the
        # day since when decides among them as well.
        if len(assessed.memberships) > 1:
            return _routed(self._decide(assessed, need))
        if need.unit is not None:
            facts = replace(facts, province=province_of(assessed.profile, need.unit))
        return self._remembered(assessed, need, (need.key, self._alike(facts), shared))

    def _remembered(self, assessed: FirmAssessed, need: Stated, asked: Hashable) -> Routed:
        """The decision on an equal question; the firm's id, of which no rule but the tie knows, is no part of it."""
        known = self._known.get(asked)
        if isinstance(known, Routed):
            return known
        if known is not None:
            winner, _ = ties.settle(assessed.firm_id, known, ())
            won = self._known.get((asked, winner))
            if isinstance(won, Routed):
                return won
        if len(self._known) >= _MOST:
            self._known.clear()
        decision = self._decide(assessed, need)
        routed = _routed(decision)
        if decision.tie is None:
            self._known[asked] = routed
        else:
            self._known[asked] = decision.tie.members
            self._known[asked, decision.partner] = routed
        return routed

    def _failing(self, facts: Facts) -> tuple[Predicate | None, ...]:
        """All that the rules ask of a firm's facts: what it fails with each partner that takes firms for what they
        are."""
        takes = (one.takes for one in self.agreement.signatories if one.takes is not None)
        return tuple(failing(each, facts, self.agreement) for each in takes)

    def _asked_for_all_needs(self, assessed: FirmAssessed) -> Hashable:
        """What the rules ask of a firm besides its facts, without what tells firms apart and no rule asks for: when a
        consent was given, which submission a publisher made, since when a firm is its only body's member."""
        at = self.moment.at
        profile = assessed.profile
        return (
            frozenset(
                (one.to, one.purpose, one.expires_at is None or one.expires_at > at) for one in assessed.consents
            ),
            tuple(one.partner for one in assessed.memberships),
            frozenset(profile.declared_memberships or ()),
            profile.preferred_partner,
            any(one.partner == profile.preferred_partner for one in assessed.publishers),
        )

    def _decide(self, assessed: FirmAssessed, stated: Stated) -> Decision:
        firm_id = assessed.firm_id
        need = Need(
            need_id=need_id(firm_id, stated),
            firm_id=firm_id,
            front=stated.front,
            import_=stated.import_,
            market=stated.market,
            declared=stated.declared,
            state=NeedState.WAITING_CONSENT,
        )
        return decide(Case(firm_id), need, assessed, stated.unit, self.moment)


def _routed(decision: Decision) -> Routed:
    executor = () if decision.executor is None else (decision.executor,)
    holder = decision.partner if decision.partner is not None else decision.outcome.value
    return Routed(holder, decision.rule, decision.partner, (*decision.supporting, *executor))


NOBODY = frozenset(one.value for one in Outcome if one is not Outcome.ASSIGNED) | {NO_SUCH_FRONT}
"""Holders that are no partner."""

"""A receipt as each of its readers may see it: the partner, the firm; the Region reads it whole. Pure.

One artefact, three views. Predicates of other bodies would leak memberships, refusals and ranks: a partner reads its
own verdict in full and of every other candidate one of three words. The firm reads what decided and why, since it is
about the firm; a person's name and words are the Region's alone.
"""

from functools import lru_cache

import msgspec

from services.referral.receipt import Candidate, Change, Decision, Rule, Step, Tie, Verdict
from shared.contracts import referrals

_OWNERS = frozenset({Rule.OWNER_OF_FRONT, Rule.OWNER_OF_IMPORT})


def partners_view(decision: Decision, partner: str) -> referrals.Decision:
    """The receipt as `partner` may read it, whatever its role."""
    mine = decision.partner == partner
    tie = decision.tie if _may_see_tie(decision, partner) else None
    return referrals.Decision(
        agreement=decision.agreement,
        rule=decision.rule.value,
        path=tuple(
            # The words of the step that decided name whom it chose.
            referrals.Step(
                step=step.rule.value, reason=step.reason if mine and step.rule is decision.rule else "passed"
            )
            for step in decision.path
        ),
        candidates=tuple(_for_partner(one, decision, partner, tie) for one in decision.candidates),
        would_change_it=tuple(change.fact for change in decision.would_change_it if change.partner in (partner, None)),
        tie=referrals.Tie(members=tie.members, hash=tie.hash) if tie else None,
    )


def _may_see_tie(decision: Decision, partner: str) -> bool:
    """A tie is told to those who were in it, where it was one of eligibility: that bodies tied for a member would say
    that both have it. Where a candidate is out because it has rejected the need, its absence would tell."""
    if decision.rule is not Rule.TIE or decision.tie is None or partner not in decision.tie.members:
        return False
    return not any(one.predicate == "rejected_earlier" for one in decision.candidates)


def _for_partner(candidate: Candidate, decision: Decision, partner: str, tie: Tie | None) -> referrals.Candidate:
    if candidate.partner == partner:
        return referrals.Candidate(
            partner=partner, verdict=candidate.verdict.value, predicate=candidate.predicate.value
        )
    verdict = Verdict.NOT_SELECTED
    if decision.rule in _OWNERS and candidate.partner != decision.partner:
        verdict = Verdict.OTHER_OWNER_OF_FRONT
    elif tie is not None and candidate.verdict is Verdict.TIE_LOST:
        verdict = Verdict.TIE_LOST
    return _told(candidate.partner, verdict)


@lru_cache(maxsize=256)
def _told(partner: str, verdict: Verdict) -> referrals.Candidate:
    """A candidate as others read it: one of three words of each signatory, made once."""
    return referrals.Candidate(partner=partner, verdict=verdict.value)


class FirmsReceipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The receipt as the firm may read it: everything but who at the Region decided, in which words."""

    agreement: str
    rule: Rule
    path: tuple[Step, ...]
    candidates: tuple[Candidate, ...]
    would_change_it: tuple[Change, ...]
    partner: str | None = None
    tie: Tie | None = None
    supporting: tuple[str, ...] = ()
    executor: str | None = None


def firms_view(decision: Decision) -> FirmsReceipt:
    """The receipt as the firm may read it."""
    return FirmsReceipt(**{name: getattr(decision, name) for name in FirmsReceipt.__struct_fields__})

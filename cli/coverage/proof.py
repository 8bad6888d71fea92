"""Where every cell goes: one responsible partner, a tie with its names, or a gap. Pure.

The rules themselves are asked, with a firm that consents to everybody. Facts of the firm that the receipt's path shows
not to have been asked for are not varied: the decision is the same for all of them, and it is counted for each.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from cli.coverage.space import Kind, Space, space
from services.referral.receipt import Decision, Predicate, Rule, Verdict
from services.referral.routing import Question, route
from shared.agreement import Agreement
from shared.contracts.firm import Consent, Membership

_FIRM = "00000000-0000-8000-8000-000000000000"
"""Any firm: who wins a tie is of no account here."""
_ELIGIBLE = frozenset({Rule.ELIGIBILITY, Rule.TIE})


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom needs of one front and direction go to: one partner, or those who are tied for them; by which rule."""

    front: str
    import_: bool
    partners: tuple[str, ...]
    rule: Rule


@dataclass(slots=True)
class Gap:
    """Cells of one front and direction in which the agreement names nobody, and one of them."""

    front: str
    import_: bool
    why: str
    example: str
    cells: int = 0


@dataclass(frozen=True, slots=True)
class Unserved:
    """Cells for which none of the responsible partners offers a service."""

    front: str
    import_: bool
    segment: str
    partners: tuple[str, ...]
    cells: int


@dataclass(slots=True)
class Proof:
    """What was found. Counts are of cells; `tried` is how often the rules were asked."""

    agreement: Agreement
    space: Space
    day: date
    tried: int = 0
    held: Counter[Holder] = field(default_factory=Counter)
    gaps: dict[tuple[str, bool, str], Gap] = field(default_factory=dict)
    eligible: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(partner, provinces that no rule tells apart) -> cells that it takes for what the firm is, tied ones included."""

    @property
    def complete(self) -> bool:
        return not self.gaps

    def ties(self) -> list[tuple[tuple[str, ...], int]]:
        """The partners of each tie, and in how many cells they are tied; the most frequent first."""
        found: Counter[tuple[str, ...]] = Counter()
        for holder, cells in self.held.items():
            if len(holder.partners) > 1:
                found[holder.partners] += cells
        return found.most_common()

    def unserved(self) -> list[Unserved]:
        """By front, direction and segment."""
        found = []
        for holder, cells in sorted(self.held.items(), key=lambda item: (item[0].front, item[0].import_)):
            for segment in self.space.segments:
                if not any(self._offers(partner, holder, segment) for partner in holder.partners):
                    each = cells // len(self.space.segments)
                    found.append(Unserved(holder.front, holder.import_, segment, holder.partners, each))
        return found

    def _offers(self, partner: str, holder: Holder, segment: str) -> bool:
        return bool(self.agreement.services_for(partner, holder.front, (segment,), None, holder.import_, self.day))


def prove(agreement: Agreement, day: date) -> Proof:
    """Try every cell under the agreement as it stands on `day`."""
    proof = Proof(agreement, space(agreement), day)
    every = sum(kind.count for kind in proof.space.kinds)
    first, *others = proof.space.kinds
    for front, import_ in proof.space.needs:
        for members in proof.space.memberships:
            decision = _decide(proof, front, import_, members, first)
            if not any(step.rule is Rule.ELIGIBILITY for step in decision.path):
                _note(proof, decision, front, import_, members, first, every)
                continue
            _note(proof, decision, front, import_, members, first, first.count)
            for kind in others:
                decision = _decide(proof, front, import_, members, kind)
                _note(proof, decision, front, import_, members, kind, kind.count)
    return proof


def _decide(proof: Proof, front: str, import_: bool, members: tuple[str, ...], kind: Kind) -> Decision:
    proof.tried += 1
    at = datetime.combine(proof.day, time(12), UTC)
    return route(
        Question(
            firm_id=_FIRM,
            front=front,
            import_=import_,
            facts=kind.facts,
            consents=(Consent(to="any", purpose="referral", given_at=at),),
            memberships=tuple(Membership(partner=code) for code in members),
            excluded=frozenset(),
            rerouted=0,
            at=at,
            day=proof.day,
        ),
        proof.agreement,
    )


def _note(
    proof: Proof, decision: Decision, front: str, import_: bool, members: tuple[str, ...], kind: Kind, firms: int
) -> None:
    cells = firms * len(proof.space.segments)
    why = _gap(decision, front, proof.agreement)
    if why is not None:
        example = f"{kind.name}, member of {' and '.join(members) or 'nobody'}"
        gap = proof.gaps.setdefault((front, import_, why), Gap(front, import_, why, example))
        gap.cells += cells
        return
    partners = decision.tie.members if decision.tie else (decision.partner or "",)
    proof.held[Holder(front, import_, partners, decision.rule)] += cells
    if decision.rule in _ELIGIBLE:
        for partner in partners:
            proof.eligible[partner, kind.province] += cells


def _gap(decision: Decision, front: str, agreement: Agreement) -> str | None:
    """Why nobody is found who could answer for the need; None where somebody is."""
    equal = [
        one.partner
        for one in decision.candidates
        if one.predicate is Predicate.ELIGIBLE and one.verdict is Verdict.NOT_SELECTED
    ]
    if equal:
        return f"{', '.join(equal)} are equal, and no rule chooses among them"
    if decision.partner is None:
        return f"nobody is responsible ({decision.rule})"
    if not agreement.serves(decision.partner, front):
        return f"{decision.partner} is responsible and does not serve the front"
    return None

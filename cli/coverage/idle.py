"""Rules that never decide: dead, because nothing fits them, or shadowed, because another always goes before. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cli.coverage.proof import Proof
from services.referral.eligibility import failing
from services.referral.receipt import Rule
from shared.agreement import Signatory

_STEP = {
    Rule.OWNER_OF_FRONT: "owner_of_front",
    Rule.OWNER_OF_IMPORT: "owner_of_import",
    Rule.VERIFIED_MEMBERSHIP: "membership",
    Rule.ELIGIBILITY: "eligibility",
    Rule.TIE: "tie",
    Rule.FALLBACK: "fallback",
}
"""A receipt's rule -> its name in the agreement's order."""


@dataclass(frozen=True, slots=True)
class Idle:
    """A rule that decides no cell. `shadowed`: there are cells that it fits."""

    rule: str
    kind: Literal["dead", "shadowed"]
    why: str


def idle(proof: Proof) -> list[Idle]:
    """In the order of the rules."""
    return [*_steps(proof), *_owners(proof), *_bodies(proof)]


def _steps(proof: Proof) -> Iterator[Idle]:
    order = proof.agreement.routing.order
    used = {_STEP[holder.rule] for holder in proof.held}
    for step in _STEP.values():
        if step not in order:
            yield Idle(step, "dead", "the agreement does not ask it")
        elif step not in used and not (step == "eligibility" and "tie" in used):
            yield Idle(step, "shadowed", "the rules before it leave it nothing")


def _owners(proof: Proof) -> Iterator[Idle]:
    deciding = {(holder.front, holder.partners) for holder in proof.held if holder.rule is Rule.OWNER_OF_FRONT}
    for front in proof.agreement.fronts:
        if front.owner is not None and (front.code, (front.owner,)) not in deciding:
            yield Idle(f"owner of {front.code}", "shadowed", f"{front.owner} is never asked by it")


def _bodies(proof: Proof) -> Iterator[Idle]:
    by_membership = {
        partner for holder in proof.held if holder.rule is Rule.VERIFIED_MEMBERSHIP for partner in holder.partners
    }
    for signatory in proof.agreement.signatories:
        if signatory.members and signatory.code not in by_membership:
            told = "it serves no front that memberships decide, or others go before it"
            yield Idle(f"membership of {signatory.code}", "shadowed", told)
        if signatory.takes is not None:
            yield from _eligibility(signatory, proof)


def _eligibility(signatory: Signatory, proof: Proof) -> Iterator[Idle]:
    """What the body takes, as a whole and province by province."""
    name = f"eligibility of {signatory.code}"
    assert signatory.takes is not None
    fits = dict.fromkeys(
        kind.province for kind in proof.space.kinds if failing(signatory.takes, kind.facts, proof.agreement) is None
    )
    taken = {province for partner, province in proof.eligible if partner == signatory.code}
    if not fits:
        yield Idle(name, "dead", "no firm fits it")
    elif not taken:
        yield Idle(name, "shadowed", "another rule or a more specific body always goes before it")
    else:
        for province in fits:
            if province not in taken:
                yield Idle(f"{name} in {province}", "shadowed", "a more specific body always goes before it")

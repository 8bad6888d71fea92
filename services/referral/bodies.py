"""Which of several bodies that have the firm as their verified member goes first. Pure.

The firm's declared choice, then the more specific body, then the oldest membership; what is left to chance goes by the
hash of firm and partner (`ties`).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from services.referral.receipt import Predicate
from shared.agreement import Signatory


def narrowing(
    bodies: Sequence[str], choice: str | None, since: Mapping[str, date | None], signatories: Mapping[str, Signatory]
) -> Iterator[tuple[Sequence[str], Predicate]]:
    """Who is left after each rule, and what the others fail by it. `since`: body -> since when the firm is its
    member."""
    if choice in bodies:
        bodies = [code for code in bodies if code == choice]
        yield bodies, Predicate.NOT_DECLARED_CHOICE
    bodies = inner(bodies, signatories)
    yield bodies, Predicate.LESS_SPECIFIC
    oldest = min((since[code] or date.max for code in bodies), default=date.max)
    yield [code for code in bodies if (since[code] or date.max) == oldest], Predicate.YOUNGER_MEMBERSHIP


def inner(codes: Sequence[str], signatories: Mapping[str, Signatory]) -> list[str]:
    """Without the bodies in which another of these is nested."""
    outer = {signatories[code].nested_in for code in codes}
    return [code for code in codes if code not in outer]

"""The contract's rule for numbers, as a partner follows it on one of its topics.

Same generation and a number not above the last one: a repeat. The next number: new. A higher one: a gap. A new
generation begins at its first number; what still comes of an earlier one is a repeat.
"""

from dataclasses import dataclass, field
from enum import Enum

from cli.partner.letters import Heard


class Verdict(Enum):
    NEW = "new"
    REPEAT = "repeat"
    GAP = "gap"


@dataclass(slots=True)
class Numbers:
    """How far one topic was heard. `last` is None for whoever begins in the middle: nothing was missed before that."""

    last: int | None = None
    generation: str | None = None
    past: set[str] = field(default_factory=set)

    def judge(self, heard: Heard) -> Verdict:
        """What this record is, with nothing taken note of yet."""
        if heard.sequence is None or heard.generation is None:
            return Verdict.NEW
        if heard.generation in self.past:
            return Verdict.REPEAT
        begins = self.generation is not None and heard.generation != self.generation
        if begins or self.last is None:
            return Verdict.NEW
        if heard.sequence <= self.last:
            return Verdict.REPEAT
        return Verdict.NEW if heard.sequence == self.last + 1 else Verdict.GAP

    def missing_before(self, heard: Heard) -> int:
        """How many numbers are missing before this record, which is a gap."""
        return (heard.sequence or 0) - (self.last or 0) - 1

    def take(self, heard: Heard) -> None:
        """Go on from this record."""
        if heard.sequence is None or heard.generation is None:
            return
        if self.generation is not None and heard.generation != self.generation:
            self.past.add(self.generation)
        self.generation, self.last = heard.generation, heard.sequence

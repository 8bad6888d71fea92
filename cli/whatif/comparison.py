"""What differs between two policies, added up firm by firm. Pure.

Only sums are kept, and the first few firms that differ: firms come in the order of their ids, which are keyed hashes,
so that these are a sample like any other and the same in every run.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from cli.whatif.replay import NOBODY, NeedKey, Replay, Routed, Word
from services.referral.receipt import Decision
from shared.contracts.classifier import FirmAssessed, Segment
from shared.contracts.intake import FirmRegistered

NO_NEED = "no_need"
"""Where a need stands under a policy that does not give it."""


class Flow(NamedTuple):
    """Needs of a front and direction that one holder loses to another. A holder is a partner, why there is none
    (waiting_consent, waiting_membership, manual, no_such_front), or `no_need`."""

    front: str
    import_: bool
    before: str
    after: str


class Sample(NamedTuple):
    """A firm that differs: its segments, and the receipts of the needs that do; None where a policy has no such
    receipt."""

    firm_id: str
    segment_before: str
    segment_after: str
    receipts: list[tuple[NeedKey, Decision | None, Decision | None]]


@dataclass(slots=True)
class Side:
    """One policy's sums: needs by segment, by holder, and copies beside a responsible partner by who gets them."""

    segments: Counter[str] = field(default_factory=Counter)
    holders: Counter[str] = field(default_factory=Counter)
    beside: Counter[str] = field(default_factory=Counter)

    def add(self, word: Word) -> None:
        self.segments[segment_of(word.assessed.segment)] += 1
        for routed in word.needs.values():
            self.holders[routed.holder] += 1
            self.beside.update(routed.beside)


class Comparison:
    """Both policies beside each other. `changed` counts firms of which anything differs; `assessments` those among
    them whose segment stays and whose possible segments, presumptions, warnings, or open questions do not; `beside` and
    `rules` count needs that stay with their holder, with others beside it, or by another rule alone."""

    def __init__(self, before: Replay, after: Replay, samples: int) -> None:
        self.replays = before, after
        self.wanted = samples
        self.firms = self.changed = self.assessments = self.beside = self.rules = 0
        self.before, self.after = Side(), Side()
        self.segments: Counter[tuple[str, str]] = Counter()
        self.flows: Counter[Flow] = Counter()
        self.samples: list[Sample] = []

    def add(self, firm: FirmRegistered) -> None:
        """Ask both policies about a firm."""
        before, after = (replay.ask(firm) for replay in self.replays)
        self.firms += 1
        self.before.add(before)
        self.after.add(after)
        moved = [key for key in before.needs | after.needs if self._differs(key, before, after)]
        reassessed = self._reassessed(before.assessed, after.assessed)
        if moved or reassessed:
            self.changed += 1
            if len(self.samples) < self.wanted:
                self.samples.append(self._sample(firm, before, after, moved))

    def newly(self) -> dict[str, int]:
        """Needs without a partner, by why, that had one before or did not exist."""
        found: Counter[str] = Counter()
        for flow, needs in self.flows.items():
            if flow.after in NOBODY and flow.before not in NOBODY:
                found[flow.after] += needs
        return dict(found)

    def _differs(self, key: NeedKey, before: Word, after: Word) -> bool:
        nothing = Routed(NO_NEED, None)
        one, other = before.needs.get(key, nothing), after.needs.get(key, nothing)
        if one == other:
            return False
        if one.holder != other.holder:
            self.flows[Flow(key[0], key[1], one.holder, other.holder)] += 1
        elif one.beside != other.beside:
            self.beside += 1
        else:
            self.rules += 1
        return True

    def _reassessed(self, before: FirmAssessed, after: FirmAssessed) -> bool:
        one, other = before.segment, after.segment
        same = msgspec.structs.replace(other, agreement=one.agreement) == one and before.missing == after.missing
        if same:
            return False
        names = segment_of(one), segment_of(other)
        if names[0] != names[1]:
            self.segments[names] += 1
        else:
            self.assessments += 1
        return True

    def _sample(self, firm: FirmRegistered, before: Word, after: Word, moved: list[NeedKey]) -> Sample:
        one, other = (replay.receipts(firm) for replay in self.replays)
        segments = segment_of(before.assessed.segment), segment_of(after.assessed.segment)
        return Sample(firm.firm_id, *segments, [(key, one.get(key), other.get(key)) for key in moved])


def segment_of(segment: Segment) -> str:
    """The segment's name, or the names of all that are possible."""
    return segment.value or " or ".join(segment.possible)

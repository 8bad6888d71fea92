"""What the partners sent, as they themselves would have written it down: the judge's one source of what should be."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Entry:
    """One record that a partner handed to its client. `at` is the place that the broker acknowledged, None before."""

    partner: str
    topic: str
    event_id: str
    kind: str
    firm: int
    """Which firm it is about, by its number in the run; -1 for an answer to a referral."""
    data: dict[str, object]
    repeats: bool = False
    """Whether it is the very same event once more."""
    at: tuple[int, int] | None = None
    """Partition and offset."""


@dataclass(slots=True)
class Ledger:
    """All of it, in the order in which each partner sent."""

    entries: list[Entry] = field(default_factory=list)
    firms: int = 0
    failures: list[str] = field(default_factory=list)

    def enter(self, entry: Entry) -> Entry:
        self.entries.append(entry)
        return entry

    def on_firms(self) -> Iterator[Entry]:
        return (entry for entry in self.entries if entry.topic.endswith(".firms.v1"))

    def latest(self) -> dict[tuple[int, str], Entry]:
        """The submission that stands for each firm and partner: each partner's last, since each is newer than the one
        before."""
        return {
            (entry.firm, entry.partner): entry
            for entry in self.on_firms()
            if entry.kind.endswith("firm.submitted.v1") and not entry.repeats
        }

    def consents(self) -> dict[int, bool]:
        """Firm -> whether it lets anybody help it in the end: the latest grant or revocation wins, a revocation a
        tie."""
        said: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for entry in self.on_firms():
            if entry.kind.endswith("consent.revoked.v1"):
                said[entry.firm].append((str(entry.data["revoked_at"]), 1))
            elif consents := entry.data.get("consents"):
                assert isinstance(consents, list)
                said[entry.firm] += [(str(one["given_at"]), 0) for one in consents]
        return {firm: max(said[firm])[1] == 0 if said[firm] else False for firm in range(self.firms)}

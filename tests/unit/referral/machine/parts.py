"""What the model keeps: tasks, needs, and what is told of them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from tests.unit.referral.machine.table import Kind, Place

FRONTS = {"information": "information", "assistance": "assistance", "import": "information"}
"""The needs of the model's firm and their fronts: to be informed; to be accompanied, in a market; to be informed of
import."""
MARKETS = {"assistance": "AE"}


@dataclass(eq=False)
class Want:
    """A need. `hops` counts the partners that it was taken from."""

    key: str
    state: str = "waiting_consent"
    holder: "Task | None" = None
    excluded: set[str] = field(default_factory=set)
    hops: int = 0
    closed_at: datetime | None = None
    leg_lost: bool = False

    @property
    def front(self) -> str:
        return FRONTS[self.key]

    @property
    def standing(self) -> str:
        return "referred without its leg" if self.leg_lost and self.state == "referred" else self.state

    def end(self, state: str, at: datetime) -> None:
        self.state, self.closed_at, self.leg_lost = state, at, False

    def exclude(self, partner: str) -> None:
        if partner not in self.excluded:
            self.excluded.add(partner)
            self.hops += 1

    def let_in(self, partner: str) -> None:
        if partner in self.excluded:
            self.excluded.remove(partner)
            self.hops = max(self.hops - 1, 0)


@dataclass(eq=False)
class Task:
    """A referral. `why` is the coded reason of its latest change, `asked` why its cancellation was requested."""

    want: Want
    partner: str
    role: str
    status: str = "requested"
    back: str | None = None
    until: datetime | None = None
    why: str | None = None
    asked: str | None = None
    replaces: "Task | None" = None
    part_of: "Task | None" = None
    id: str = ""
    """The service's, known once it has opened it."""
    accept_by: datetime | None = None
    contact_by: datetime | None = None
    heard_by: datetime | None = None
    remind_at: datetime | None = None
    escalate_at: datetime | None = None
    confirm_by: datetime | None = None
    confirmed: str | None = None
    """What the firm says of its completion: `pending` until it answers or its link ends (`answer_by`)."""
    answer_by: datetime | None = None
    held_at: datetime | None = None
    said: list[object] = field(default_factory=list)
    """Its partner's records that were taken."""

    @property
    def place(self) -> Place:
        return Place(self.status, self.back, self.asked is not None)

    @property
    def kind(self) -> Kind:
        return Kind(self.role, self.want.front == "information")

    @property
    def is_given_back(self) -> bool:
        return self.status in ("rejected", "failed", "entered_in_error") or (
            self.status == "cancelled" and self.why == "no_response"
        )

    @property
    def awaited(self) -> str:
        """What its partner is reminded of."""
        if self.status in ("requested", "received"):
            return "acceptance_due"
        return "first_contact_due" if self.status == "accepted" else "update_due"

    @property
    def ball(self) -> str:
        """Who holds the ball."""
        match self.status:
            case "requested" | "received" | "accepted" | "in_progress":
                return "partner"
            case "on_hold":
                return "firm" if self.why == "waiting_firm" else "paused"
            case "completed":
                return "firm" if self.confirmed == "pending" else "hub"
            case _:
                return "hub"


class Told(NamedTuple):
    """What is heard: a task `opened`, `moved`, `asked`, `reminded`, `escalated`, `answered`; a body was `queried`."""

    what: str
    task: Task | None
    of: str | None = None
    reason: str | None = None

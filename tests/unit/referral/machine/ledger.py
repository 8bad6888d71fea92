"""What the hub does to referrals and needs, in the model: it takes back, closes copies, hands on, opens."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from shared.agreement import Agreement
from tests.unit.referral.machine.clockwork import Clockwork
from tests.unit.referral.machine.parts import Task, Told, Want
from tests.unit.referral.machine.rules import Firm, choose
from tests.unit.referral.machine.table import Cell, Event, Follows, Place, expected

NOBODYS = ("waiting_consent", "waiting_membership", "manual")


@dataclass
class Ledger:
    """All that is known of one firm. `now` is the house's time."""

    accord: Agreement
    firm: Firm
    now: datetime
    tasks: list[Task] = field(default_factory=list)
    wants: dict[str, Want] = field(default_factory=dict)
    rung: list[tuple[Place, str]] = field(default_factory=list)
    """Clocks that rang, and where their task stood."""
    clocks: Clockwork = field(init=False)

    def __post_init__(self) -> None:
        self.clocks = Clockwork(self.accord)
        self.firm.judged = self.clocks.judged

    def takes_back(self, task: Task, why: str) -> Iterator[Told]:
        """The hub cancels or asks; the need goes where the reason sends it."""
        ends = _by_hub(task, why).what == "ends"
        yield from self._taken_back(task, why)
        if ends and task.role == "responsible":
            yield from self._after(task.want, task, why)
        elif ends:
            self._given_back(task)

    def _taken_back(self, task: Task, why: str) -> Iterator[Told]:
        follows = _by_hub(task, why)
        if follows.what == "asks":
            task.asked = why
            self.clocks.asked(task, self.now)
            yield Told("asked", task, why)
        elif follows.what == "ends":
            was, task.status, task.why, task.back, task.until = task.status, "cancelled", why, None, None
            yield Told("moved", task, f"{was}>cancelled", why)
            yield from self._copies(task)

    def _copies(self, task: Task) -> Iterator[Told]:
        """What was a copy of this task ends with it."""
        if task.place.is_open or task.role != "responsible":
            return
        for copy in self.tasks:
            if copy.part_of is task and copy.role == "supporting" and copy.place.is_open:
                was, done = copy.status, task.status == "completed"
                copy.status, copy.back, copy.until = "completed" if done else "cancelled", None, None
                copy.why = None if done else task.why if task.status == "cancelled" else "superseded"
                yield Told("moved", copy, f"{was}>{copy.status}", copy.why)

    def _after(self, want: Want, task: Task, why: str) -> Iterator[Told]:
        match why:
            case "firm_ceased" | "firm_merged" | "firm_erased":
                want.state = "withdrawn"
                yield from self._end_leg(want, why)
            case "firm_request" | "duplicate":
                want.end("unmet", self.now)
                yield from self._end_leg(want, why)
            case "superseded":
                want.state = "manual"
            case _:
                if why in ("no_response", "partner_left"):
                    want.exclude(task.partner)
                yield from self.routes(want)

    def _end_leg(self, want: Want, why: str) -> Iterator[Told]:
        """Nobody is responsible for the need any more, and so nobody carries out its leg in the market."""
        for task in self.tasks:
            if task.want is want and task.role == "executor" and task.place.is_open:
                yield from self._taken_back(task, why)

    def _given_back(self, task: Task) -> None:
        """A leg that its executor will not do is a person's to place, beside a need that stays where it is."""
        if task.role == "executor" and task.is_given_back and task.want.state == "referred":
            task.want.leg_lost = True

    def routes(self, want: Want) -> Iterator[Told]:
        """The need goes to whom the rules name, and keeps what they say."""
        if want.key not in self.firm.stated:
            want.state = "withdrawn"
            yield from self._end_leg(want, "superseded")
            return
        choice = choose(self.firm, want, self.now)
        before = want.holder if want.closed_at is None else None
        want.state, want.leg_lost, want.closed_at = choice.state, False, None
        if choice.partner is not None:
            task = self._opens(want, choice.partner, "responsible", before)
            want.holder = task
            yield Told("opened", task)
            for partner in choice.supporting:
                yield Told("opened", self._opens(want, partner, "supporting", part_of=task))
            yield from self._leg(want, task, choice.executor)
        if choice.asks:
            self.firm.query_until = self.accord.working_days.due(self.now, self.accord.deadlines.membership_query)
            yield Told("queried", None, self.firm.declared)

    def _leg(self, want: Want, task: Task, executor: str | None) -> Iterator[Told]:
        """A need that is handed on keeps the leg that it has or had; one that was given back waits for a person."""
        legs = [one for one in self.tasks if one.want is want and one.role == "executor"]
        legs = [one for one in legs if one.is_given_back or one.status != "cancelled"]
        if task.replaces is None:
            legs = [one for one in legs if one.place.is_open]
        if legs and legs[-1].is_given_back:
            want.leg_lost = True
        elif not legs and executor is not None:
            yield Told("opened", self._opens(want, executor, "executor", part_of=task))

    def _opens(
        self, want: Want, partner: str, role: str, replaces: Task | None = None, part_of: Task | None = None
    ) -> Task:
        task = Task(want, partner, role, replaces=replaces, part_of=part_of)
        self.clocks.opens(task, self.now)
        self.tasks.append(task)
        return task


def _by_hub(task: Task, why: str) -> Follows:
    return expected(Cell(task.kind, task.place, Event("hub", why)))

"""The model's deadlines, in working days of the accord's calendar: when each begins, rests, goes on and is judged."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.agreement import Agreement, day_of
from tests.unit.referral.machine.parts import Task
from tests.unit.referral.machine.rules import Firm
from tests.unit.referral.machine.table import running
from tests.unit.referral.machine.words import CLOCKS

REMIND, ESCALATE, REROUTE, CONTACT, SILENCE, CANCELLATION, ANSWER, AFTER_OUTAGE = 3, 5, 7, 10, 60, 5, 20, 1


@dataclass
class Clockwork:
    accord: Agreement
    outages: list[tuple[datetime, datetime]] = field(default_factory=list)

    def _due(self, at: datetime, days: int) -> datetime:
        return self.accord.working_days.due(at, days)

    def opens(self, task: Task, at: datetime) -> None:
        if task.role != "supporting":
            task.remind_at, task.escalate_at = self._due(at, REMIND), self._due(at, ESCALATE)
            task.accept_by = self._due(at, REROUTE)

    def moves(self, task: Task, to: str, at: datetime) -> None:
        """Before the move itself."""
        if task.role == "supporting":
            return
        if to == "on_hold":
            task.held_at = at
        elif to == "completed":
            task.confirmed, task.answer_by = "pending", self._due(at, ANSWER)
        elif to == "in_progress":
            self.heard(task, at)
        elif to == "accepted" and task.status == "on_hold":
            self.resumes(task, at)
        elif to == "accepted":
            task.remind_at, task.contact_by = None, self._due(at, CONTACT)
            task.escalate_at = task.contact_by

    def heard(self, task: Task, at: datetime) -> None:
        if task.role != "supporting":
            task.heard_by = task.remind_at = self._due(at, SILENCE)
            task.escalate_at = self._due(at, SILENCE + ESCALATE - REMIND)

    def asked(self, task: Task, at: datetime) -> None:
        if task.role != "supporting":
            task.confirm_by = self._due(at, CANCELLATION)

    def resumes(self, task: Task, at: datetime) -> None:
        """What is left of the clocks after a hold is what was left before it."""
        assert task.held_at is not None
        days = self.accord.working_days.between(day_of(task.held_at), day_of(at))
        for name in ("contact_by", "heard_by", "remind_at", "escalate_at"):
            due_at = getattr(task, name)
            if due_at is not None and days and not (name == "contact_by" and task.back == "in_progress"):
                setattr(task, name, self._due(due_at, days))

    def judged(self, due_at: datetime) -> datetime:
        """A deadline that falls into an outage of ours is judged a working day after its end."""
        for began_at, ended_at in self.outages:
            if began_at < due_at <= ended_at:
                due_at = self._due(ended_at, AFTER_OUTAGE)
        return due_at

    def running(self, task: Task, firm: Firm) -> list[tuple[datetime, str]]:
        """The clocks that run, the next one first."""
        ahead: list[tuple[datetime, str]] = []
        for kind in running(task.kind, task.place):
            due_at = self._due_at(kind, task, firm)
            if due_at is not None:
                ahead.append((self.judged(due_at) if kind in ("escalate", "reroute", "cancellation") else due_at, kind))
        return sorted(ahead, key=lambda one: (one[0], list(CLOCKS).index(one[1])))

    def _due_at(self, kind: str, task: Task, firm: Firm) -> datetime | None:
        match kind:
            case "hold":
                return task.until
            case "consent":
                return firm.consents.get(task.partner) if firm.known else None
            case "confirmation":
                return task.answer_by if task.confirmed == "pending" else None
            case "remind":
                return task.remind_at
            case "escalate":
                return task.escalate_at
            case "reroute":
                return task.accept_by
            case _:
                return task.confirm_by

    def is_late(self, task: Task, at: datetime) -> bool:
        due_at = {
            "requested": task.accept_by,
            "received": task.accept_by,
            "accepted": task.contact_by,
            "in_progress": task.heard_by,
        }.get(task.status)
        return due_at is not None and at > self.judged(due_at)

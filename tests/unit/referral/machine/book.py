"""The model: what becomes of a firm's referrals and needs, kept beside the service and told by the text alone.

Nothing of the service is imported. The calendar is the agreement's, because deadlines are days of it; all else is
written down here once more. Whatever happens is answered with what should be heard of it, in order.
"""

from collections.abc import Iterator
from datetime import date, datetime

from shared.agreement import end_of
from tests.unit.referral.machine.ledger import NOBODYS, Ledger
from tests.unit.referral.machine.parts import Task, Told, Want
from tests.unit.referral.machine.rules import choose
from tests.unit.referral.machine.table import Follows, Place
from tests.unit.referral.machine.words import NOT_ACCEPTED


class Book(Ledger):
    """All that is heard of one firm and its referrals."""

    # What a partner says.

    def says(
        self, task: Task, follows: Follows, reason: str | None, until: date | None
    ) -> tuple[list[str], list[Told]]:
        """Flags and what is heard of a word that was understood and is not refused."""
        late = ["late"] if self.clocks.is_late(task, self.now) else []
        match follows.what:
            case "note":
                self.clocks.heard(task, self.now)
                return late, []
            case "moves":
                return late, list(self.moves(task, follows.of, reason, end_of(until) if until else None))
            case "behind":
                return ["out_of_order"], []
            case _:
                return ["repeated"], []

    def moves(
        self, task: Task, to: str, reason: str | None = None, until: datetime | None = None, at: datetime | None = None
    ) -> Iterator[Told]:
        was, reason = task.status, task.asked if to == "cancelled" else reason
        self.clocks.moves(task, to, at or self.now)
        task.status, task.why, task.until = to, reason, until
        task.back = was if to == "on_hold" else None
        yield Told("moved", task, f"{was}>{to}", reason)
        if task.role != "responsible":
            self._given_back(task)
            return
        yield from self._copies(task)
        want = task.want
        if to == "completed":
            want.end("met", self.now)
        elif to == "failed" and reason != "service_ended":
            want.end("unmet", self.now)
            yield from self._end_leg(want, "firm_request" if reason == "firm_withdrew" else "superseded")
        elif to in ("rejected", "failed"):
            want.exclude(task.partner)
            yield from self._after(want, task, task.asked) if task.asked else self.routes(want)
        elif to == "cancelled":
            assert task.asked is not None, "nobody confirms what was not asked"
            yield from self._after(want, task, task.asked)

    # What is heard of the firm.

    def assessed(self) -> Iterator[Told]:
        """The firm as it is known now is taken in."""
        told, self.firm.told = self.firm.told, list(self.firm.stated)
        self.firm.known = True
        for task in list(self.tasks):
            why = self.firm.ends(task.partner, self.now) if task.place.is_open else None
            if why is not None:
                yield from self._taken_back(task, why)
                if task.role == "responsible" and task.status == "cancelled":
                    task.want.state = "withdrawn" if why == "firm_ceased" else "waiting_consent"
        for want in self.wants.values():
            if want.key in told and want.key not in self.firm.stated and self.is_unaccepted(want):
                assert want.holder is not None
                yield from self._taken_back(want.holder, "superseded")
                want.state = "withdrawn"
                yield from self._end_leg(want, "superseded")
        for want in self.wants.values():
            if want.key not in self.firm.stated and want.state in NOBODYS:
                want.state = "withdrawn"
                yield from self._end_leg(want, "superseded")
        for key in self.firm.stated:
            want = self.wants.setdefault(key, Want(key))
            again = want.closed_at is not None and self.firm.declared_after(key, want.closed_at)
            if again:
                want.excluded, want.hops = set(), 0
            if again or want.state in ("waiting_consent", "waiting_membership", "withdrawn"):
                yield from self.routes(want)

    def erased(self) -> Iterator[Told]:
        self.firm.forget()
        for task in self.tasks:
            if task.place.is_open:
                yield from self._taken_back(task, "firm_erased")
        for task in self.tasks:
            if task.status == "completed" and task.confirmed == "pending":
                task.confirmed = "unanswered"
                yield Told("answered", task, "unanswered")
            task.answer_by = None
        for want in self.wants.values():
            if want.state not in ("met", "unmet"):
                want.state = "withdrawn"
            want.holder, want.excluded, want.hops, want.leg_lost = None, set(), 0, False

    def body_says(self, member: bool, since: date | None) -> Iterator[Told]:
        """The body that was asked answers: what waited for it goes on, and what nobody has taken up yet goes to whom
        the rules name by the new word, where they had named whoever has it."""
        before = {
            key: choose(self.firm, want, self.now, waits=False).partner
            for key, want in self.wants.items()
            if self.is_unaccepted(want) and key in self.firm.stated
        }
        self.firm.word = (member, since if member else None)
        yield from self.silence()
        for key, named in before.items():
            want = self.wants[key]
            now = choose(self.firm, want, self.now).partner
            had = want.holder.partner if want.holder is not None and self.is_unaccepted(want) else None
            if want.holder is not None and had == named and now not in (named, None):
                yield from self.takes_back(want.holder, "membership_changed")

    def is_unaccepted(self, want: Want) -> bool:
        return want.state == "referred" and want.holder is not None and want.holder.status in NOT_ACCEPTED

    def silence(self) -> Iterator[Told]:
        for want in list(self.wants.values()):
            if want.state == "waiting_membership":
                yield from self.routes(want)

    def answers(self, task: Task, word: str) -> list[Told]:
        """The firm confirms or disputes by its link."""
        task.confirmed = word
        return [Told("answered", task, word)]

    # What a person and a clock do.

    def assigns(self, want: Want, partner: str) -> list[Told] | None:
        """The need, or its leg in the market, goes to whom a person names; None where that is not a person's to say."""
        leg = want.state == "referred" and want.leg_lost
        if not self.firm.known or self.firm.ceased or not (leg or want.state in NOBODYS):
            return None
        legs = [one for one in self.tasks if leg and one.want is want and one.role == "executor"]
        had = {one.partner for one in legs if one.status != "entered_in_error"}
        if partner in want.excluded | had or self.firm.consent(partner, self.now) != "yes":
            return None
        if leg:
            want.leg_lost = False
            return [Told("opened", self._opens(want, partner, "executor", part_of=want.holder))]
        want.holder = self._opens(want, partner, "responsible", want.holder)
        want.state, want.leg_lost = "referred", False
        return [Told("opened", want.holder)]

    def errs(self, task: Task) -> Iterator[Told]:
        """The task never should have been, nor its copies, wherever they stand; an exclusion that it caused is none."""
        was, want = task.status, task.want
        for one in (task, *(copy for copy in self.tasks if copy.part_of is task and copy.role == "supporting")):
            if one.status != "entered_in_error":
                yield Told("moved", one, f"{one.status}>entered_in_error", None)
                one.status, one.why, one.back, one.until = "entered_in_error", None, None, None
        if task.role == "executor" and (was == "completed" or Place(was).is_open):
            self._given_back(task)
        if task.role != "responsible":
            return
        others = [one for one in self.tasks if one.want is want and one.partner == task.partner and one is not task]
        if not any(
            one.role == "responsible" and not one.place.is_open and one.status != "entered_in_error" for one in others
        ):
            want.let_in(task.partner)
        ended_by_it = was in ("completed", "failed")
        if want.holder is task and (
            want.state in (*NOBODYS, "referred") or (want.state != "withdrawn" and ended_by_it)
        ):
            want.closed_at = None
            if want.key in self.firm.stated and choose(self.firm, want, self.now).partner == task.partner:
                want.state = "manual"
            else:
                yield from self.routes(want)

    def rings(self, task: Task) -> Iterator[Told]:
        """Everything of the task that is due by now, one after the other."""
        while ahead := self.clocks.running(task, self.firm):
            due_at, kind = ahead[0]
            if due_at > self.now:
                return
            self.rung.append((task.place, kind))
            match kind:
                case "hold":
                    assert task.until is not None
                    self.clocks.resumes(task, task.until)
                    yield Told("moved", task, f"on_hold>{task.back}", None)
                    task.status, task.back, task.until, task.why = task.back or "", None, None, None
                case "consent":
                    yield from self.takes_back(task, "consent_expired")
                case "remind":
                    task.remind_at = None
                    yield Told("reminded", task, task.awaited)
                case "escalate":
                    task.escalate_at = None
                    yield Told("escalated", task, task.awaited)
                case "confirmation":
                    task.confirmed = "unanswered"
                    yield Told("answered", task, "unanswered")
                case "reroute":
                    yield from self.takes_back(task, "no_response")
                case _:
                    yield from self.moves(task, "cancelled")

"""The service and the model side by side: everything is done to both, and both are asked what came of it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from services.referral.answers import Answer, Outcome
from services.referral.case import Fact, Referral
from services.referral.updates import Content
from shared.agreement import day_of
from tests.unit.referral.builders import ACCORD, NOW
from tests.unit.referral.machine.book import Book
from tests.unit.referral.machine.comparing import both_told, id_of
from tests.unit.referral.machine.letters import letter
from tests.unit.referral.machine.parts import FRONTS, Task, Told
from tests.unit.referral.machine.rules import Firm
from tests.unit.referral.machine.service import Service
from tests.unit.referral.machine.table import Cell, Event, Follows, expected
from tests.unit.referral.machine.words import AGAIN, ALONE, ANSWERS, IN_ERROR, REPEATED, REUSED

LATEST = datetime(2028, 6, 1, tzinfo=UTC)
"""The term of the agreement is no subject here: time stays well within it."""
_AGES = timedelta(days=400)


class Pair:
    """One firm with its three needs, in the service and in the model."""

    def __init__(self, first: Sequence[str] = tuple(FRONTS)) -> None:
        consents: dict[str, datetime | None] = dict.fromkeys(ACCORD.partners)
        self.book = Book(ACCORD, Firm(consents, list(first)), NOW)
        self.service = Service()
        self._first = tuple(first)
        self.forgotten = 0
        """How many of its referrals are from before the firm was erased, with their receipts."""

    @property
    def now(self) -> datetime:
        return self.book.now

    def can(self, task: Task, event: Event) -> bool:
        """Whether it can be tried now, whatever should come of it."""
        who, what = event
        if who == "clock":
            return self._can_ring(task, event)
        if what == AGAIN:  # a hold whose day is over cannot be said again
            return task.until is not None and day_of(task.until) >= day_of(self.now)
        if what in (REPEATED, REUSED):
            return bool(task.said)
        if what in ANSWERS and task.place.status == "completed" and task.role != "supporting":
            asked = task.confirmed in ("pending", "unanswered") and task.answer_by is not None
            return asked and self.now <= (task.answer_by or NOW)
        if who == "firm" and what not in ("ceased", "erased", *ANSWERS):
            return not self.book.firm.ceased and self._goes_on(task, what)
        return what != IN_ERROR or self.book.firm.known

    def _goes_on(self, task: Task, what: str) -> bool:
        """Whether nothing else that was heard of the firm ends the referral."""
        if not task.place.is_open:
            return True
        if self.book.firm.ends(task.partner, self.now) is not None and not what.startswith("consent"):
            return False
        dropped = what == "need dropped" or task.want.key not in self.book.firm.stated
        runs_on = task.want.state == "referred" and not self.book.is_unaccepted(task.want)
        if task.role == "responsible":
            return what != "need dropped" or task.want.key in self.book.firm.stated
        return not dropped or runs_on

    def _can_ring(self, task: Task, event: Event) -> bool:
        ahead = {kind: at for at, kind in self.book.clocks.running(task, self.book.firm)}
        if expected(Cell(task.kind, task.place, event)).is_allowed:
            return ahead.get(event.what, LATEST) < LATEST
        return all(at > self.now for at in ahead.values())

    def happens(self, task: Task, event: Event) -> list[Cell]:
        """The event happens to the referral; the cells that this has tried."""
        cell = Cell(task.kind, task.place, event)
        follows = expected(cell)
        match event.who:
            case "partner":
                self._partner(task, event.what, follows)
            case "clock":
                return self._clock(task, event, follows)
            case "hub":
                told = list(self.book.takes_back(task, event.what))
                both_told(self.service.take_back(self._of(task), event.what, self.now), told)
            case "firm" if event.what in ANSWERS:
                word = "yes" if event.what == ANSWERS[0] else "disputed"
                told = self.book.answers(task, word) if follows.is_allowed else []
                both_told(self.service.firm_answers(task.id, word == "yes", self.now), told)
            case "person" if event.what in (IN_ERROR, ALONE):
                facts = self.service.person_errs(self._of(task), self.now, alone=event.what == ALONE)
                assert (facts is not None) == follows.is_allowed
                both_told(facts or [], list(self.book.errs(task)) if follows.is_allowed else [])
            case "person":
                facts = self.service.person_takes_back(self._of(task), event.what, self.now)
                assert (facts is not None) == follows.is_allowed
                both_told(facts or [], list(self.book.takes_back(task, event.what)) if follows.is_allowed else [])
            case _:
                self._firm(task, event.what)
        if not follows.is_allowed and task.role != "supporting":  # which goes where its parent goes
            assert task.place == cell.place, "what is forbidden moves nothing"
        return [cell]

    def _of(self, task: Task) -> Referral:
        return self.service.case.referrals[task.id]

    # A partner writes.

    def _partner(self, task: Task, what: str, follows: Follows) -> None:
        record = letter(self.service, task, what, self.now)
        given = self.service.take(record, self.now)
        if follows.what in ("refused", "repeated"):
            assert given.outcome == follows.what
            assert {one.rule for one in given.problems} == ({follows.of} if follows.of else set())
            assert (given.facts, list(given.flags)) == ((), ["repeated"] if follows.what == "repeated" else [])
            return
        assert isinstance(record.content, Content)
        reason, until = record.content.reason, record.content.until
        flags, told = self.book.says(task, follows, reason, until)
        assert (given.outcome, list(given.flags)) == (Outcome.RECORDED, flags)
        task.said.append(record)
        self._answered(given, told)

    def _answered(self, given: Answer, told: Sequence[Told]) -> None:
        assert given.problems == ()
        both_told(given.facts, told)

    # A clock rings.

    def _clock(self, task: Task, event: Event, follows: Follows) -> list[Cell]:
        """One that runs rings when it is due, after those that are due before it; where it does not run, the referral's
        timer rings just before the next that does, and calls for nothing."""
        ahead = {kind: at for at, kind in self.book.clocks.running(task, self.book.firm)}
        if follows.is_allowed:
            self.book.now = max(self.now, ahead[event.what])
            kind, self.book.rung = task.kind, []
            told = list(self.book.rings(task))
            both_told(self.service.ring(task.id, self.now), told)
            return [Cell(kind, place, Event("clock", rung)) for place, rung in self.book.rung]
        early = min(ahead.values()) - timedelta(seconds=1) if ahead else self.now + _AGES
        both_told(self.service.ring(task.id, max(early, self.now)), [])
        return [Cell(task.kind, task.place, event)]

    # Something is heard of the firm.

    def _firm(self, task: Task, what: str) -> None:
        firm = self.book.firm
        match what:
            case "consent withdrawn":
                firm.consents.pop(task.partner, None)
            case "consent expired":
                firm.consents[task.partner] = self.now - timedelta(seconds=1)
            case "consent limited":
                firm.consents[task.partner] = self.now + timedelta(days=1)
            case "ceased":
                firm.ceased, firm.stated = True, []
            case "need dropped":
                firm.stated = [key for key in firm.stated if key != task.want.key]
            case "need declared again":
                firm.stated = [*(key for key in firm.stated if key != task.want.key), task.want.key]
                firm.declared_at[task.want.key] = self.now + timedelta(seconds=1)
            case "erased":
                told, self.forgotten = list(self.book.erased()), len(self.book.tasks)
                both_told(self.service.erase(self.now), told)
                return
        self.assess()

    def assess(self) -> None:
        told = list(self.book.assessed())
        both_told(self.service.assess(self.book.firm, self.now), told)

    def restore(self) -> None:
        """The firm is as it was in the beginning: active, with all its needs, and consents to everybody."""
        firm = self.book.firm
        firm.consents, firm.stated, firm.ceased = dict.fromkeys(ACCORD.partners), list(self._first), False
        self.assess()

    # What is about no single referral.

    def time_passes(self, days: int, *, heard: bool) -> None:
        """No clock is heard meanwhile; where nobody is there to hear, it is an outage of ours."""
        if self.now + timedelta(days=days) >= LATEST:
            return
        began, self.book.now = self.now, self.now + timedelta(days=days)
        if not heard:
            self.service.outages += ((began, self.now),)
            self.book.clocks.outages.append((began, self.now))

    def body_says(self, member: bool, since: date | None) -> None:
        """The body that was asked about the firm's membership answers, if one was."""
        firm, queries = self.book.firm, list(self.service.case.queries.values())
        assert bool(queries) == (firm.query_until is not None)
        for query in queries:
            assert query.answer_by == firm.query_until
            flags = ["late"] if self.now > self.book.clocks.judged(query.answer_by) else []
            same = firm.word == (member, since if member else None)
            told = [] if same else list(self.book.body_says(member, since))
            given = self.service.body_says(query, member, since, self.now)
            assert (given.outcome, list(given.flags)) == (Outcome.RECORDED, flags + ["repeated"] * same)
            self._answered(given, told)

    def silence(self) -> None:
        """The body's time is over."""
        until = self.book.firm.query_until
        if until is None or until >= LATEST:
            return
        self.book.now = max(self.now, self.book.clocks.judged(until) + timedelta(seconds=1))
        told = list(self.book.silence())
        both_told(self.service.silence(self.now), told)

    def assign(self, key: str, partner: str) -> tuple[str, bool]:
        """A person gives the need to a partner, where that is a person's to say: where the need stood, and whether."""
        want = self.book.wants[key]
        standing = want.standing
        told = self.book.assigns(want, partner)
        opened = self.service.person_assigns(id_of(want), partner, self.now)
        assert (opened is None) == (told is None), f"the need is {want.state}"
        facts: list[Fact] = [opened] if opened is not None else []
        both_told(facts, told or [])
        return standing, opened is not None

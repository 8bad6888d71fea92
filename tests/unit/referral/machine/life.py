"""The state machine: whatever happens to a firm's referrals happens to the service and to the model; both tell the same
of it, and stand where the other stands.

What is chosen at random is who acts and which of the things that are offered. What is offered is the guide's: first
what was tried nowhere yet, then ways towards it. So a run of few examples covers the whole space, in an order that is
another one with another seed, and always the same with the same.
"""

from datetime import date
from typing import ClassVar

from hypothesis import HealthCheck, Phase, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.unit.referral.machine.comparing import both_stand, each_was_decided
from tests.unit.referral.machine.guide import Guide
from tests.unit.referral.machine.pair import Pair
from tests.unit.referral.machine.parts import FRONTS
from tests.unit.referral.machine.table import Cell, expected
from tests.unit.referral.machine.tally import Tally

ELSE = ("time", "outage", "restored", "silence", "yes", "yes, for long", "no")
CHOSEN = ("cna", "confartigianato", "unioncamere", "aice", "assocamerestero", "sacesimest")
"""Whom a person gives a need to: those who had it, and those whom no rule names."""
LONG_AGO = date(2001, 1, 1)
EXAMPLES, STEPS = 10, 60
"""Of one round: fewer than Hypothesis needs to try variations of an example, which would tread the same paths."""


class Life(RuleBasedStateMachine):
    """One firm with three needs, from its first assessment on."""

    tally: ClassVar[Tally]
    guide: ClassVar[Guide]

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair()
        self.history = 0

    @initialize(first=st.permutations(list(FRONTS)))
    def is_assessed(self, first: list[str]) -> None:
        self._remember(" ".join(first))
        self.pair = Pair(first)
        self.pair.assess()

    @rule(data=st.data())
    def partner_writes(self, data: st.DataObject) -> None:
        self._step("partner", data)

    @rule(data=st.data())
    def hub_acts(self, data: st.DataObject) -> None:
        self._step("hub", data)

    @rule(data=st.data())
    def person_acts(self, data: st.DataObject) -> None:
        self._step("person", data)

    @rule(data=st.data())
    def firm_is_told_of(self, data: st.DataObject) -> None:
        self._step("firm", data)

    @rule(data=st.data())
    def clock_rings(self, data: st.DataObject) -> None:
        self._step("clock", data)

    @rule(what=st.sampled_from(ELSE), days=st.integers(1, 9))
    def meanwhile(self, what: str, days: int) -> None:
        """What is about no single referral."""
        self._remember(f"{what} {days}")
        match what:
            case "time" | "outage":
                self.pair.time_passes(days, heard=what == "time")
            case "restored":
                self.pair.restore()
            case "silence":
                self.pair.silence()
            case _:
                self.pair.body_says(what != "no", LONG_AGO if what == "yes, for long" else None)

    @rule(key=st.sampled_from(sorted(FRONTS)), partner=st.sampled_from(CHOSEN))
    def person_assigns(self, key: str, partner: str) -> None:
        self._remember(f"{key} to {partner}")
        self.tally.assigned[self.pair.assign(key, partner)] += 1

    @invariant()
    def both_stand_alike(self) -> None:
        both_stand(self.pair.service.case, self.pair.book, self.pair.service.outages)

    def teardown(self) -> None:
        if self.pair.book.tasks:
            each_was_decided(self.pair.service.case, self.pair.book.tasks[self.pair.forgotten :])

    def _remember(self, what: str) -> None:
        self.history = hash((self.history, what))

    def _step(self, who: str, data: st.DataObject) -> None:
        tasks = self.pair.book.tasks
        standing = [(task.kind, task.place) for task in tasks]
        offered = self.guide.offer(self.history, who, standing, lambda step: self.pair.can(tasks[step.n], step.event))
        if not offered:
            return
        n, event = data.draw(st.sampled_from(offered))
        self._remember(f"{n} {event}")
        task = tasks[n]
        note(f"{task.role} {task.partner}, {task.place}: {event}, {expected(Cell(task.kind, task.place, event))}")
        for cell in self.pair.happens(task, event):
            self.tally.note(cell)
        self.tally.steps += 1


def live(*, most: int, more: int = 0, first_seed: int = 0) -> Tally:
    """Rounds of examples until all of the space was tried, `most` at the most, and `more` beyond that."""
    tally, beyond = Tally(), 0
    for n in range(most + more):
        if tally.is_whole:
            beyond += 1
        if beyond > more:
            break
        machine = type("Life", (Life,), {"tally": tally, "guide": Guide(tally)})
        run_state_machine_as_test(
            seed(first_seed + n)(machine),
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                report_multiple_bugs=False,
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
    return tally

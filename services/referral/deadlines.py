"""How long each thing may take, and the calendar in which that is counted. Pure.

Numbers are working days of the Milan calendar: the day of the event does not count, and a deadline is the end of its
day in Rome. They are the agreement's (section on a referral's life); whoever needs them asks `terms_of`.
"""

from dataclasses import dataclass
from datetime import date, datetime

from services.referral.working_days import day_of, end_of, is_working, working_day_after
from shared.agreement import Agreement


@dataclass(frozen=True, slots=True)
class Ladder:
    """What follows while a partner does not say whether it takes a referral: on which working day."""

    remind: int
    escalate: int
    reroute: int


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Working days.

    `no_update` is how long a partner at work may be silent until it is reminded; it is escalated as many days later as
    the ladder has between its own two steps. `after_outage`: how long after the end of an outage of ours a deadline is
    judged that fell into it.
    """

    accept: Ladder
    contact: int
    no_update: int
    cancellation: int
    after_outage: int


DEADLINES = Deadlines(accept=Ladder(3, 5, 7), contact=10, no_update=60, cancellation=5, after_outage=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """Deadlines with their calendar."""

    deadlines: Deadlines

    def due(self, at: datetime, count: int) -> datetime:
        """The end of the day that is `count` working days after `at`, in UTC."""
        return end_of(working_day_after(day_of(at), count))

    def between(self, first: date, last: date) -> int:
        """Working days after `first`, `last` included."""
        return sum(is_working(date.fromordinal(n)) for n in range(first.toordinal() + 1, last.toordinal() + 1))


def terms_of(agreement: Agreement) -> Terms:
    """The deadlines of this version of the agreement. So far every version has the same."""
    return Terms(DEADLINES)

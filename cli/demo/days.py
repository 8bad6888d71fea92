"""The days after the evening: time is moved from one deadline to the next, and each time waited for what comes of it.

    the first day   most partners call their firms; one puts its work on hold; some accept and never call; a few firms
                    take their consents back, and the work for them is asked back
    day 3           who has not answered is reminded; a body's silence about a membership counts as no
    day 5           who still has not answered is escalated; work that was asked back and not given back ends
    day 7           the need of who never answered goes to somebody else; the hold is over
    day 10          who accepted and never called is escalated

The figures are the agreement's. Partners and other services stay in real time: what they write is of today.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum

from cli.demo.calendar import Calendar, can_be_moved
from cli.demo.deadlines import outstanding
from cli.demo.desks import Desks, Work
from cli.demo.evidence import Days
from cli.demo.facts import Report
from cli.demo.heard import Requested
from cli.demo.ledger import Ledger
from cli.demo.routes import Said
from cli.demo.stores import Stores
from cli.demo.submissions import Submission, revocation
from cli.demo.watch import Watch
from cli.moved_clock import words_of
from cli.partner.letters import now as real_time
from deploy.local import system
from deploy.local.home import Home
from shared.agreement import Agreement, day_of

ONE_IN = 16
"""Of so many referrals that were accepted, one partner never calls the firm; as many as that are put on hold of
`HOLDS_IN`."""
HOLDS_IN = 60
HOLD_DAYS = 6
"""Working days that a hold lasts: over before the ladder's last rung."""
_OF_THE_LIMIT = 1 / 3
"""How much of the evening's own limit a day has for what it brings."""


class Cannot(StrEnum):
    """Why time is not moved."""

    STARTED_BEFORE = "the system was up already and keeps real time; `portolano down` first, then the demo plays them"
    STRANGERS = "this system knows of firms that no demo told of, and their deadlines are not to be played with"


async def why_not(home: Home, kept: Stores) -> Cannot | None:
    """What keeps the demo from moving time in this home; None where nothing does."""
    if not can_be_moved(system.status(home).parts):
        return Cannot.STARTED_BEFORE
    return Cannot.STRANGERS if await kept.strangers() else None


async def let_days_pass(
    house: Calendar, agreement: Agreement, ledger: Ledger, desks: Desks, watch: Watch, limit: float
) -> Days:
    """Play the days up to the first contact's deadline. Ends early where a day does not bring what it has to."""
    patience = limit * _OF_THE_LIMIT

    def awaited(until: datetime) -> Callable[[], bool]:
        return lambda: not outstanding(ledger, until, agreement)

    today = await house.now()
    ledger.days_pass = True
    reports, withdrawn = at_work(ledger, agreement, today)
    _say(ledger, desks, reports)
    if not await watch.until_quiet(patience):
        return Days(0, today)
    passed, until = 0, await house.now()
    _tell(ledger, desks, withdrawn)
    if not await watch.until_quiet(patience, awaited(until)):
        return Days(passed, until)
    for count in milestones(agreement):
        end = agreement.working_days.due(today, count)
        watch.audience.turn(f"{_days(count - passed)} later: {words_of(day_of(end))}")
        passed, until = count, end
        await house.pass_over(end)
        if not await watch.until_quiet(patience, awaited(until)):
            break
    return Days(passed, until)


def milestones(agreement: Agreement) -> Sequence[int]:
    """The working days after which something falls due, in order."""
    deadlines = agreement.deadlines
    ladder = deadlines.accept
    days = {ladder.remind, ladder.escalate, ladder.reroute, deadlines.contact}
    return sorted({*days, deadlines.membership_query, deadlines.cancellation})


def at_work(ledger: Ledger, agreement: Agreement, today: datetime) -> tuple[list[Report], list[Submission]]:
    """What the partners do with what they accepted, and which firms take their consents back after that."""
    accepted = [
        asked
        for asked in ledger.requested.values()
        if asked.referral_id not in ledger.closed
        and asked.referral_id in ledger.replied
        and ledger.replied[asked.referral_id].said is Said.ACCEPTED
    ]
    theirs = [asked for asked in accepted if not asked.company.withdraws]
    theirs.sort(key=lambda asked: _lot(ledger.script.seed, asked))
    holds = theirs[: 1 + len(theirs) // HOLDS_IN]
    silent = theirs[len(holds) :][: 1 + len(theirs) // ONE_IN]
    until = agreement.working_days.after(day_of(today), HOLD_DAYS)
    reports = [Report(asked.referral_id, "on_hold", "waiting_third_party", until) for asked in holds]
    idle = {asked.referral_id for asked in (*holds, *silent)}
    reports += [Report(asked.referral_id, "in_progress") for asked in accepted if asked.referral_id not in idle]
    withdrawn = {asked.company.number: asked.company for asked in accepted if asked.company.withdraws}
    return reports, [revocation(company, real_time()) for company in withdrawn.values()]


def _lot(seed: int, asked: Requested) -> str:
    text = f"{seed}/{asked.company.place}/{asked.need.front}/{asked.need.import_}/at work"
    return hashlib.sha256(text.encode()).hexdigest()


def _say(ledger: Ledger, desks: Desks, reports: Sequence[Report]) -> None:
    ledger.ordered += reports
    plan: dict[str, list[tuple[float, Work]]] = {}
    for report in reports:
        plan.setdefault(ledger.requested[report.referral_id].partner, []).append((time.monotonic(), report))
    desks.give(plan)


def _tell(ledger: Ledger, desks: Desks, submissions: Sequence[Submission]) -> None:
    ledger.give(submissions)
    plan: dict[str, list[tuple[float, Work]]] = {}
    for submission in submissions:
        plan.setdefault(submission.partner, []).append((time.monotonic(), submission))
    desks.give(plan)


def _days(count: int) -> str:
    return "1 working day" if count == 1 else f"{count} working days"

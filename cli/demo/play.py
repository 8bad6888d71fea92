"""The evening, from the first submission to the last mail; then the days that follow it, where time may be moved.

It is over when nothing is on its way any more: the desks have read their answers, the internal feeds are read to their
ends, what was said is published, the mails are sent. That is a condition on numbers that are compared once relay,
readers and mail have nothing left to do, not a moment in which it happens to be quiet.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cli.demo import closing
from cli.demo.calendar import calendar
from cli.demo.closing import Ending
from cli.demo.days import let_days_pass, why_not
from cli.demo.desks import Desks, Work
from cli.demo.evidence import Days, Evidence
from cli.demo.firms import FIRST_NUMBER
from cli.demo.heard import company_of, need_of, rule_of
from cli.demo.hops import Hop, stands_still, totals_of
from cli.demo.ledger import Ledger
from cli.demo.mails import taken_since
from cli.demo.routes import Reaction, in_time, react
from cli.demo.script import write_script
from cli.demo.stores import stores
from cli.demo.submissions import Script
from cli.demo.watch import Audience, Watch
from cli.partner.account import sign_in
from cli.partner.letters import Heard
from deploy.local.home import Home
from shared.agreement import Agreement
from shared.errors import Unreachable

PACE = 12.0
"""Firms that are told in a second, unless that would take longer than `LONGEST`."""
LONGEST = 12.0
SETTLES_WITHIN = 15.0


@dataclass(frozen=True, slots=True)
class Evening:
    """What is left when it is over. `stuck` is the door where firms still stand, where not all have arrived. `kept`:
    why no days were made to pass. `seconds` until the firms had arrived, `days_seconds` for what came after."""

    evidence: Evidence
    seconds: float
    days_seconds: float
    arrived: bool
    stuck: Hop | None
    note: str
    kept: str


async def play(
    home: Home,
    agreement: Agreement,
    *,
    firms: int,
    seed: int,
    limit: float,
    audience: Callable[[Ledger], Audience],
) -> Evening:
    """Play it. Raises `Trouble` where it cannot even begin; what goes wrong afterwards is evidence."""
    days: Days | None = None
    endings: list[Ending] = []
    async with stores(home) as kept:
        began = datetime.now(UTC)
        cannot = await why_not(home, kept)
        script = write_script(seed, firms, await kept.first_number(FIRST_NUMBER), began)
        ledger = Ledger(script, {company.codice_fiscale: company for company in script.companies})
        desks = Desks([sign_in(home, code) for code in agreement.partners], _answers(ledger))
        try:
            await asyncio.to_thread(desks.open)
            with audience(ledger) as watching:
                watch = Watch(home, ledger, desks, kept, totals_of(script, agreement), watching)
                start = time.monotonic()
                desks.give(schedule(script, start))
                arrived = await watch.until_quiet(limit)
                seconds = time.monotonic() - start
                stuck = None if arrived else stands_still(watch.doors())
                if arrived:
                    endings = await closing.end(ledger, desks, home.mail)
                    await watch.until_quiet(SETTLES_WITHIN)
                if arrived and cannot is None:
                    async with calendar(home) as house:
                        days = await let_days_pass(house, agreement, ledger, desks, watch, limit)
        finally:
            await asyncio.to_thread(desks.close)
        view = watch.view
        try:
            view = await kept.look(list(ledger.firm_ids))
        except Unreachable as gone:
            watch.note = str(gone)
    mails = await asyncio.to_thread(taken_since, home.mail, began)
    return Evening(
        Evidence(ledger, view, mails, agreement, days, endings),
        seconds,
        time.monotonic() - start - seconds,
        arrived,
        stuck,
        watch.note,
        cannot.value if cannot is not None else "",
    )


def schedule(script: Script, start: float) -> dict[str, list[tuple[float, Work]]]:
    """When each partner sends what: one firm after the other at an even pace from `start` on."""
    step = min(1 / PACE, LONGEST / len(script.roles))
    plan: dict[str, list[tuple[float, Work]]] = {}
    for turn, role in enumerate(script.roles):
        for submission in role.submissions:
            plan.setdefault(submission.partner, []).append((start + turn * step + submission.after, submission))
    return plan


def _answers(ledger: Ledger) -> Callable[[str, Heard], Reaction | None]:
    """What a partner says of a referral of the cast for which it is responsible; nothing about anybody else's firms."""

    def answer(partner: str, heard: Heard) -> Reaction | None:
        company = company_of(heard, ledger.companies)
        if company is None or heard.data.get("role") != "responsible":
            return None
        first = react(ledger.script.seed, company, need_of(heard), partner, rule_of(heard))
        return in_time(first.after) if ledger.days_pass else first

    return answer

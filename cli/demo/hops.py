"""How far everything has come: six doors in a row, what has passed each, and how many firms wait before it. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from cli.demo.heard import number_in
from cli.demo.ledger import Ledger
from cli.demo.routes import Said, routes_of
from cli.demo.stores import View
from cli.demo.submissions import Script
from shared.agreement import Agreement


@dataclass(frozen=True, slots=True)
class Hop:
    """One door: `passed` of `due`, counted in `unit`; `waiting` firms stand before it; `part` is whose work it is."""

    name: str
    part: str
    passed: int
    due: int
    waiting: int
    unit: str


@dataclass(frozen=True, slots=True)
class Totals:
    """How much there will be in the end, known from the script."""

    referrals: int
    mails: int


def totals_of(script: Script, agreement: Agreement) -> Totals:
    """What the cast makes of the evening: a referral for each leg of each need and for each copy beside it; mails as
    `checks` expects them."""
    referrals = mails = 0
    for company in script.companies:
        for way in routes_of(script.seed, company, agreement):
            for leg in way.legs:
                referrals += 1 + len(leg.copies)
                mails += 1 + company.reachable * (1 + (leg.reaction.said is Said.ACCEPTED))
                # A copy is told to its body alone, and so is its end, when the need is handed on.
                mails += len(leg.copies) * (1 + (leg.reaction.said is Said.REJECTED))
    return Totals(referrals, mails)


def hops(ledger: Ledger, view: View, totals: Totals) -> tuple[Hop, ...]:
    """The doors from left to right."""
    script = ledger.script
    assessed = {id_ for id_, version in view.registered.items() if _version(view, id_) >= version}
    routed = {id_ for id_, now in view.assessed.items() if view.routed.get(id_, 0) >= now.version}
    unrouted = {id_ for id_ in view.assessed if id_ not in routed}
    unanswered = {asked.company.number for asked in ledger.unanswered()}
    known = {company.number: id_ for id_, company in ledger.firm_ids.items()}
    missing = {row.firm_id for row in view.referrals if row.referral_id not in ledger.requested}
    unsent = {row.firm_id for row in view.mails if row.state == "pending"}
    unread = view.unread.get("notifier", 0)
    answered = sum(position in ledger.receipts for position in ledger.kept)
    sent_off = len(ledger.sent_at)
    told = {number_in(submission.letter.id) for submission in ledger.kept.values()}
    open_firms = {number_in(submission.letter.id) for submission in ledger.open_submissions()}
    referrals, mails = totals.referrals, totals.mails
    if ledger.closed or ledger.days_pass:  # what comes after the evening: the stores know how much there is so far
        referrals = max(referrals, len(view.referrals))
        mails = max(mails, sum(row.state in ("sent", "pending") for row in view.mails))
    return (
        Hop("partners", "kafka", len(ledger.kept), len(ledger.given), sent_off - len(told), "told"),
        Hop("intake", "intake", answered, len(ledger.given), len(open_firms), "receipts"),
        Hop(
            "classifier",
            "classifier",
            len(assessed),
            len(script.companies),
            len(view.registered) - len(assessed),
            "firms",
        ),
        Hop(
            "referral",
            "referral",
            len(routed),
            len(script.companies),
            len(unrouted | {known[number] for number in unanswered if number in known}),
            "firms",
        ),
        Hop("partner", "referral", len(ledger.requested), referrals, len(missing), "referrals"),
        Hop(
            "mail",
            "notifier",
            sum(row.state == "sent" for row in view.mails),
            mails,
            max(len(unsent), min(unread, len(script.companies))),
            "mails",
        ),
    )


def finished(settled: frozenset[str] | None, firm_ids: Collection[str], view: View) -> bool:
    """Whether nothing of this evening is on its way any more.

    `settled` is what `Ledger.settled` said *before* the stores were looked at, and `firm_ids` are the firms that were
    looked for: then equal numbers of a feed's writer and reader mean that nothing was between them.
    """
    return (
        settled is not None
        and all(row.referral_id in settled for row in view.referrals)
        and len(view.registered) == len(firm_ids)
        and not any(view.unread.values())
        and not any(view.unpublished.values())
        and all(row.state != "pending" for row in view.mails)
        and not view.overdue
    )


def stands_still(hops_now: tuple[Hop, ...]) -> Hop | None:
    """The first door before which firms wait; None where none do."""
    return next((hop for hop in hops_now if hop.waiting > 0), None)


def _version(view: View, firm_id: str) -> int:
    found = view.assessed.get(firm_id)
    return found.version if found is not None else 0

"""What must have happened by itself once so many working days have passed, held against what did. Pure.

Worked out from what the partners did and when, by the agreement's figures and its calendar: who never answers is
reminded, escalated, and loses the need; who accepts and does not call the firm is escalated; a hold stops the clock;
work that is asked back and not given back ends. Nothing else may have happened to anybody.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cli.demo.evidence import Check, Evidence
from cli.demo.facts import Reported
from cli.demo.heard import Requested, Step, when, words_of
from cli.demo.ledger import Ledger
from cli.demo.routes import Said
from shared.agreement import Agreement, day_of, end_of

NO_RESPONSE = "no_response"
WITHDRAWN = "consent_withdrawn"
TITLES = {"reminded": "reminded", "escalated": "escalated", "cancelled": "ended"}


@dataclass(frozen=True, slots=True)
class Expected:
    """Something that the hub does by itself, not before `due` (in the time of the house)."""

    fact: str
    reason: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """When a partner's words counted (the broker's time, told in that of the house)."""

    first: Mapping[str, datetime]
    """By referral."""
    more: Mapping[tuple[str, str], tuple[Reported, datetime]]
    """By referral and status."""


def answered(ledger: Ledger) -> Answered:
    """What the partners said, and was recorded."""
    at = {position: when(answers[0], "at") for position, answers in ledger.reply_answers.items() if answers}
    return Answered(
        {
            reply.referral_id: at[position]
            for position, reply in ledger.replies.items()
            if position in at and reply.reaction.said is not Said.COMPLETED
        },
        {
            (one.report.referral_id, one.report.status): (one, at[position])
            for position, one in ledger.reports.items()
            if position in at
        },
    )


def expected(asked: Requested, ledger: Ledger, said: Answered, agreement: Agreement) -> Iterator[Expected]:
    """All that is to happen to a referral by itself as things stand, whenever it is due. Of a copy nothing is
    expected."""
    due, deadlines = agreement.working_days.due, agreement.deadlines
    if not asked.responsible:
        return
    reaction = ledger.replied.get(asked.referral_id)
    if reaction is None:
        ladder = deadlines.accept
        yield Expected("reminded", "acceptance_due", due(asked.asked_at, ladder.remind))
        yield Expected("escalated", "acceptance_due", due(asked.asked_at, ladder.escalate))
        yield Expected("cancelled", NO_RESPONSE, due(asked.asked_at, ladder.reroute))
        return
    accepted_at = said.first.get(asked.referral_id)
    if reaction.said is not Said.ACCEPTED or accepted_at is None or asked.referral_id in ledger.closed:
        return
    at_work, on_hold = (said.more.get((asked.referral_id, status)) for status in ("in_progress", "on_hold"))
    if at_work is None:
        contact_by = due(accepted_at, deadlines.contact)
        if on_hold is not None and on_hold[0].report.until is not None:
            rested = agreement.working_days.between(day_of(on_hold[1]), on_hold[0].report.until)
            contact_by = due(contact_by, rested)
        yield Expected("escalated", "first_contact_due", contact_by)
    asked_back = next((step.at for step in ledger.steps.get(asked.referral_id, ()) if step.fact == _ASKED_BACK), None)
    if asked.company.withdraws and at_work is not None:
        yield Expected(_ASKED_BACK, WITHDRAWN, at_work[1])
        if asked_back is not None:
            yield Expected("cancelled", WITHDRAWN, due(asked_back, deadlines.cancellation))


_ASKED_BACK = "cancellation-requested"


def happened(
    asked: Requested, ledger: Ledger, said: Answered, until: datetime, agreement: Agreement
) -> Iterator[Expected]:
    """Of all that, what is to have happened by `until`."""
    return (one for one in expected(asked, ledger, said, agreement) if one.due <= until)


def outstanding(ledger: Ledger, until: datetime, agreement: Agreement) -> int:
    """How much of what is due before `until` has not been heard of by the partners."""
    said = answered(ledger)
    return sum(len(missing) for _, missing, _ in _compared(ledger, said, until, agreement))


def _compared(
    ledger: Ledger, said: Answered, until: datetime, agreement: Agreement
) -> Iterator[tuple[Requested, list[Expected], list[Step]]]:
    """Each referral with what is missing of it, and what happened for no reason or before its time."""
    for asked in ledger.requested.values():
        came = list(ledger.steps.get(asked.referral_id, ()))
        if not asked.responsible:
            yield asked, [], [step for step in came if step.fact != "cancelled"]  # its end follows another's
            continue
        missing = []
        for one in expected(asked, ledger, said, agreement):
            found = next((s for s in came if (s.fact, s.reason) == (one.fact, one.reason) and s.at >= one.due), None)
            if found is not None:
                came.remove(found)
            elif one.due <= until:
                missing.append(one)
        yield asked, missing, came


def check_deadlines(evidence: Evidence) -> Check:
    """Each clock was heard once and in its order, none before its time, and nobody lost a need that had answered it."""
    days, ledger, agreement = evidence.days, evidence.ledger, evidence.agreement
    assert days is not None, "asked for only where days have passed"
    said = answered(ledger)
    wrong: list[str] = []
    if evidence.view.overdue:
        wrong.append(f"{evidence.view.overdue} clocks are due and do not fire: `portolano status`, referral's log")
    done: Counter[str] = Counter()
    for asked, missing, needless in _compared(ledger, said, days.until, agreement):
        who = f"{asked.partner}, {asked.company.short}: {words_of(asked.need)}"
        wrong += [f"{who}: not {_told(one.fact, one.reason)}, due {_day(one.due)}" for one in missing]
        wrong += [f"{who}: {_told(one.fact, one.reason)} on {_day(one.at)} without a reason" for one in needless]
        promised = agreement.working_days.due(asked.asked_at, agreement.deadlines.accept.reroute)
        if asked.responsible and asked.accept_by != promised:
            wrong.append(f"{who}: to be accepted by {asked.accept_by}, not by {promised}")
        done.update(f"{one.fact} {one.reason}" for one in ledger.steps.get(asked.referral_id, ()) if asked.responsible)
    wrong += _successors(evidence, days.until)
    wrong += _holds(evidence, said, days.until)
    wrong += _queries(evidence, days.until)
    if not done:
        wrong.append("no deadline came to its end: nothing was compared")
    rerouted, back = done[f"cancelled {NO_RESPONSE}"], done[f"cancelled {WITHDRAWN}"]
    counts = {
        "reminded": done["reminded acceptance_due"],
        "escalated": done["escalated acceptance_due"],
        "lost the need to another": rerouted,
        "escalated for not calling the firm": done["escalated first_contact_due"],
        "asked back and ended by silence": back,
        "put on hold": sum(status == "on_hold" for _, status in said.more),
        "queries about a membership unanswered": sum(map(len, ledger.queries.values())),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return Check("deadlines", f"{days.passed} working days passed: {told}", tuple(wrong))


def _successors(evidence: Evidence, until: datetime) -> Iterator[str]:
    """A need that was left unanswered has a new referral in place of the old one; no other has."""
    ledger = evidence.ledger
    rows = {row.referral_id: row for row in evidence.view.referrals}
    followed = {row.replaces: row for row in rows.values() if row.replaces is not None}
    for id_, asked in ledger.requested.items():
        if not asked.responsible:
            continue
        lost = any((one.fact, one.reason) == ("cancelled", NO_RESPONSE) for one in ledger.steps.get(id_, ()))
        reaction = ledger.replied.get(id_)
        rejected = reaction is not None and reaction.said is Said.REJECTED
        row, heir = rows.get(id_), followed.get(id_)
        who = f"{asked.partner}, {asked.company.short}: {words_of(asked.need)}"
        if lost and row is not None and row.status != "cancelled":
            yield f"{who}: was told that it lost the need, and stands as {row.status}"
        if heir is not None and heir.partner == asked.partner:
            yield f"{who}: lost the need and was given it again"
        if heir is not None and not (lost or rejected):
            yield f"{who}: {heir.partner} has its need, although it had answered"
        handed = any(
            other.company is asked.company and other.need == asked.need and other.responsible and other.at > asked.at
            for other in ledger.requested.values()
        )
        if handed and heir is None:
            yield f"{who}: the referral that came after it does not replace it"


def _holds(evidence: Evidence, said: Answered, until: datetime) -> Iterator[str]:
    """A hold that has come to its day is over, and no other is."""
    rows = {row.referral_id: row.status for row in evidence.view.referrals}
    for (referral_id, status), (one, _) in said.more.items():
        if status != "on_hold" or one.report.until is None:
            continue
        wanted = "accepted" if end_of(one.report.until) <= until else "on_hold"
        if rows.get(referral_id) != wanted:
            yield f"{one.partner}: a hold until {one.report.until} stands as {rows.get(referral_id)}, not {wanted}"


def _queries(evidence: Evidence, until: datetime) -> Iterator[str]:
    """The body that a firm claims to be a member of was asked once, and its silence waited for to the end."""
    ledger, agreement = evidence.ledger, evidence.agreement
    for company in ledger.firm_ids.values():
        asked = ledger.queries.get(company.codice_fiscale, [])
        who = f"{company.short} calls itself a member of {company.claims}"
        if [one.partner for one in asked] != ([company.claims] if company.claims else []):
            yield f"{who}: {', '.join(one.partner for one in asked) or 'nobody'} was asked"
            continue
        for query in asked:
            answer_by = agreement.working_days.due(query.at, agreement.deadlines.membership_query)
            if query.answer_by != answer_by:
                yield f"{who}: to be answered by {query.answer_by}, not by {answer_by}"
            for other in _waiting(ledger, company.number, query.partner, agreement):
                if other.asked_at <= query.answer_by:
                    yield f"{who}: {other.partner} was asked for {words_of(other.need)} before the time was over"


def _waiting(ledger: Ledger, number: int, body: str, agreement: Agreement) -> Sequence[Requested]:
    """The referrals of a firm that had to wait for what the body would say: those that it could have had itself."""
    return [
        one
        for one in ledger.requested.values()
        if one.company.number == number and agreement.serves(body, one.need.front) and not one.by.startswith("owner_")
    ]


def _told(fact: str, reason: str) -> str:
    return f"{TITLES.get(fact, 'asked to end its work')} ({reason.replace('_', ' ')})"


def _day(at: datetime) -> str:
    return f"{day_of(at):%-d %B}"

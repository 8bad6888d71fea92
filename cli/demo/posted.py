"""The mails that there must be, held against the notifier's store and the sink. Pure."""

from collections import Counter
from collections.abc import Iterator

from cli.demo.deadlines import Answered, answered, happened
from cli.demo.evidence import Check, Evidence
from cli.demo.heard import Requested
from cli.demo.routes import Said
from shared.agreement import day_of

Letter = tuple[str, str, str]
"""Referral, recipient, purpose."""


def letters(evidence: Evidence) -> Iterator[Letter]:
    """A mail to the partner and one to the firm for each referral, one more to the firm when it is accepted, and what
    follows as days pass. A firm without a mailbox gets none, and none is told of a copy; whose copy ends is told so.
    """
    said = answered(evidence.ledger)
    for asked in evidence.ledger.requested.values():
        yield asked.referral_id, "partner", "requested"
        yield from _of_a_task(asked, evidence, said) if asked.responsible else _of_a_copy(asked, evidence)


def _of_a_copy(asked: Requested, evidence: Evidence) -> Iterator[Letter]:
    if any(step.fact == "cancelled" for step in evidence.ledger.steps.get(asked.referral_id, ())):
        yield asked.referral_id, "partner", "cancelled"


def _of_a_task(asked: Requested, evidence: Evidence, said: Answered) -> Iterator[Letter]:
    id_, reachable = asked.referral_id, asked.company.reachable
    reaction = evidence.ledger.replied.get(id_)
    if reachable:
        yield id_, "firm", "requested"
        if reaction is not None and reaction.said is Said.ACCEPTED:
            yield id_, "firm", "accepted"
        if id_ in evidence.ledger.closed:
            yield id_, "firm", "completed"
    if evidence.days is None:
        return
    for one in happened(asked, evidence.ledger, said, evidence.days.until, evidence.agreement):
        if one.fact in BY_MAIL:
            yield id_, "partner", one.fact.replace("-", "_")
        else:
            until = asked.accept_by if one.reason == "acceptance_due" else one.due
            assert until is not None, "a task has a day to be accepted by"
            yield id_, "partner", f"{one.fact}/{one.reason}/{day_of(until)}"
        if one.fact == "cancelled" and one.reason not in ANOTHER_GOES_ON and reachable:
            yield id_, "firm", "cancelled"


BY_MAIL = frozenset({"cancelled", "cancellation-requested"})
"""What is told once. Reminders and escalations are told each time that something is due."""
ANOTHER_GOES_ON = frozenset({"no_response"})
"""The firm is not told of an end that another referral continues."""


def check_mails(evidence: Evidence) -> Check:
    """Every mail that there must be was sent and is in the sink, and no other was."""
    wrong: list[str] = []
    ledger, view = evidence.ledger, evidence.view
    expected = Counter(letters(evidence))
    sent = {(row.referral_id, row.recipient, row.purpose): row for row in view.mails if row.state == "sent"}
    absent = [key for key in expected if key not in sent]
    if absent:
        wrong.append(
            f"{len(absent)} mails were not sent, the first to the {absent[0][1]} about referral {absent[0][0]}"
        )
    stray = [key for key in sent if key not in expected]
    if stray:
        wrong.append(f"{len(stray)} mails have no reason, the first to the {stray[0][1]} about referral {stray[0][0]}")
    failed = sum(row.state == "failed" for row in view.mails)
    if failed:
        wrong.append(f"{failed} mails failed")
    lost = [row for row in sent.values() if row.message_id not in evidence.mails]
    if lost:
        wrong.append(f"{len(lost)} mails count as sent and are not in the sink, the first is {lost[0].message_id}")
    if not sent:
        wrong.append("no mail was sent")
    repeats = sum(taken.copies - 1 for taken in evidence.mails.values() if taken.referral_id in ledger.requested)
    nobody = sum(row.state == "no_address" for row in view.mails)
    more = f", {repeats} of them more than once" if repeats else ""
    found = f"{len(sent) - len(lost)} of {len(expected)} are in the sink{more}; {nobody} had no address to go to"
    return Check("mails", found, tuple(wrong))

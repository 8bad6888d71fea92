"""What happened to a firm, event by event: one sentence each, what it rests on, and the ids that prove it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cli.explain import words
from cli.explain.journey import (
    Assessment,
    Candidate,
    Decision,
    Journey,
    Notification,
    Problem,
    Referral,
    Submission,
    Update,
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `rank` orders what happened at the same moment: the cause before what follows."""

    at: datetime
    rank: int
    sentence: str
    details: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()
    table: tuple[tuple[bool, str], ...] = field(default=())
    """Candidates of a decision: whether the line is that of the chosen one, and the line."""


def events(journey: Journey) -> list[Event]:
    """Everything that happened, in order of time."""
    needs = {need.need_id: need.what for need in journey.needs}
    partners = {referral.referral_id: referral.partner for referral in journey.referrals}
    tasks = {referral.referral_id: needs.get(referral.need_id, "?") for referral in journey.referrals}
    found = [
        *(_submission(one) for one in journey.submissions),
        *(_assessment(one) for one in journey.assessments),
        *(_decision(one, needs, journey.referrals) for one in journey.decisions),
        *(_update(one) for one in journey.updates),
        *(_cancellation(one, tasks) for one in journey.referrals if one.status == "cancelled"),
        *(_message(one, partners, tasks) for one in journey.notifications),
    ]
    return sorted(found, key=lambda event: (event.at, event.rank))


def _submission(one: Submission) -> Event:
    sentence = words.SUBMISSIONS.get(one.outcome, "{partner}: " + words.words(one.outcome))
    reference = f" (its reference: {one.reference})" if one.reference else ""
    return Event(
        one.at,
        0,
        sentence.format(partner=one.partner) + reference,
        (*_problems(one.problems, ""), *_problems(one.warnings, "warning: ")),
        _proofs(submission=one.id, source=one.source, record=one.place, trace=one.traceparent),
    )


def _assessment(one: Assessment) -> Event:
    segment = one.segment
    match segment.status:
        case "classified":
            where = f"in the segment “{words.words(segment.value or '?')}”"
        case "provisional":
            where = f"provisionally: what is known allows {words.either(segment.possible)}"
        case status:
            where = words.words(status)
    details = [f"it needs: {'; '.join(one.needs)}" if one.needs else "no need follows"]
    if segment.presumptions:
        details.append(f"taken for granted: {words.either(segment.presumptions, 'and')}")
    details += [f"contradiction: {words.words(warning)}" for warning in segment.warnings]
    return Event(
        one.at,
        1,
        f"The firm, as it stands in version {one.version}, is placed {where}",
        tuple(details),
        _proofs(agreement=segment.agreement, event=one.event_id, trace=one.traceparent),
    )


def _decision(one: Decision, needs: Mapping[str, str], referrals: tuple[Referral, ...]) -> Event:
    receipt = one.receipt
    match receipt.outcome:
        case "assigned":
            result = f"{receipt.partner} is asked to help"
        case "waiting_consent":
            result = "it waits for the firm's consent"
        case "manual":
            result = "a person at regione has to decide"
        case outcome:
            result = words.words(outcome)
    referral = next((each for each in referrals if each.referral_id == one.referral_id), None)
    replaced = next((each for each in referrals if referral and each.referral_id == referral.replaces), None)
    details = [f"{number}. {words.rule(step.rule)}: {step.reason}" for number, step in enumerate(receipt.path, start=1)]
    if receipt.tie:
        details.append(f"equal: {words.either(receipt.tie.members, 'and')}; the greatest hash won, {receipt.tie.hash}")
    if receipt.would_change_it:
        about: dict[str, list[str]] = {}
        for change in receipt.would_change_it:
            about.setdefault(change.fact, []).extend([change.partner] if change.partner else [])
        clauses = "; ".join(words.change(fact, partners) for fact, partners in about.items())
        details.append(f"it would be otherwise if: {clauses}")
    return Event(
        one.at,
        3,
        f"Need “{needs.get(one.need_id, '?')}”: {result}" + (f", in place of {replaced.partner}" if replaced else ""),
        tuple(details),
        _proofs(
            referral=one.referral_id,
            need=one.need_id,
            agreement=receipt.agreement,
            rule=receipt.rule,
            cause=one.cause_id,
        ),
        tuple(_candidates(receipt.candidates)),
    )


def _candidates(candidates: tuple[Candidate, ...]) -> Iterator[tuple[bool, str]]:
    """All candidates, those with the same verdict for the same reason on one line, the selected first."""
    alike: dict[tuple[str, str], list[str]] = {}
    for one in sorted(candidates, key=lambda candidate: candidate.verdict != "selected"):
        alike.setdefault((one.verdict, one.predicate), []).append(one.partner)
    for (verdict, predicate), partners in alike.items():
        yield verdict == "selected", f"{words.words(verdict)}, {words.predicate(predicate)}: {', '.join(partners)}"


def _update(one: Update) -> Event:
    asked = words.words(one.asked or "something that could not be read")
    reason = f" ({words.words(one.reason)})" if one.reason else ""
    flags = f", {words.either(one.flags, 'and')}" if one.flags else ""
    match one.outcome:
        case "refused":
            sentence = f"{one.partner} wants to say: {asked}{reason}; refused, because of {', '.join(one.rules) or '?'}"
        case "repeated":
            sentence = f"{one.partner} says again: {asked}{reason}; nothing changes"
        case _:
            sentence = f"{one.partner} says: {asked}{reason}{flags}"
    details = (f"note: {one.note}",) if one.note else ()
    return Event(one.at, 0, sentence, details, _proofs(referral=one.referral_id, update=one.id, record=one.place))


def _cancellation(one: Referral, tasks: Mapping[str, str]) -> Event:
    why = f": {words.words(one.reason)}" if one.reason else ""
    sentence = f"Need “{tasks.get(one.referral_id, '?')}” is taken back from {one.partner}{why}"
    return Event(one.changed_at, 2, sentence, (), _proofs(referral=one.referral_id))


def _message(one: Notification, partners: Mapping[str, str], tasks: Mapping[str, str]) -> Event:
    to = partners.get(one.referral_id, "the partner") if one.recipient == "partner" else "the firm"
    state = words.MESSAGES.get(one.state, words.words(one.state))
    if one.state in ("failed", "pending") and one.code:
        state += f" (code {one.code}, {one.tries} tries)"
    return Event(
        one.sent_at or one.created_at,
        4,
        f"{words.words(one.channel).capitalize()} to {to} about “{tasks.get(one.referral_id, '?')}” "
        f"({words.words(one.purpose)}): {state}",
        (),
        _proofs(message_id=one.message_id, referral=one.referral_id, trace=one.traceparent),
    )


def _problems(problems: tuple[Problem, ...], before: str) -> Iterator[str]:
    for problem in problems:
        yield f"{before}{problem.pointer or '(the record)'}: {problem.message or problem.rule} ({problem.rule})"


def _proofs(**ids: str | None) -> tuple[str, ...]:
    return tuple(f"{words.words(name)} {value}" for name, value in ids.items() if value)

"""What happened to a firm, event by event: one sentence each, what it rests on, and the ids that prove it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cli.explain.journey import (
    Assessment,
    Candidate,
    Command,
    Decision,
    Erasure,
    Journey,
    Notification,
    Problem,
    Query,
    Receipt,
    Referral,
    Request,
    Submission,
    Update,
)
from cli.explain.words import Words
from cli.partner.telling import clock
from services.referral.receipt import Rule


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


def events(journey: Journey, words: Words) -> list[Event]:
    """Everything that happened, in order of time, told in these words."""
    needs = {need.need_id: words.what(need.what) for need in journey.needs}
    partners = {referral.referral_id: referral.partner for referral in journey.referrals}
    tasks = {referral.referral_id: needs.get(referral.need_id, "?") for referral in journey.referrals}
    found = [
        *(_submission(one, words) for one in journey.submissions),
        *(_assessment(one, words) for one in journey.assessments),
        *(_decision(one, needs, journey.referrals, words) for one in journey.decisions),
        *(event for one in journey.queries for event in _query(one, words)),
        *(event for one in journey.requests for event in _request(one, words)),
        *(_order(one, tasks, partners, words) for one in journey.commands if one.kind != "assign"),
        *(_update(one, words) for one in journey.updates),
        *(_asked_back(one, one.cancellation_at, tasks, words) for one in journey.referrals if one.cancellation_at),
        *(_cancellation(one, tasks, words) for one in journey.referrals if one.status == "cancelled"),
        *(_in_error(one, tasks, words) for one in journey.referrals if one.status == "entered_in_error"),
        *(_answer(one, one.answered_at, tasks, words) for one in journey.referrals if one.answered_at),
        *(_message(one, partners, tasks, words) for one in journey.notifications),
        *(_erasure(journey.erasure, words) if journey.erasure else ()),
    ]
    return sorted(found, key=lambda event: (event.at, event.rank))


def _submission(one: Submission, words: Words) -> Event:
    reference = f" ({words.say('reference', reference=one.reference)})" if one.reference else ""
    return Event(
        one.at,
        0,
        words.submission(one.outcome, one.partner) + reference,
        (
            *_problems(one.problems, words),
            *(words.say("warning", told=told) for told in _problems(one.warnings, words)),
        ),
        _proofs(words, submission=one.id, source=one.source, record=one.place, trace=one.traceparent),
    )


def _assessment(one: Assessment, words: Words) -> Event:
    segment = one.segment
    match segment.status:
        case "classified":
            where = words.say("classified", segment=words.code(segment.value or "?"))
        case "provisional":
            where = words.say("provisional", possible=words.either(segment.possible))
        case status:
            where = words.code(status)
    needs = "; ".join(map(words.what, one.needs))
    details = [words.say("it_needs", needs=needs) if needs else words.say("no_need_follows")]
    if segment.presumptions:
        details.append(words.say("granted", presumptions=words.either(segment.presumptions, "and")))
    details += [words.say("contradiction", warning=words.code(warning)) for warning in segment.warnings]
    return Event(
        one.at,
        1,
        words.say("placed", version=one.version, where=where),
        tuple(details),
        _proofs(words, agreement=segment.agreement, event=one.event_id, trace=one.traceparent),
    )


def _decision(one: Decision, needs: Mapping[str, str], referrals: tuple[Referral, ...], words: Words) -> Event:
    receipt = one.receipt
    match receipt.outcome:
        case "assigned" if receipt.rule == Rule.NEED_REDECLARED:
            supporting = words.either((one.partner for one in receipt.candidates if one.verdict == "supporting"), "and")
            result = words.say("supported", supporting=supporting, partner=receipt.partner)
        case "assigned":
            result = words.say("assigned", partner=receipt.partner)
        case "waiting_consent" | "waiting_membership" | "manual":
            result = words.say(receipt.outcome)
        case outcome:
            result = words.code(outcome)
    referral = next((each for each in referrals if each.referral_id == one.referral_id), None)
    replaced = next((each for each in referrals if referral and each.referral_id == referral.replaces), None)
    what = needs.get(one.need_id, "?")
    if replaced is None:
        sentence = words.say("need", what=what, result=result)
    else:
        sentence = words.say("need_in_place_of", what=what, result=result, partner=replaced.partner)
    return Event(
        one.at,
        3,
        sentence,
        tuple(_reasons(receipt, words)),
        _proofs(
            words,
            referral=one.referral_id,
            need=one.need_id,
            agreement=receipt.agreement,
            rule=receipt.rule,
            cause=one.cause_id,
        ),
        tuple(_candidates(receipt.candidates, words)),
    )


def _reasons(receipt: Receipt, words: Words) -> Iterator[str]:
    """The steps in their order, who decided or what did among equals, and what would change the decision."""
    for number, step in enumerate(receipt.path, start=1):
        yield f"{number}. {words.rule(step.rule)}: {words.reason(step.reason)}"
    if receipt.person:
        yield words.say("by_person", by=receipt.person.by, reason=receipt.person.reason)
    if receipt.tie:
        members = words.either(receipt.tie.members, "and")
        if receipt.tie.staying:
            yield words.say("tie_staying", members=members, staying=receipt.partner, hash=receipt.tie.hash)
        else:
            yield words.say("tie", members=members, hash=receipt.tie.hash)
    if receipt.would_change_it:
        about: dict[str, list[str]] = {}
        for change in receipt.would_change_it:
            about.setdefault(change.fact, []).extend([change.partner] if change.partner else [])
        clauses = "; ".join(words.change(fact, partners) for fact, partners in about.items())
        yield words.say("would_change", changes=clauses)


def _candidates(candidates: tuple[Candidate, ...], words: Words) -> Iterator[tuple[bool, str]]:
    """All candidates, those with the same verdict for the same reason on one line, the selected first."""
    alike: dict[tuple[str, str], list[str]] = {}
    for one in sorted(candidates, key=lambda candidate: candidate.verdict != "selected"):
        alike.setdefault((one.verdict, one.predicate), []).append(one.partner)
    for (verdict, predicate), partners in alike.items():
        why = [words.code(verdict)] if verdict != predicate else []  # some verdicts are their own reason
        yield verdict == "selected", f"{', '.join([*why, words.predicate(predicate)])}: {', '.join(partners)}"


def _update(one: Update, words: Words) -> Event:
    asked = words.update(one.asked) if one.asked else words.say("unreadable")
    if one.reason:
        asked += f" ({words.code(one.reason)})"
    match one.outcome:
        case "refused":
            sentence = words.say("says_refused", partner=one.partner, asked=asked, rules=", ".join(one.rules) or "?")
        case "repeated":
            sentence = words.say("says_again", partner=one.partner, asked=asked)
        case _:
            flags = f", {words.either(one.flags, 'and')}" if one.flags else ""
            sentence = words.say("says", partner=one.partner, asked=asked + flags)
    details = (words.say("note", note=one.note),) if one.note else ()
    return Event(
        one.at, 0, sentence, details, _proofs(words, referral=one.referral_id, update=one.id, record=one.place)
    )


def _query(one: Query, words: Words) -> Iterator[Event]:
    """A body is asked about a membership, and answers."""
    proofs = _proofs(words, query=one.query_id)
    awaited = words.say("answer_awaited", until=clock(one.answer_by))
    yield Event(one.asked_at, 3, words.say("asked_membership", partner=one.partner), (awaited,), proofs)
    if one.answered_at is not None and one.member is not None:
        told = words.say("answered_yes" if one.member else "answered_no", partner=one.partner)
        yield Event(one.answered_at, 0, told, (), proofs)


def _request(one: Request, words: Words) -> Iterator[Event]:
    """Somebody is asked what is missing of the firm, may decline, and is waited for no longer."""
    proofs = _proofs(words, request=one.request_id)
    questions = [asked.question_it if words.language == "it" else asked.question_en for asked in one.missing]
    awaited = words.say("facts_awaited", until=clock(one.answer_by))
    asked = words.say("asked_information", partner=one.partner)
    yield Event(one.asked_at, 3, asked, (*questions, awaited), proofs)
    if one.declined_at is not None:
        note = words.say("note", note=one.declined)
        yield Event(one.declined_at, 0, words.say("declines", partner=one.partner), (note,), proofs)
    if one.closed_at is not None and one.closed != "declined":
        told = words.say("asked_no_longer", partner=one.partner, why=words.code(f"request_{one.closed}"))
        yield Event(one.closed_at, 2, told, (), proofs)


def _order(one: Command, tasks: Mapping[str, str], partners: Mapping[str, str], words: Words) -> Event:
    """A person takes a referral back, or enters it in error with a second one. (What a person assigned is told by its
    decision.)"""
    places = {
        "by": one.by,
        "what": tasks.get(one.referral_id, "?"),
        "partner": partners.get(one.referral_id, words.say("the_partner")),
    }
    if one.second is None:
        sentence = words.say("person_takes_back", **places, reason=words.code(one.reason or "?"))
    else:
        sentence = words.say("persons_correct", **places, second=one.second, reason=one.reason or "?")
    return Event(one.at, 1, sentence, (), _proofs(words, referral=one.referral_id, cause=one.id))


def _asked_back(one: Referral, at: datetime, tasks: Mapping[str, str], words: Words) -> Event:
    """The partner is asked to end work that has begun."""
    sentence = words.say(
        "asked_back",
        what=tasks.get(one.referral_id, "?"),
        partner=one.partner,
        reason=words.code(one.cancellation or "?"),
    )
    return Event(at, 2, sentence, (), _proofs(words, referral=one.referral_id))


def _cancellation(one: Referral, tasks: Mapping[str, str], words: Words) -> Event:
    what = tasks.get(one.referral_id, "?")
    if one.reason:
        sentence = words.say("taken_back_for", what=what, partner=one.partner, reason=words.code(one.reason))
    else:
        sentence = words.say("taken_back", what=what, partner=one.partner)
    return Event(one.changed_at, 2, sentence, (), _proofs(words, referral=one.referral_id))


def _in_error(one: Referral, tasks: Mapping[str, str], words: Words) -> Event:
    """The referral never should have been, by itself or as the copy of one."""
    sentence = words.say("entered_in_error", what=tasks.get(one.referral_id, "?"), partner=one.partner)
    return Event(one.changed_at, 2, sentence, (), _proofs(words, referral=one.referral_id))


def _answer(one: Referral, at: datetime, tasks: Mapping[str, str], words: Words) -> Event:
    """What the firm says of a completion."""
    key = f"firm_{one.confirmed_by_firm}" + ("_because" if one.disputed_for else "")
    reason = words.code(one.disputed_for) if one.disputed_for else ""
    sentence = words.say(key, partner=one.partner, what=tasks[one.referral_id], reason=reason)
    return Event(at, 2, sentence, (), _proofs(words, referral=one.referral_id))


def _message(one: Notification, partners: Mapping[str, str], tasks: Mapping[str, str], words: Words) -> Event:
    partner = partners.get(one.referral_id, words.say("the_partner"))
    state = words.message(one.state)
    if one.state in ("failed", "pending") and one.code:
        state = words.say("message_tries", state=state, code=one.code, tries=one.tries)
    return Event(
        one.sent_at or one.created_at,
        4,
        words.say(
            "message",
            channel=words.code(one.channel).capitalize(),
            to=partner if one.recipient == "partner" else words.say("the_firm"),
            what=tasks.get(one.referral_id, "?"),
            purpose=words.code(one.purpose.partition("/")[0]),  # after it: what is awaited, and until when
            state=state,
        ),
        (),
        _proofs(words, message_id=one.message_id, referral=one.referral_id, trace=one.traceparent),
    )


def _erasure(one: Erasure, words: Words) -> Iterator[Event]:
    """The firm is forgotten, and the partners hear when that is done everywhere."""
    sentence = words.say("erased", partner=one.partner, until=clock(one.requested_at))
    yield Event(one.erased_at, 5, sentence, (), _proofs(words, submission=one.submission_id))
    if one.told_at:
        yield Event(one.told_at, 6, words.say("erased_everywhere", partners=words.either(one.told, "and")))


def _problems(problems: tuple[Problem, ...], words: Words) -> Iterator[str]:
    for problem in problems:
        yield f"{problem.pointer or words.say('the_record')}: {problem.message or problem.rule} ({problem.rule})"


def _proofs(words: Words, **ids: str | None) -> tuple[str, ...]:
    return tuple(f"{words.code(name)} {value}" for name, value in ids.items() if value)

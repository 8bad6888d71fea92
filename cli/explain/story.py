"""A journey in sentences: who the firm is, what happened in order of time, where it stands now.

Every event is one dated sentence; under it what it rests on, and last, quieter, the ids by which it is found in stores,
topics and mailboxes. Times are those of this machine's clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cli.explain.events import Event, events
from cli.explain.journey import Journey, Leaf, Need
from cli.explain.leaves import spoken, value_of
from cli.explain.why import REGION, Reader, reasons
from cli.explain.words import Words
from cli.output import plain
from cli.partner.telling import clock


class Kind(StrEnum):
    """What a line is, so that a terminal can show it so."""

    TITLE = "title"
    HEADING = "heading"
    EVENT = "event"
    DETAIL = "detail"
    CHOSEN = "chosen"
    PROOF = "proof"
    ALARM = "alarm"


_INDENT = {Kind.TITLE: "", Kind.HEADING: "", Kind.EVENT: "  ", Kind.ALARM: "  "}
_DEEPER = "      "


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story, indented; it holds nothing that could move a cursor."""

    kind: Kind
    text: str


def tell(journey: Journey, words: Words, reader: Reader = REGION) -> Iterator[Line]:
    """The story in these words, line by line; an empty heading is an empty line. Who is not the Region is told why each
    partner was chosen or not, as far as it may know that, and nothing else."""
    for kind, text in _tell(journey, words) if reader == REGION else _answer(journey, words, reader):
        yield Line(kind, _INDENT.get(kind, _DEEPER) + plain(text) if text else "")


Told = Iterator[tuple[Kind, str]]


def _tell(journey: Journey, words: Words) -> Told:
    unnamed = words.say("forgotten") if journey.erasure else words.say("nameless")
    yield Kind.TITLE, journey.name or unnamed
    if journey.codice_fiscale:
        yield Kind.EVENT, words.say("identity", code=journey.codice_fiscale, firm_id=journey.firm_id)
    else:
        yield Kind.EVENT, words.say("identity_without_code", firm_id=journey.firm_id)
    for one in journey.successions:
        told = {"kind": words.code(one.kind), "since": clock(one.at), "partner": one.partner}
        if one.firm_id == journey.firm_id:
            yield Kind.EVENT, words.say("succeeded_by", firm_id=one.successor_id, **told)
        else:
            yield Kind.EVENT, words.say("succeeds", firm_id=one.firm_id, **told)
    if journey.about:
        yield Kind.EVENT, words.say("about", referral=journey.about)
    yield from _alarms(journey, words)
    yield Kind.HEADING, ""
    yield Kind.HEADING, words.say("happened", zone=datetime.now().astimezone().tzname() or words.say("local_zone"))
    for event in events(journey, words):
        yield from _event(event)
    yield Kind.HEADING, ""
    yield Kind.HEADING, words.say("stands")
    yield from _needs(journey, words)
    yield Kind.HEADING, ""
    yield from _why(journey, words, REGION)
    yield Kind.HEADING, ""
    yield (
        Kind.HEADING,
        words.say("known_in_version", version=journey.version) if journey.version else words.say("known"),
    )
    yield from _firm(journey, words)


def _answer(journey: Journey, words: Words, reader: Reader) -> Told:
    """To the firm by its name, to a partner by the id that it has in its own referrals."""
    name = journey.name if reader.partner is None else None
    yield Kind.TITLE, name or words.say("identity_without_code", firm_id=journey.firm_id)
    yield Kind.HEADING, ""
    yield from _why(journey, words, reader)


def _why(journey: Journey, words: Words, reader: Reader) -> Told:
    """One sentence for each partner, of the latest decision on each need."""
    yield Kind.HEADING, words.say("why")
    found = list(reasons(journey, reader, words))
    for one in found:
        yield Kind.EVENT, words.say("why_of", what=one.what, at=clock(one.at))
        for own, sentence in one.sentences:
            yield (Kind.CHOSEN if own else Kind.DETAIL), f"{'→' if own else ' '} {sentence}."
    if not found:
        yield Kind.EVENT, words.say("why_nothing")


def _alarms(journey: Journey, words: Words) -> Told:
    for one in journey.held:
        since = clock(one.since)
        if one.state == "held":
            told = words.say("set_aside", service=one.service, since=since, failure=one.failure, id=one.id)
        else:
            told = words.say("queued", service=one.service, since=since, place=one.place)
        yield Kind.ALARM, told


def _event(event: Event) -> Told:
    yield Kind.EVENT, f"{clock(event.at)}  {event.sentence}."
    for detail in event.details:
        yield Kind.DETAIL, detail
    for chosen, candidate in event.table:
        yield (Kind.CHOSEN if chosen else Kind.DETAIL), f"{'→' if chosen else ' '} {candidate}"
    if event.proofs:
        yield Kind.PROOF, " · ".join(event.proofs)


def _needs(journey: Journey, words: Words) -> Told:
    if not journey.needs:
        yield Kind.EVENT, words.say("no_need")
    for need in journey.needs:
        origin = "need_declared" if need.declared else "need_given"
        if not need.declared and _was_never_given(need, journey):
            origin = "need_possible"
        yield Kind.EVENT, words.say(origin, what=words.what(need.what), state=_state(need, journey, words))
        yield from _clocks(need, journey, words)
        proof = f"{words.code('need')} {need.need_id}"
        if need.referral_id:
            proof += f" · {words.code('referral')} {need.referral_id}"
        yield Kind.PROOF, proof


def _was_never_given(need: Need, journey: Journey) -> bool:
    """Whether only some of the possible segments would give it: such a need waits, and nobody ever decides on it. Of an
    erased firm the decisions are gone."""
    if need.state == "waiting_information":
        return True
    decided = any(one.need_id == need.need_id for one in journey.decisions)
    return need.state == "withdrawn" and not decided and need.reason != "firm_erased"


def _state(need: Need, journey: Journey, words: Words) -> str:
    state = words.need(need.state) + (f" ({words.code(need.reason)})" if need.reason else "")
    referral = next((one for one in journey.referrals if one.referral_id == need.referral_id), None)
    if referral is None:
        return state
    status = words.code(referral.status)
    if referral.hold_until:
        status = words.say("held_until", status=status, until=clock(referral.hold_until))
    return words.say(
        "with_partner",
        state=state,
        partner=referral.partner,
        status=status,
        since=clock(referral.changed_at),
    )


def _clocks(need: Need, journey: Journey, words: Words) -> Told:
    """Who holds the ball, and what follows by itself if nothing is heard."""
    asked = next((one for one in journey.requests if one.closed is None), None)
    if need.state == "waiting_information" and asked is not None:
        yield Kind.DETAIL, words.say("rests_meanwhile", partner=asked.partner, until=clock(asked.answer_by))
    referral = next((one for one in journey.referrals if one.referral_id == need.referral_id), None)
    asked_bodies = [one.partner for one in journey.queries if one.answered_at is None]
    match need.ball or (referral.ball if referral else None):
        case "partner" if need.ball:
            yield Kind.DETAIL, words.say("ball", who=words.either(asked_bodies, "and"))
        case "partner" if referral:
            yield Kind.DETAIL, words.say("ball", who=referral.partner)
        case "firm":
            yield Kind.DETAIL, words.say("ball", who=words.say("the_firm"))
        case "hub":
            yield Kind.DETAIL, words.say("ball", who=words.say("the_hub"))
        case "paused" if need.state != "waiting_information":
            yield Kind.DETAIL, words.say("rests")
    for one in referral.clocks if referral else ():
        yield Kind.DETAIL, words.say("by_itself", at=clock(one.due_at), what=words.code(f"clock_{one.kind}"))


def _firm(journey: Journey, words: Words) -> Told:
    names = [spoken(leaf.name, words) for leaf in journey.profile]
    width = max(map(len, names), default=0)
    for name, leaf in zip(names, journey.profile, strict=True):
        yield Kind.EVENT, f"{name:<{width}}  {value_of(leaf, words)}{_word(leaf, words)}"
    for one in journey.assertions:
        told = [words.say("speaks", partner=one.partner, at=clock(one.observed_at))]
        if one.member is not None:
            told.append(words.say("member" if one.member else "no_member"))
        if one.reference:
            told.append(words.say("its_reference", reference=one.reference))
        yield Kind.EVENT, "; ".join(told)
    for membership in journey.memberships:
        if membership.since:
            yield Kind.EVENT, words.say("verified_member_since", partner=membership.partner, since=membership.since)
        else:
            yield Kind.EVENT, words.say("verified_member", partner=membership.partner)
    for consent in journey.consents:
        told = [words.say("consents", to=words.say("any_partner") if consent.to == "any" else consent.to)]
        if consent.given_at:
            told.append(words.say("given", at=clock(consent.given_at)))
        if consent.expires_at:
            told.append(words.say("until", at=clock(consent.expires_at)))
        yield Kind.EVENT, ", ".join(told)
    if not journey.consents:
        yield Kind.EVENT, words.say("no_consent")


def _word(leaf: Leaf, words: Words) -> str:
    """Whose word it is."""
    told = []
    if leaf.said_by:
        told.append(words.either(leaf.said_by, "and"))
    if leaf.otherwise:
        told.append(words.say("otherwise", partners=words.either(leaf.otherwise, "and")))
    return f"  [{'; '.join(told)}]" if told else ""

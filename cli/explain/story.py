"""A journey in sentences: who the firm is, what happened in order of time, where it stands now.

Every event is one dated sentence; under it what it rests on, and last, quieter, the ids by which it is found in stores,
topics and mailboxes. Times are those of this machine's clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cli.explain import words
from cli.explain.events import Event, events
from cli.explain.journey import Journey, Leaf, Need
from cli.explain.leaves import told
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


def tell(journey: Journey) -> Iterator[Line]:
    """The story, line by line; an empty heading is an empty line."""
    for kind, text in _tell(journey):
        yield Line(kind, _INDENT.get(kind, _DEEPER) + plain(text) if text else "")


Told = Iterator[tuple[Kind, str]]


def _tell(journey: Journey) -> Told:
    yield Kind.TITLE, journey.name or "A firm whose name is not known"
    identity = f"codice fiscale {journey.codice_fiscale}, " if journey.codice_fiscale else ""
    yield Kind.EVENT, f"{identity}firm_id {journey.firm_id}"
    if journey.about:
        yield Kind.EVENT, f"told as far as it concerns the referral {journey.about}"
    yield from _alarms(journey)
    yield Kind.HEADING, ""
    yield Kind.HEADING, f"What happened (times in {_zone()})"
    for event in events(journey):
        yield from _event(event)
    yield Kind.HEADING, ""
    yield Kind.HEADING, "Where it stands"
    yield from _needs(journey)
    yield Kind.HEADING, ""
    yield Kind.HEADING, "What is known of the firm" + (f" (version {journey.version})" if journey.version else "")
    yield from _firm(journey)


def _zone() -> str:
    return datetime.now().astimezone().tzname() or "the local zone"


def _alarms(journey: Journey) -> Told:
    for one in journey.held:
        since = f"since {clock(one.since)}"
        if one.state == "held":
            yield (
                Kind.ALARM,
                (
                    f"set aside in {one.service} {since}: {one.failure}; later records of the firm wait "
                    f"(`portolano held show {one.service} {one.id}`)"
                ),
            )
        else:
            yield Kind.ALARM, f"waits in {one.service} {since}: {one.place}"


def _event(event: Event) -> Told:
    yield Kind.EVENT, f"{clock(event.at)}  {event.sentence}."
    for detail in event.details:
        yield Kind.DETAIL, detail
    for chosen, candidate in event.table:
        yield (Kind.CHOSEN if chosen else Kind.DETAIL), f"{'→' if chosen else ' '} {candidate}"
    if event.proofs:
        yield Kind.PROOF, " · ".join(event.proofs)


def _needs(journey: Journey) -> Told:
    if not journey.needs:
        yield Kind.EVENT, "nothing is known to be needed"
    for need in journey.needs:
        origin = "the firm asked for it" if need.declared else "its segment gives it"
        yield Kind.EVENT, f"{need.what} ({origin}): {_state(need, journey)}"
        if need.referral_id:
            yield Kind.PROOF, f"need {need.need_id} · referral {need.referral_id}"
        else:
            yield Kind.PROOF, f"need {need.need_id}"


def _state(need: Need, journey: Journey) -> str:
    reason = f" ({words.words(need.reason)})" if need.reason else ""
    state = words.NEEDS.get(need.state, words.words(need.state)) + reason
    referral = next((one for one in journey.referrals if one.referral_id == need.referral_id), None)
    if referral is None:
        return state
    return f"{state}; {referral.partner}: {words.words(referral.status)} since {clock(referral.changed_at)}"


def _firm(journey: Journey) -> Told:
    width = max((len(leaf.name) for leaf in journey.profile), default=0)
    for leaf in journey.profile:
        yield Kind.EVENT, f"{leaf.name:<{width}}  {told(leaf.value)}{_word(leaf)}"
    for one in journey.assertions:
        member = {True: "; its member", False: "; not its member", None: ""}[one.member]
        reference = f"; its reference {one.reference}" if one.reference else ""
        yield Kind.EVENT, f"{one.partner} speaks of it, as observed {clock(one.observed_at)}{member}{reference}"
    for membership in journey.memberships:
        since = f" since {membership.since}" if membership.since else ""
        yield Kind.EVENT, f"verified member of {membership.partner}{since}"
    for consent in journey.consents:
        to = "any partner" if consent.to == "any" else consent.to
        given = f", given {clock(consent.given_at)}" if consent.given_at else ""
        until = f", until {clock(consent.expires_at)}" if consent.expires_at else ""
        yield Kind.EVENT, f"consents to be handed to {to}{given}{until}"
    if not journey.consents:
        yield Kind.EVENT, "has consented to no partner"


def _word(leaf: Leaf) -> str:
    """Whose word it is."""
    says = f"{words.either(leaf.said_by, 'and')}" if leaf.said_by else ""
    differs = f"{words.either(leaf.otherwise, 'and')} otherwise" if leaf.otherwise else ""
    both = "; ".join(part for part in (says, differs) if part)
    return f"  [{both}]" if both else ""

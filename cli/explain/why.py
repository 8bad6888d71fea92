"""Why this partner, and why not each of the others: of each need's latest decision one sentence for every signatory.

Who came in afterwards, because it declared the need as well, is told from the decision about that.

What a reader may know is decided where receipts are made (`services.referral.readings`), and nowhere else: the Region
reads the receipt whole, the firm all but the person who decided, a partner its own verdict and of the others no more
than that they are others.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec.structs import replace

from cli.explain.journey import Decision, Journey
from cli.explain.words import Words
from services.referral import receipt as receipts
from services.referral.readings import firms_view, partners_view
from shared.errors import Trouble


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is to read it: one partner, else the firm, else the Region."""

    partner: str | None = None
    firm: bool = False


REGION = Reader()
_SUPPORTING = receipts.Verdict.SUPPORTING


@dataclass(frozen=True, slots=True)
class Reasons:
    """The latest decision on a need, as one reader may know it: `own` tells the sentence that is about the reader, or
    about the partner that was chosen."""

    what: str
    at: datetime
    sentences: tuple[tuple[bool, str], ...]


def reasons(journey: Journey, reader: Reader, words: Words) -> Iterator[Reasons]:
    """For each need on which was decided, in the order of the needs."""
    for need in journey.needs:
        taken = [one for one in journey.decisions if one.need_id == need.need_id]
        if taken:
            decision, later = _latest(taken)
            told = tuple(_sentences(_joined(_stored(decision), map(_stored, later)), reader, words))
            yield Reasons(words.what(need.what), decision.at, told)


def _latest(taken: Sequence[Decision]) -> tuple[Decision, Sequence[Decision]]:
    """The latest decision on who has the need, and those since on who supports it."""
    last = max((n for n, one in enumerate(taken) if one.receipt.rule != receipts.Rule.NEED_REDECLARED), default=0)
    return taken[last], taken[last + 1 :]


def _joined(decision: receipts.Decision, later: Iterable[receipts.Decision]) -> receipts.Decision:
    """The decision with the verdicts of those that came in since to support."""
    came = {each.partner: each for one in later for each in one.candidates if each.verdict is _SUPPORTING}
    return replace(decision, candidates=tuple(came.get(one.partner, one) for one in decision.candidates))


def covered(journey: Journey, partner: str, at: datetime) -> bool:
    """Whether the firm's consent lets this partner hear of its needs at all."""
    return any(
        one.to in (partner, "any") and one.purpose == "referral" and (one.expires_at is None or one.expires_at > at)
        for one in journey.consents
    )


def _stored(decision: Decision) -> receipts.Decision:
    """The receipt as it was made. Readers here take receipts of every version; a view is made of none that lacks
    something."""
    try:
        return msgspec.convert(decision.receipt, receipts.Decision, from_attributes=True)
    except msgspec.ValidationError as error:
        raise Trouble(f"the receipt on need {decision.need_id} is not of a form that has views: {error}") from None


def _sentences(decision: receipts.Decision, reader: Reader, words: Words) -> Iterator[tuple[bool, str]]:
    if reader.partner is not None:
        mine = reader.partner == decision.partner
        for candidate in partners_view(decision, reader.partner).candidates:
            own = candidate.partner == reader.partner
            predicate = candidate.predicate
            yield own, _sentence(candidate.partner, candidate.verdict, predicate, words, masked=not own and not mine)
        return
    seen = firms_view(decision) if reader.firm else decision
    for one in seen.candidates:
        chosen = one.verdict is receipts.Verdict.SELECTED
        yield chosen, _sentence(one.partner, one.verdict.value, one.predicate.value, words)


def _sentence(partner: str, verdict: str, predicate: str | None, words: Words, *, masked: bool = False) -> str:
    """One sentence about one partner. `masked`: to this reader `not_selected` says nothing, for it stands for whatever
    the verdict was."""
    why = words.predicate(predicate) if predicate else ""
    match receipts.Verdict(verdict):
        case receipts.Verdict.SELECTED:
            return words.say("why_selected", partner=partner, why=why)
        case receipts.Verdict.EXECUTOR:
            return words.say("why_executor", partner=partner, why=why)
        case receipts.Verdict.SUPPORTING:
            return words.say("why_supporting", partner=partner, why=why)
        case receipts.Verdict.OTHER_OWNER_OF_FRONT:
            return words.say("why_other_owner", partner=partner)
        case receipts.Verdict.TIE_LOST:
            return words.say("why_tie_lost", partner=partner)
        case receipts.Verdict.NOT_SELECTED if why:
            return words.say("why_not", partner=partner, why=why)
        case receipts.Verdict.NOT_SELECTED if masked:
            return words.say("why_untold", partner=partner)
        case receipts.Verdict.NOT_SELECTED:
            return words.say("why_not_untold", partner=partner)

"""What is asked for a missing fact: where it belongs in a submission, and the words, ready to be put into a mail. Pure.

A pointer is relative to `data` and counts in the merged profile; `-` stands for an item that nobody has given yet, and
a list that is absent is asked for by its own pointer (contract, section 1).
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from services.classifier.facts import Window, bounds, is_rooted
from services.classifier.missing import Fact, Member
from services.classifier.segments import EITHER
from services.classifier.size import deciding, has_previous, weight
from services.classifier.wording import WORDS, Words
from shared.agreement import Criteria, Sme
from shared.contracts.classifier import Missing
from shared.contracts.firm import Figure, Holding, Presence, Profile

FIGURES = {Member.STAFF: "staff", Member.TURNOVER: "turnover_eur", Member.BALANCE: "balance_sheet_eur"}


def ask(facts: Iterable[Fact], profile: Profile, seen: Window, criteria: Criteria) -> tuple[Missing, ...]:
    """The questions for these facts, in their order; none twice (two figures can hang on one share of a holding)."""
    return tuple(dict.fromkeys(one for fact in facts for one in _questions(fact, profile, seen, criteria)))


def _questions(fact: Fact, profile: Profile, seen: Window, criteria: Criteria) -> Iterator[Missing]:
    match fact.member:
        case Member.SHARE:
            year = seen.years[fact.place]
            yield _question(_in_year(profile, year, "share"), year, Words.SHARE)
        case Member.MARKETS:
            year = seen.years[fact.place]
            yield _question(_in_year(profile, year, "markets"), year, Words.MARKETS)
        case Member.SINCE:
            yield _question("/firm/exports/since", None, Words.SINCE)
        case Member.PRESENCE:
            yield from _presence(profile.presence_abroad, criteria)
        case Member.INVEST:
            yield _question("/firm/intents/invest_abroad", None, Words.INVEST)
        case Member.STAFF | Member.TURNOVER | Member.BALANCE | Member.HOLDINGS | Member.PUBLIC:
            yield from _size(fact.member, profile, seen, criteria)


def _in_year(profile: Profile, year: int, member: str) -> str:
    years = profile.exports.years if profile.exports is not None else None
    if years is None:
        return "/firm/exports/years"
    place = next((str(index) for index, one in enumerate(years) if one.year == year), "-")
    return f"/firm/exports/years/{place}/{member}"


def _presence(presence: tuple[Presence, ...] | None, criteria: Criteria) -> Iterator[Missing]:
    if presence is None:
        yield _question("/firm/presence_abroad", None, Words.PRESENCE)
    for index, one in enumerate(presence or ()):
        if is_rooted(one, criteria.thresholds.stake) == EITHER:
            yield _question(f"/firm/presence_abroad/{index}/share", None, Words.STAKE, one.country)


def _size(member: Member, profile: Profile, seen: Window, criteria: Criteria) -> Iterator[Missing]:
    size = profile.size
    figures = None if size is None else deciding(size, criteria.presumptions)
    year = seen.last if figures is None else figures.year
    if member is Member.HOLDINGS:
        yield _question("/firm/size/holdings", year, Words.HOLDINGS)
    elif member is Member.PUBLIC:
        yield _question("/firm/size/public_share", None, Words.PUBLIC)
    else:
        name = FIGURES[member]
        if size is None or figures is None:
            yield _question(f"/firm/size/{name}", year, Words[member.name])
            return
        if not _is_known(getattr(figures, name)):
            within = "previous/" if has_previous(size) or not criteria.presumptions.single_year else ""
            yield _question(f"/firm/size/{within}{name}", year, Words[member.name])
        for index, holding in enumerate(size.holdings or ()):
            yield from _holding(index, holding, member, name, year, criteria.sme)


def _holding(index: int, holding: Holding, member: Member, name: str, year: int, by: Sme) -> Iterator[Missing]:
    number = str(index + 1)
    if not _is_known(getattr(holding, name)):
        words = Words[f"HOLDING_{member.name}"]
        yield _question(f"/firm/size/holdings/{index}/{name}", year, words, number)
    least, most = weight(holding, by)
    if least != most:
        yield _question(f"/firm/size/holdings/{index}/share", year, Words.HOLDING_SHARE, number)


def _is_known(figure: Figure | None) -> bool:
    least, most = bounds(figure)
    return least == most


@lru_cache(maxsize=4096)
def _question(pointer: str, year: int | None, words: Words, what: str = "") -> Missing:
    italian, english = WORDS[words]
    return Missing(
        pointer=pointer,
        year=year,
        question_it=italian.format(year=year, what=what),
        question_en=english.format(year=year, what=what),
    )

"""The model's routing: a firm of which nothing but its memberships is known, and whom its needs go to, in order.

Two bodies have it as their member and serve every need; a third serves to inform only, and supports where it does not
serve. A fourth is declared, and asked before the neutral body has its turn. Needs of import are one owner's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from tests.unit.referral.machine.parts import MARKETS, Want

MEMBER_OF = {"cna": date(2010, 1, 1), "confartigianato": date(2012, 1, 1), "claai": date(2015, 1, 1)}
DECLARED = "confapi"
INFORM_ONLY = ("claai",)
IN_ORDER = ("confapi", "confartigianato", "cna", "claai")
"""The bodies in the order of the agreement's document."""
IMPORTS, MARKETED, NEUTRAL = "aice", "assocamerestero", "unioncamere"
MOST_HOPS = 3


@dataclass
class Firm:
    """What is known of the firm. `consents`: partner -> when it runs out (UTC), None for never. `word`: the declared
    body's answer."""

    consents: dict[str, datetime | None]
    stated: list[str]
    declared_at: dict[str, datetime] = field(default_factory=dict)
    ceased: bool = False
    known: bool = False
    told: list[str] = field(default_factory=list)
    """What was stated when the firm was last told of."""
    word: tuple[bool, date | None] | None = None
    query_until: datetime | None = None
    judged: Callable[[datetime], datetime] = lambda due_at: due_at
    """When a deadline is judged, outages of ours considered."""
    declared: str = DECLARED

    def consent(self, partner: str, at: datetime) -> str:
        if partner not in self.consents:
            return "no"
        ends = self.consents[partner]
        return "yes" if ends is None or ends > at else "expired"

    def ends(self, partner: str, at: datetime) -> str | None:
        """Why this partner may not go on, as far as the firm is concerned."""
        if self.ceased:
            return "firm_ceased"
        return {"yes": None, "no": "consent_withdrawn", "expired": "consent_expired"}[self.consent(partner, at)]

    def declared_after(self, key: str, at: datetime) -> bool:
        return key in self.declared_at and self.declared_at[key] > at

    def forget(self) -> None:
        self.known, self.told, self.word, self.query_until = False, [], None, None

    def members(self) -> dict[str, date | None]:
        """Bodies that have the firm as their member, by their own word, and since when."""
        told: dict[str, date | None] = dict(MEMBER_OF)
        if self.word is not None and self.word[0]:
            told[self.declared] = self.word[1]
        return told

    def is_awaited(self, at: datetime) -> bool:
        """Whether the declared body's word is still to be waited for."""
        return self.word is None and (self.query_until is None or self.judged(self.query_until) >= at)


class Choice(NamedTuple):
    state: str
    partner: str | None = None
    supporting: Sequence[str] = ()
    executor: str | None = None
    asks: bool = False


def choose(firm: Firm, want: Want, at: datetime, *, waits: bool = True) -> Choice:
    """Whom the need goes to, and in which state it is then; `waits`: for the declared body's word as well."""

    def may_have(partner: str) -> bool:
        return partner not in want.excluded and firm.consent(partner, at) == "yes"

    def goes_to(partner: str, supporting: Sequence[str]) -> Choice:
        leg = MARKETED if want.key in MARKETS and may_have(MARKETED) else None
        return Choice("referred", partner, supporting, leg)

    if want.hops > MOST_HOPS:
        return Choice("manual")
    if all(firm.consent(partner, at) != "yes" for partner in firm.consents):
        return Choice("waiting_consent")
    members = firm.members()
    bodies = sorted((code for code in members if may_have(code)), key=lambda code: members[code] or date.max)
    if want.key == "import" and IMPORTS not in want.excluded:
        return goes_to(IMPORTS, bodies[:1]) if may_have(IMPORTS) else Choice("waiting_consent")
    able = [code for code in bodies if want.front == "information" or code not in INFORM_ONLY]
    aside = [code for code in IN_ORDER if code in bodies and code not in able]
    if able:
        return goes_to(able[0], aside)
    if waits and firm.is_awaited(at) and may_have(firm.declared):
        return Choice("waiting_membership", asks=firm.query_until is None)
    if NEUTRAL in want.excluded:
        return Choice("manual")
    return goes_to(NEUTRAL, aside) if may_have(NEUTRAL) else Choice("waiting_consent")

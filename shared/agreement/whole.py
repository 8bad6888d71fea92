"""One version of the agreement as a whole, and all versions by the day from which each is followed."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple, TypeVar

from shared.agreement.accord import Approval, Front, Imports, InMarket, MarketList, Segment, Term
from shared.agreement.calendar import CalendarPolicy, WorkingDays, working_days
from shared.agreement.carriage import Carriage, Quota
from shared.agreement.criteria import Criteria
from shared.agreement.life import Codes, Deadlines, Routing
from shared.agreement.parts import Few, Many, Part, PartnerCode, Text
from shared.agreement.services import Service
from shared.agreement.signatories import Sector, Signatory
from shared.agreement.targets import Target

Coded = TypeVar("Coded", Front, Segment, Signatory, Sector)


class Agreement(Part):
    """One version of the accord; `version` is stamped on every decision taken under it.

    It is followed from `valid_from` until the next version is; whether the accord holds at all on a day is another
    question, and its term answers that.
    """

    version: Text
    valid_from: date
    approval: Approval
    title: Text
    term: Term
    fronts: Many[Front]
    imports: Imports
    in_market: InMarket
    segments: Many[Segment]
    criteria: Criteria
    routing: Routing
    fallback: PartnerCode
    sectors: Many[Sector]
    signatories: Many[Signatory]
    codes: Codes
    deadlines: Deadlines
    calendar: CalendarPolicy
    strategic_markets: Few[MarketList]
    targets: Few[Target] = ()
    services: Few[Service]
    topics: Carriage
    quotas: Quota

    @property
    def partners(self) -> tuple[str, ...]:
        """The codes of all signatories, in the order of the document."""
        return tuple(signatory.code for signatory in self.signatories)

    @property
    def working_days(self) -> WorkingDays:
        """The calendar that its deadlines count in."""
        return working_days(self.calendar)

    def signatory(self, code: str) -> Signatory:
        """The signatory with this code; KeyError if there is none."""
        return _by_code(self.signatories, code)

    def front(self, code: str) -> Front:
        """The front with this code; KeyError if there is none."""
        return _by_code(self.fronts, code)

    def segment(self, code: str) -> Segment:
        """The segment with this code; KeyError if there is none (`out_of_target` is none of the agreement's)."""
        return _by_code(self.segments, code)

    def sector(self, code: str) -> Sector:
        """The sector with this code; KeyError if there is none."""
        return _by_code(self.sectors, code)

    def serves(self, partner: str, front: str) -> bool:
        """Whether this partner offers something on this front."""
        return front in self.signatory(partner).fronts

    def in_force(self, day: date) -> bool:
        """Whether new referrals may be opened on `day` (a day of the Europe/Rome calendar)."""
        return any(period.first <= day <= period.last for period in self.term.periods)

    def markets_on(self, day: date) -> frozenset[str]:
        """The strategic markets of this day (ISO 3166 alpha-2)."""
        return frozenset(code for one in self.strategic_markets if one.holds(day) for code in one.markets)

    def services_for(
        self, partner: str, front: str, segments: Collection[str], market: str | None, import_: bool, day: date
    ) -> tuple[Service, ...]:
        """What this partner offers on this day for such a need of a firm that can be in these segments."""
        return tuple(
            service
            for service in self.services
            if service.partner == partner and service.holds(day) and service.fits(front, segments, market, import_)
        )


class Versions(NamedTuple):
    """All versions, at least one, in the order in which they are followed."""

    versions: tuple[Agreement, ...]

    @property
    def partners(self) -> tuple[str, ...]:
        """The codes of all signatories that any version has, each once."""
        return tuple(dict.fromkeys(code for version in self.versions for code in version.partners))

    def on(self, day: date) -> Agreement:
        """The version that is followed on this day; before the first one, the first, whose term says so."""
        begun = [version for version in self.versions if version.valid_from <= day]
        return begun[-1] if begun else self.versions[0]


def _by_code(parts: Sequence[Coded], code: str) -> Coded:
    for part in parts:
        if part.code == code:
            return part
    raise KeyError(code)

"""The agreement as values: who signed, which fronts and segments, by which rules, for how long, how Kafka carries it.

`load` reads one version of the accord (`agreement/*.yml`, with what the partners offer beside it) and either gives back
a whole, consistent `Agreement` or raises `Trouble` with file, line and rule of everything that is wrong. Apart from
reading files the package is pure; it asks no clock, dates come in as arguments.
"""

from shared.agreement.accord import Approval, Front, Imports, InMarket, MarketList, Period, Segment, Term
from shared.agreement.calendar import CalendarPolicy, WorkingDays, day_of, end_of
from shared.agreement.carriage import Carriage, Keep, Quota
from shared.agreement.criteria import Ceiling, Criteria, Presumptions, Sme, Thresholds
from shared.agreement.life import Codes, Deadlines, Failure, Ladder, Routing, RoutingStep
from shared.agreement.loading import CURRENT, PLACE, load, load_versions
from shared.agreement.services import Service, Title
from shared.agreement.signatories import Desk, Divisions, Eligibility, Province, Sector, Signatory, SizeCode
from shared.agreement.targets import Target
from shared.agreement.whole import Agreement, Versions

__all__ = [
    "CURRENT",
    "PLACE",
    "Agreement",
    "Approval",
    "CalendarPolicy",
    "Carriage",
    "Ceiling",
    "Codes",
    "Criteria",
    "Deadlines",
    "Desk",
    "Divisions",
    "Eligibility",
    "Failure",
    "Front",
    "Imports",
    "InMarket",
    "Keep",
    "Ladder",
    "MarketList",
    "Period",
    "Presumptions",
    "Province",
    "Quota",
    "Routing",
    "RoutingStep",
    "Sector",
    "Segment",
    "Service",
    "Signatory",
    "SizeCode",
    "Sme",
    "Target",
    "Term",
    "Thresholds",
    "Title",
    "Versions",
    "WorkingDays",
    "day_of",
    "end_of",
    "load",
    "load_versions",
]

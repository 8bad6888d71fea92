"""What the checks look at, and what they say. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cli.demo.closing import Ending
from cli.demo.ledger import Ledger
from cli.demo.mails import Taken
from cli.demo.stores import View
from shared.agreement import Agreement


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer. `wrong`: what is amiss, a line each; none where all is well."""

    name: str
    found: str
    wrong: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return not self.wrong


@dataclass(frozen=True, slots=True)
class Days:
    """So many working days have passed, and `until` (UTC, the time of the house) is over: a deadline's last second."""

    passed: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the checks look at. `days`: those that were made to pass, None where real time was kept."""

    ledger: Ledger
    view: View
    mails: Mapping[str, Taken]
    agreement: Agreement
    days: Days | None = None
    endings: Sequence[Ending] = ()

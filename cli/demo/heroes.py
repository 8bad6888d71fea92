"""The two firms that the board follows: who they are, and every station that they have passed."""

from collections import Counter
from dataclasses import dataclass

from cli.demo.firms import Company
from cli.demo.ledger import Ledger
from cli.demo.routes import Route, Said, routes_of
from cli.demo.stores import View
from shared.agreement import Agreement

AT_ONCE = 2
LINGER = 3.0
"""Seconds for which a firm that has arrived is still shown."""
LONGEST = 6.0
"""Seconds after which a firm makes room for the next, wherever it is: some partners never answer."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A firm on the board. `stations` from the first to the present one; `done`: nothing more will happen to it."""

    who: str
    stations: tuple[str, ...]
    done: bool


@dataclass(slots=True)
class _Slot:
    company: Company
    since: float
    done_at: float | None = None


class Heroes:
    """Chooses whom to follow: firms with something to tell, one after the other."""

    def __init__(self, ledger: Ledger, agreement: Agreement) -> None:
        self._ledger = ledger
        self._ways = {
            company.number: routes_of(ledger.script.seed, company, agreement) for company in ledger.script.companies
        }
        self._title = {role.company.number: role.title for role in ledger.script.roles if role.company is not None}
        self._slots: list[_Slot] = []
        self._seen: set[int] = set()

    def shown(self, view: View, now: float) -> list[Shown]:
        """The firms to show at this moment."""
        for slot in list(self._slots):
            late = now - slot.since > LONGEST or (slot.done_at is not None and now - slot.done_at > LINGER)
            fresh = self._next() if late else None
            if fresh is not None:
                self._slots[self._slots.index(slot)] = _Slot(fresh, now)
        while len(self._slots) < AT_ONCE and (fresh := self._next()) is not None:
            self._slots.append(_Slot(fresh, now))
        return [self._show(slot, view, now) for slot in self._slots]

    def _next(self) -> Company | None:
        """One of the firms told last that was not shown yet; one whose need is handed on goes first."""
        told = self._ledger.sent_at
        waiting = [c for c in self._ledger.script.companies if c.number in told and c.number not in self._seen]
        if not waiting:
            return None
        newest = waiting[-8:]
        chosen = max(
            newest, key=lambda c: (max((len(w.legs) for w in self._ways[c.number]), default=0), told[c.number])
        )
        self._seen.add(chosen.number)
        return chosen

    def _show(self, slot: _Slot, view: View, now: float) -> Shown:
        company = slot.company
        stations, done = self._stations(company, self._ways[company.number], view)
        if done and slot.done_at is None:
            slot.done_at = now
        who = f"{company.short} ({company.province}), {self._title[company.number]}, told by {company.publisher}"
        return Shown(who, tuple(stations), done)

    def _stations(self, company: Company, ways: tuple[Route, ...], view: View) -> tuple[list[str], bool]:
        ledger = self._ledger
        stations = ["told"]
        firm_id = next((id_ for id_, known in ledger.firm_ids.items() if known is company), None)
        if firm_id is None:
            return stations, False
        stations.append("registered")
        assessed = view.assessed.get(firm_id)
        if assessed is None:
            return stations, False
        stations.append(assessed.possible[0].replace("_", " ") if len(assessed.possible) == 1 else "provisional")
        asked = [one for one in ledger.requested.values() if one.company is company and one.responsible]
        for partner, count in Counter(one.partner for one in asked).items():
            said = [
                ledger.replied[one.referral_id].said
                for one in asked
                if one.partner == partner and one.referral_id in ledger.replied
            ]
            stations.append(_spoken(partner, count, said))
        mails = [row for row in view.mails if row.firm_id == firm_id]
        sent = sum(row.state == "sent" for row in mails)
        if sent:
            stations.append(f"{sent} mail{'s' if sent > 1 else ''}")
        legs = [leg for way in ways for leg in way.legs]
        answered = sum(one.referral_id in ledger.replied for one in asked)
        spoken = sum(leg.reaction.said is not Said.NOTHING for leg in legs)
        done = len(asked) >= len(legs) and answered >= spoken and all(row.state != "pending" for row in mails)
        return stations, done


def _spoken(partner: str, count: int, said: list[Said]) -> str:
    """What one partner has said so far of what it was asked: `cna 2 yes 1 no`."""
    answers = Counter(said)
    counts = (("yes", answers[Said.ACCEPTED]), ("no", answers[Said.REJECTED]), ("asked", count - len(said)))
    return " ".join([partner, *((f"{n} {word}" if count > 1 else word) for word, n in counts if n)])

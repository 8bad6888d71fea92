"""The figures of a time: what is counted of firms, tasks, ends, imports, segments and ties, by what. Pure.

A median is told where the count that it belongs to is shown and it rests on at least five times.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise, product
from statistics import median

from cli.fairness.draws import Draw
from cli.kpi.facts import Firm, Task
from cli.kpi.suppression import LEAST, Cell, Place, nowhere
from cli.kpi.tables import Table, share, tabulated
from services.referral.clocks import Ball
from shared.agreement import Agreement, day_of

DIMENSIONS = ("segment", "front", "province", "partner", "month")


@dataclass(frozen=True, slots=True)
class Period:
    """Days in Rome, both included; None where it is open."""

    first: date | None = None
    last: date | None = None

    def __contains__(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a section. A value of `by` is None for all; a count or a figure is None where it is not to be read, or
    (a figure) there is none."""

    by: dict[str, str | None]
    counts: dict[str, int | None]
    figures: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Section:
    """Lines about one thing. `withheld`: cells and sums that are not shown."""

    name: str
    rows: tuple[Row, ...]
    withheld: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What figures are wanted: `by` at most two dimensions; of one partner's tasks, where `partner` is given. `now` is
    the snapshot's moment (UTC), `agreement` the one of its day."""

    by: tuple[str, ...]
    period: Period
    partner: str | None
    now: datetime
    agreement: Agreement


def sections(firms: Sequence[Firm], tasks: Sequence[Task], draws: Sequence[Draw], asked: Asked) -> list[Section]:
    """All that is asked for. A partner's view has its own tasks and their firms, and nothing of who else there is."""
    mine = [task for task in tasks if asked.partner in (None, task.partner)]
    if asked.partner is not None:
        served = {task.firm_id for task in mine}
        firms = [firm for firm in firms if firm.firm_id in served]
    wanted = [task for task in mine if day_of(task.requested_at) in asked.period]
    found = [_firms(firms, mine, asked), _tasks(wanted, asked), _completed(wanted, asked), _outcomes(wanted)]
    found.append(_imports(mine, asked))
    if asked.partner is None:
        found.append(_moved(firms, asked.period))
    found.append(_ties(draws, asked.partner))
    return found


def _firms(firms: Iterable[Firm], tasks: Iterable[Task], asked: Asked) -> Section:
    """Firms that became known in the time, as they stand now: a firm counts once, so not by front nor by partner."""
    by: dict[str, Callable[[Firm], str]] = {
        "segment": lambda firm: firm.placements[-1].segment,
        "province": lambda firm: firm.province,
        "month": lambda firm: f"{firm.known_since:%Y-%m}",
    }
    dimensions = [name for name in asked.by if name in by]
    reached = {task.firm_id for task in tasks if task.contacted}
    # By segment, how a firm is placed is told already, and a column that can only be empty hides nothing.
    placed = ("placed",) if "segment" in dimensions else ("classified", "provisional", "out_of_target")
    units = (
        (
            tuple(by[name](firm) for name in dimensions),
            (_placed(firm, placed), "reached" if firm.firm_id in reached else "not_reached", firm.consent),
        )
        for firm in firms
        if firm.known_since in asked.period
    )
    columns = (placed, ("reached", "not_reached"), ("publisher_only", "wider", "none"))
    places, contacts, consents = tables = tabulated(dimensions, columns, units)

    def row(at: Place) -> Row:
        every = contacts.count(at)
        counts = {"firms": every, "reached": contacts.count(at, "reached")}
        counts |= {name: places.count(at, name) for name in placed if len(placed) > 1}
        counts["publisher_only"] = consents.count(at, "publisher_only")
        figures = {f"{name}_share": share(count, every) for name, count in counts.items() if name != "firms"}
        return Row(_by(dimensions, at), counts, figures)

    return _section("firms", tables, row)


def _placed(firm: Firm, columns: Sequence[str]) -> str:
    segment = firm.placements[-1].segment
    if len(columns) == 1:
        return columns[0]
    return segment if segment in columns else "classified"


def _tasks(tasks: Sequence[Task], asked: Asked) -> Section:
    """Needs given to a partner in the time, and what has become of that until now."""
    cells = _cells(asked.by)
    own = ("accepted", "rejected", "expired", "open"), ("rerouted", "first")
    units = [(cells(task), task) for task in tasks]
    answers, hops = tables = tabulated(
        asked.by,
        own,
        ((cell, (task.answer, "rerouted" if task.replaced_at else "first")) for cell, task in units),
        _never(asked),
    )
    groups: dict[Place, list[Task]] = defaultdict(list)
    for cell, task in units:
        for at in product(*((value, None) for value in cell)):
            groups[at].append(task)

    def row(at: Place) -> Row:
        counts = {"asked": answers.count(at)} | {name: answers.count(at, name) for name in own[0]}
        counts["rerouted"] = hops.count(at, "rerouted")
        answered = counts["accepted"], counts["rejected"], counts["expired"]
        figures = {
            "acceptance_rate": share(counts["accepted"], *answered),
            "expiry_rate": share(counts["expired"], *answered),
            "rerouted_share": share(counts["rerouted"], counts["asked"]),
        }
        group = groups[at]
        if counts["accepted"] is not None:
            figures["days_to_accept"] = _median(task.days_to_accept(asked.agreement.working_days) for task in group)
            figures["days_to_contact"] = _median(task.days_to_contact(asked.agreement.working_days) for task in group)
            figures["days_to_close"] = _median(task.days_to_close(asked.agreement.working_days) for task in group)
        if counts["asked"] is not None:
            for ball in Ball:
                figures[f"held_by_{ball}"] = _median(task.held(ball, asked.now) for task in group)
        return Row(_by(asked.by, at), counts, figures)

    return _section("tasks", tables, row)


def _completed(tasks: Iterable[Task], asked: Asked) -> Section:
    """What partners claim to have completed, and what the firms said of it."""
    cells = _cells(asked.by)
    own = ("confirmed", "disputed", "not_answered")
    said = {"yes": "confirmed", "disputed": "disputed"}
    units = ((cells(task), (said.get(task.confirmed or "", "not_answered"),)) for task in tasks if task.completed)
    (ends,) = tables = tabulated(asked.by, (own,), units, _never(asked))

    def row(at: Place) -> Row:
        counts = {"claimed": ends.count(at)} | {name: ends.count(at, name) for name in own}
        return Row(_by(asked.by, at), counts, {"confirmed_share": share(counts["confirmed"], counts["claimed"])})

    return _section("completed", tables, row)


def _outcomes(tasks: Iterable[Task]) -> Section:
    """The codes that were claimed, one task under each of its own; those that the firm confirmed beside them."""
    units = (
        ((code,), ("confirmed" if task.confirmed == "yes" else "not_confirmed",))
        for task in tasks
        for code in task.outcomes
    )
    (codes,) = tables = tabulated(("outcome",), (("confirmed", "not_confirmed"),), units)

    def row(at: Place) -> Row:
        return Row(_by(("outcome",), at), {"claimed": codes.count(at), "confirmed": codes.count(at, "confirmed")})

    return _section("outcomes", tables, row)


def _imports(tasks: Sequence[Task], asked: Asked) -> Section:
    """Import needs that were first given to a partner in the time, under the partner that had them last."""
    needs: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        if task.import_:
            needs[task.need_id].append(task)
    cells = _cells(asked.by)
    own = ("met", "unmet", "open")
    units = (
        (cells(some[-1]), (some[-1].need_state if some[-1].need_state in own else "open",))
        for some in needs.values()
        if day_of(some[0].requested_at) in asked.period
    )
    (states,) = tables = tabulated(asked.by, (own,), units, _never(asked))

    def row(at: Place) -> Row:
        counts = {"needs": states.count(at)} | {name: states.count(at, name) for name in own}
        return Row(_by(asked.by, at), counts, {"import_met_share": share(counts["met"], counts["needs"])})

    return _section("imports", tables, row)


def _moved(firms: Iterable[Firm], period: Period) -> Section:
    """Each time that a firm's segment became another one in the time."""
    units = (
        ((before.segment, after.segment), ("moves",))
        for firm in firms
        for before, after in pairwise(firm.placements)
        if before.segment != after.segment and day_of(after.at) in period
    )
    (moves,) = tables = tabulated(("from", "to"), (("moves",),), units)
    return _section("segments", tables, lambda at: Row(_by(("from", "to"), at), {"moves": moves.count(at)}))


def _ties(draws: Iterable[Draw], partner: str | None) -> Section:
    """What tied partners got, against the equal share; a firm that is drawn for again counts once. A partner sees its
    own share of the ties that it was in."""
    once = {(one.firm_id, one.among): one for one in draws if len(one.among) > 1}.values()
    units: list[tuple[Cell, Cell]] = []
    for draw in once:
        if partner is None:
            units.append(((" ".join(draw.among), draw.partner), ("won",)))
        elif partner in draw.among:
            units.append(((f"{len(draw.among)}", partner if draw.partner == partner else "another"), ("won",)))
    (won,) = tables = tabulated(("tied", "partner"), (("won",),), units)

    def row(at: Place) -> Row:
        tied, _ = at
        of = None if tied is None else won.count((tied, None))
        members = 0 if tied is None else int(tied) if tied.isdigit() else len(tied.split())
        return Row(
            _by(("tied", "partner"), at),
            {"won": won.count(at), "draws": of},
            {"equal_share": of / members if of is not None and members else None},
        )

    section = _section("ties", tables, row)
    rows = tuple(one for one in section.rows if one.by["tied"] and one.by["partner"] not in (None, "another"))
    return Section(section.name, rows, section.withheld)


def _cells(by: Sequence[str]) -> Callable[[Task], Cell]:
    """Where a task stands among the dimensions; its month is that of the request."""
    values: dict[str, Callable[[Task], str]] = {
        "segment": lambda task: task.segment,
        "front": lambda task: task.front,
        "province": lambda task: task.province,
        "partner": lambda task: task.partner,
        "month": lambda task: f"{day_of(task.requested_at):%Y-%m}",
    }
    return lambda task: tuple(values[name](task) for name in by)


def _never(asked: Asked) -> Callable[[Cell], bool]:
    """Which partner is never given a need of which front, as everybody can read in the agreement."""
    if not {"front", "partner"} <= set(asked.by):
        return nowhere
    agreement = asked.agreement
    anywhere = (agreement.imports.owner, agreement.fallback)

    def never(cell: Cell) -> bool:
        told = dict(zip(asked.by, cell, strict=True))
        return told["partner"] not in anywhere and not agreement.serves(told["partner"], told["front"])

    return never


def _section(name: str, tables: Sequence[Table], row: Callable[[Place], Row]) -> Section:
    return Section(name, tuple(map(row, tables[0].rows())), sum(len(table.gone) for table in tables))


def _by(dimensions: Sequence[str], at: Place) -> dict[str, str | None]:
    return dict(zip(dimensions, at, strict=True))


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(median(known)) if len(known) >= LEAST else None

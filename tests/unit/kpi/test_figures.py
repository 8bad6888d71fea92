"""What is counted of firms and tasks, and what a partner sees of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from cli.fairness.draws import Draw
from cli.kpi.facts import Firm, Movement, Placement, Task, consent_of
from cli.kpi.figures import Asked, Period, Row, Section, sections
from services.referral.clocks import Ball
from shared.agreement import load

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
ACCORD = load()
PARTS = "firms", "tasks", "completed", "outcomes", "imports", "segments", "ties"


def firm(number: int, *segments: str, province: str = "BG", consent: str = "wider") -> Firm:
    """It is in the next segment each week."""
    placed = [Placement(name, BEGIN + timedelta(weeks=n)) for n, name in enumerate(segments or ("no_experience",))]
    kind = consent_of({"wider": ["any"], "publisher_only": ["cna"], "none": []}[consent], ["cna", "aice"])
    return Firm(firm_id=f"f{number}", province=province, placements=tuple(placed), consent=kind)


def task(number: int, *ways: str, partner: str = "cna", days: int = 1, of: Firm | None = None) -> Task:
    """Requested on Monday; each further status, with its reason after a colon, comes so many days after the last."""
    moves = [Movement("requested", None, BEGIN)]
    for way in ways:
        status, _, reason = way.partition(":")
        moves.append(Movement(status, reason or None, moves[-1].at + timedelta(days=days)))
    known = of or firm(number)
    return Task(
        need_id=f"n{number}",
        partner=partner,
        front="assistance",
        import_=False,
        need_state="met" if ways[-1:] == ("completed",) else "referred",
        movements=tuple(moves),
        outcomes=("trained",) if ways[-1:] == ("completed",) else (),
        confirmed="pending" if ways[-1:] == ("completed",) else None,
        firm_id=known.firm_id,
        firm=known,
    )


def figures(
    tasks: list[Task] | None = None,
    firms: list[Firm] | None = None,
    draws: list[Draw] | None = None,
    *by: str,
    partner: str | None = None,
    period: Period | None = None,
) -> dict[str, Section]:
    now = BEGIN + timedelta(days=100)
    asked = Asked(by=by, period=period or Period(), partner=partner, now=now, agreement=ACCORD)
    known = [one.firm for one in tasks or [] if one.firm] if firms is None else firms
    return {one.name: one for one in sections(known, tasks or [], draws or [], asked)}


def whole(section: Section) -> Row:
    return section.rows[0]


@pytest.mark.parametrize(
    ("ways", "answer"),
    [
        ((), "open"),
        (("received",), "open"),
        (("accepted",), "accepted"),
        (("accepted", "in_progress", "failed:firm_withdrew"), "accepted"),
        (("completed",), "accepted"),
        (("accepted", "rejected:no_capacity"), "rejected"),
        (("cancelled:no_response",), "expired"),
        (("received", "cancelled:consent_withdrawn"), "open"),
        (("accepted", "in_progress", "cancelled:firm_ceased"), "accepted"),
    ],
)
def test_how_a_task_was_answered(ways: tuple[str, ...], answer: str) -> None:
    assert task(1, *ways).answer == answer


def test_rates_are_of_what_was_answered_and_open_ones_count_nowhere() -> None:
    some = [task(n, "accepted") for n in range(12)]
    some += [task(n, "rejected:no_capacity") for n in range(20, 26)]
    some += [task(n, "cancelled:no_response") for n in range(30, 36)]
    some += [task(n) for n in range(40, 50)]
    row = whole(figures(some)["tasks"])
    assert row.counts == {"asked": 34, "accepted": 12, "rejected": 6, "expired": 6, "open": 10, "rerouted": 0}
    assert row.figures["acceptance_rate"] == 0.5
    assert row.figures["expiry_rate"] == 0.25


def test_a_rate_of_something_that_is_withheld_is_withheld_too() -> None:
    some = [task(n, "accepted") for n in range(12)] + [task(20, "rejected:no_capacity")]
    row = whole(figures(some)["tasks"])
    assert row.counts["asked"] == 13
    assert (row.counts["accepted"], row.counts["rejected"]) == (None, None)
    assert row.figures["acceptance_rate"] is None
    assert "days_to_accept" not in row.figures


def test_times_are_working_days_from_the_request_and_need_five() -> None:
    some = [task(n, "accepted", "in_progress", "completed", days=7) for n in range(5)]
    row = whole(figures(some)["tasks"])
    assert [row.figures[f"days_to_{name}"] for name in ("accept", "contact", "close")] == [5, 5, 15]
    for few in (some[:4], [*some[:4], *(task(n) for n in range(10, 15))]):
        assert whole(figures(few)["tasks"]).figures.get("days_to_accept") is None


def test_a_median_of_fewer_than_five_times_is_not_told_though_the_tasks_are() -> None:
    some = [task(n, "accepted", "in_progress", days=7) for n in range(4)] + [task(n, "accepted") for n in range(10, 16)]
    row = whole(figures(some)["tasks"])
    assert (row.counts["accepted"], row.figures["days_to_contact"]) == (10, None)


def test_who_held_the_ball_is_told_apart_from_the_request_to_the_end() -> None:
    one = task(1, "accepted", "on_hold:waiting_firm", "in_progress", "on_hold:waiting_call", "in_progress", "completed")
    held = {ball: one.held(ball, BEGIN + timedelta(days=100)) for ball in Ball}
    assert held == {Ball.PARTNER: 4, Ball.FIRM: 1, Ball.PAUSED: 1, Ball.HUB: 0}
    again = replace(one, replaced_at=BEGIN - timedelta(days=3))
    assert again.held(Ball.HUB, BEGIN) == 3
    assert task(2, "accepted").held(Ball.PARTNER, BEGIN + timedelta(days=100)) == 100


def test_the_segment_of_a_task_is_that_of_its_firm_when_it_was_given() -> None:
    grown = firm(1, "no_experience", "light_presence")
    assert task(1, of=grown).segment == "no_experience"
    assert replace(task(1), firm=None).segment == "unknown"
    assert task(1, of=grown).province == "BG"


def test_firms_are_counted_once_as_they_stand_with_whom_they_let_be_told() -> None:
    some = [firm(n, "light_presence", consent="publisher_only") for n in range(10)]
    some += [firm(n, "provisional", consent="none") for n in range(10, 16)]
    some += [firm(n, "out_of_target") for n in range(20, 30)]
    asked = [task(n, "completed", of=some[n]) for n in range(8)] + [task(8, "accepted", of=some[0])]
    row = whole(figures(asked, some)["firms"])
    assert row.counts == {
        "firms": 26,
        "reached": 8,
        "classified": 10,
        "provisional": 6,
        "out_of_target": 10,
        "publisher_only": 10,
    }
    assert row.figures["reached_share"] == 8 / 26


def test_a_change_of_segment_counts_in_its_time_with_where_it_came_from() -> None:
    some = [firm(n, "no_experience", "light_presence", "light_presence") for n in range(6)]
    rows = figures(firms=some)["segments"].rows
    assert {(row.by["from"], row.by["to"]): row.counts["moves"] for row in rows}[
        ("no_experience", "light_presence")
    ] == 6
    before = Period(last=date(2026, 3, 8))
    assert figures(firms=some, period=before)["segments"].rows == ()


def test_what_was_claimed_stands_apart_from_what_firms_confirmed() -> None:
    some = [replace(task(n, "completed"), confirmed="yes") for n in range(5)]
    some += [task(n, "completed") for n in range(10, 19)]
    found = figures(some)
    assert whole(found["completed"]).counts == {"claimed": 14, "confirmed": 5, "disputed": 0, "not_answered": 9}
    assert found["outcomes"].rows[1].by == {"outcome": "trained"}
    assert found["outcomes"].rows[1].counts == {"claimed": 14, "confirmed": 5}


def test_what_everybody_knows_to_be_empty_hides_nothing() -> None:
    """Sace Simest has its own front and no other: its count there is its count in all, shown or hidden together."""
    some = [replace(task(n, "accepted", partner="sacesimest"), front="finance_and_insurance") for n in range(20)]
    some += [task(n, "accepted", partner="confapi") for n in range(20, 23)]
    some += [replace(task(n, "accepted", partner="cna"), front="information") for n in range(30, 39)]
    rows = figures(some, None, None, "front", "partner")["tasks"].rows
    shown = {(row.by["front"], row.by["partner"]): row.counts["asked"] for row in rows}
    assert shown["finance_and_insurance", "sacesimest"] == shown[None, "sacesimest"]
    assert shown["assistance", "confapi"] is shown[None, "confapi"] is None


def test_an_import_need_counts_once_under_who_had_it_last() -> None:
    first = [replace(task(n, "rejected:no_capacity", partner="aice"), import_=True) for n in range(6)]
    then = [replace(task(n, "completed"), import_=True, replaced_at=BEGIN) for n in range(6)]
    rows = figures([*first, *then], None, None, "partner")["imports"].rows
    assert [(row.by["partner"], row.counts["needs"], row.counts["met"]) for row in rows] == [
        (None, 6, 6),
        ("cna", 6, 6),
    ]


def draw(number: int, partner: str) -> Draw:
    return Draw(firm_id=f"f{number}", members=("claai", "cna"), staying=(), partner=partner, hash="")


def test_ties_stand_beside_the_equal_share_and_a_partner_sees_its_own() -> None:
    drawn = [draw(n, "cna" if n < 11 else "claai") for n in range(20)]
    of_all = figures(draws=[*drawn, drawn[0]])["ties"].rows
    assert [(row.by["partner"], row.counts["won"], row.figures["equal_share"]) for row in of_all] == [
        ("claai", 9, 10),
        ("cna", 11, 10),
    ]
    (own,) = figures(draws=drawn, partner="cna")["ties"].rows
    assert (own.by, own.counts) == ({"tied": "2", "partner": "cna"}, {"won": 11, "draws": 20})


def test_a_partner_sees_nothing_of_others_firms() -> None:
    mine = [task(n, "accepted") for n in range(6)]
    others = [task(n, "accepted", partner="aice") for n in range(10, 30)]
    found = figures([*mine, *others], partner="cna")
    assert whole(found["firms"]).counts["firms"] == whole(found["tasks"]).counts["asked"] == 6
    assert "segments" not in found


def test_every_section_has_room_for_nothing_at_all() -> None:
    assert {name: section.rows for name, section in figures().items()} == dict.fromkeys(PARTS, ())

"""`portolano top`: how fast records flow and who stands still, told from looks that follow each other."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from cli.main import run
from cli.top.flow import STANDS_AFTER, Flow, Picture
from cli.top.looks import Books, Look, Stretch
from cli.top.screen import WIDTH, age, lines

SERVICES = ("intake", "classifier", "referral", "notifier")
AT = datetime(2026, 3, 1, 12, 0, 0)


def stretch(passed: int = 0, waiting: int | None = 0, *, unsent: int = 0, oldest: float | None = None) -> Stretch:
    return Stretch(source="intake", target="classifier", passed=passed, waiting=waiting, unsent=unsent, oldest=oldest)


def look(at: float, *stretches: Stretch, states: dict[str, str] | None = None, **books: Books) -> Look:
    return Look(
        at=at,
        stretches=stretches,
        books={service: books.get(service, Books()) for service in SERVICES},
        states=dict.fromkeys(SERVICES, "ready") if states is None else states,
    )


def seen(*looks: Look) -> Picture:
    flow = Flow()
    return [flow.see(one) for one in looks][-1]


def shown(picture: Picture, *reasons: str) -> list[str]:
    return [line.plain for line in lines(picture, reasons, AT, keys=True)]


def test_the_speed_is_what_passed_between_two_looks_by_their_own_clock() -> None:
    (hop,) = seen(look(10.0, stretch(100)), look(12.5, stretch(350))).hops
    assert (hop.rate, hop.passed) == (100.0, 350)


def test_the_first_look_has_no_speed_and_accuses_nobody() -> None:
    picture = seen(look(10.0, stretch(100, 5, oldest=900.0)))
    assert (picture.hops[0].rate, picture.stands_still) == (0.0, [])


def test_a_part_stands_still_when_records_wait_and_none_has_passed_for_a_while() -> None:
    looks = [look(float(second), stretch(100, 7)) for second in range(7)]
    moved = look(-1.0, stretch(99, 8))
    assert seen(moved, *looks[:5]).stands_still == []
    (standing,) = seen(moved, *looks).stands_still
    assert (standing.part, standing.waiting, standing.seconds) == ("classifier", 7, 6.0)


def test_whoever_comes_late_sees_who_stands_by_the_age_of_the_oldest() -> None:
    old, young = stretch(100, 7, oldest=60.0), stretch(100, 7, oldest=STANDS_AFTER / 2)
    assert [one.seconds for one in seen(look(1.0, old), look(2.0, old)).stands_still] == [60.0]
    assert seen(look(1.0, young), look(2.0, young)).stands_still == []


@pytest.mark.parametrize("passed", [1, 500])
def test_a_part_that_is_behind_but_moves_does_not_stand_still(passed: int) -> None:
    picture = seen(look(1.0, stretch(0, 9000, oldest=600.0)), look(2.0, stretch(passed, 9000, oldest=600.0)))
    assert picture.stands_still == []


def test_records_that_have_just_come_to_an_idle_part_do_not_accuse_it() -> None:
    idle = look(1.0, stretch(100, 0))
    assert seen(idle, look(60.0, stretch(100, 3, oldest=0.1))).stands_still == []


def test_what_was_never_sent_is_the_writer_s_fault_and_the_rest_the_reader_s() -> None:
    def part(unsent: int) -> str:
        behind = stretch(100, 7, unsent=unsent, oldest=60.0)
        return seen(look(1.0, behind), look(2.0, behind)).stands_still[0].part

    assert (part(7), part(3), part(0)) == ("intake", "classifier", "classifier")


def test_to_partners_and_by_mail_it_is_always_the_writer() -> None:
    assert replace(stretch(0, 3), source="referral", target="partners").part == "referral"
    assert replace(stretch(0, 3), source="notifier", target="mail").part == "notifier"


def test_where_kafka_does_not_tell_nothing_is_said_to_wait() -> None:
    blind = stretch(100, None)
    picture = seen(look(1.0, blind), look(9.0, blind))
    assert picture.stands_still == []
    assert "–" in next(line for line in shown(picture) if line.startswith("intake → classifier"))


def test_large_figures_and_long_reasons_fit_into_80_columns() -> None:
    huge = Books(
        applied=123_456_789,
        repeated=9_999_999,
        refused=999_999,
        discarded=999_999,
        held=9_000,
        queued=999,
        outbox=99_999,
        outbox_age=99_999.0,
    )
    busy = stretch(987_654_321, 999_999, oldest=999_999.0)
    picture = seen(look(1.0, stretch()), look(2.0, busy, states={"classifier": "backing-off"}, classifier=huge))
    told = shown(
        replace(picture, note="Kafka does not answer: `portolano status`"), "classifier stands still: " + "x " * 90
    )
    assert max(map(len, told)) <= WIDTH
    assert sum("x x" in line for line in told) == 3


def test_a_screen_of_24_rows_holds_it_with_two_reasons() -> None:
    nine = [replace(stretch(), target=f"part{number}") for number in range(9)]
    assert len(shown(seen(look(1.0, *nine), look(2.0, *nine)), "one", "two")) <= 23


def test_held_records_and_parts_that_are_away_are_told_in_the_first_line() -> None:
    held = seen(look(1.0, intake=Books(held=2, queued=3)))
    away = seen(look(1.0, states={"intake": "stopped", "referral": "ready"}))
    elsewhere = seen(look(1.0, states={}))
    assert "services ready, 5 held: `portolano held list`" in shown(held)[0]
    assert "not ready: intake" in shown(away)[0]
    assert "no supervisor here" in shown(elsewhere)[0]


def test_a_line_of_a_partner_cannot_move_the_cursor() -> None:
    assert not any("\x1b" in line for line in shown(seen(look(1.0)), "stands still: \x1b[2J"))


def test_without_a_system_it_is_one_line_and_exit_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTOLANO_HOME", str(tmp_path))
    assert run(["top", "--once", "--json"]) == 3
    assert capsys.readouterr() == ("", "the system is not running: start it with `portolano up`\n")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, "–"), (0.04, "0.0 s"), (9.96, "10.0 s"), (59.0, "59 s"), (300, "5 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_an_age_is_told_in_the_unit_that_one_thinks_in(seconds: float | None, told: str) -> None:
    assert age(seconds) == told

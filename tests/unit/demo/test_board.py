"""What a visitor sees: it fits the terminal, says who waits, and needs neither colour nor a terminal."""

import io
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from cli.demo.board import Board
from cli.demo.checks import check_all
from cli.demo.diagnosis import part_that_is_away
from cli.demo.heroes import Heroes
from cli.demo.hops import hops, totals_of
from cli.demo.lines import Lines
from cli.demo.mails import taken_since
from cli.demo.play import LONGEST, schedule
from cli.demo.summary import Summary, show, summarise, told_of
from deploy.local.home import Home
from deploy.local.state import PartState, State, SystemState
from tests.unit.demo.builders import ACCORD, Perfect, script


def console(width: int, height: int = 24, encoding: str = "utf-8") -> Console:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return Console(file=file, width=width, height=height, force_terminal=True, color_system=None)


def picture(evening: Perfect, width: int, height: int, note: str = "", encoding: str = "utf-8") -> list[str]:
    screen = console(width, height, encoding)
    doors = hops(evening.ledger, evening.view(), totals_of(evening.script, ACCORD))
    board = Board(screen, evening.ledger, ACCORD, 60.0)
    with screen.capture() as captured:
        screen.print(board.picture(doors, evening.view(), note, time.monotonic()))
    return captured.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (120, 40), (200, 60)])
def test_the_board_fits_into_the_terminal_and_into_100_by_30(width: int, height: int) -> None:
    lines = picture(Perfect(script(120)), width, height)
    assert len(lines) <= min(height, 30) - 1
    assert max(map(len, lines)) < min(width, 101)


def test_the_board_is_always_as_high() -> None:
    empty, full = Perfect(script(60)), Perfect(script(60))
    empty.ledger.lines.clear()
    empty.ledger.sent_at.clear()
    assert len(picture(empty, 80, 24)) == len(picture(full, 80, 24))


def test_the_board_shows_all_doors_and_all_partners_in_80_columns() -> None:
    text = "\n".join(picture(Perfect(script(60)), 80, 24))
    for word in ("partners", "intake", "classifier", "referral", "mail", *ACCORD.partners):
        assert word in text


def test_the_board_says_what_is_amiss() -> None:
    assert "referral: 5 waiting" in "\n".join(picture(Perfect(script(60)), 80, 24, note="referral: 5 waiting"))


def test_a_terminal_without_utf8_gets_signs_that_it_can_show() -> None:
    "\n".join(picture(Perfect(script(60)), 80, 24, encoding="ascii")).encode("ascii")


def test_without_a_terminal_each_door_is_told_three_times_at_most() -> None:
    evening, said = Perfect(script(60)), list[str]()
    with Lines(said.append) as lines:
        for _ in range(3):
            lines.show(hops(evening.ledger, evening.view(), totals_of(evening.script, ACCORD)), evening.view())
    assert len(said) == 6


def summary(evening: Perfect, stuck: str | None = None) -> Summary:
    evidence = evening.evidence()
    return summarise(
        evidence,
        check_all(evidence),
        was_up=False,
        up_seconds=1.0,
        travel_seconds=2.0,
        days_seconds=3.0,
        days_kept="",
        limit=60.0,
        stuck=stuck,
        mails_directory="var/mail",
        mails_page="http://127.0.0.1:1/",
        try_next=["portolano audit"],
        still_up=False,
    )


def shown(made: Summary) -> str:
    screen = console(80)
    with screen.capture() as captured:
        show(made, screen)
    return captured.get()


def test_a_perfect_evening_is_good() -> None:
    made = summary(Perfect(script(60)))
    assert made.good
    assert "✗" not in shown(made)


def test_a_check_that_fails_spoils_the_summary_and_says_what_is_wrong() -> None:
    evening = Perfect(script(60))
    evening.ledger.receipts.popitem()
    made = summary(evening)
    assert not made.good
    assert "✗ receipts" in shown(made)
    assert "has 0 receipts instead of one" in shown(made)


def test_a_door_that_stands_still_spoils_the_summary() -> None:
    made = summary(Perfect(script(60)), stuck="referral stands still: 5 firms wait there after 60 s")
    assert not made.good
    assert "✗ referral stands still" in shown(made)


def test_the_line_about_a_door_names_it_and_counts_the_firms() -> None:
    evening = Perfect(script(60))
    evening.ledger.reply_answers.popitem()
    doors = hops(evening.ledger, evening.view(), totals_of(evening.script, ACCORD))
    assert told_of(doors[3], 60, "") == "referral stands still: 1 firm waits there after 60 s"


def test_the_summary_is_one_document_for_machines() -> None:
    made = summary(Perfect(script(60)))
    assert msgspec.json.decode(msgspec.json.encode(made), type=Summary) == made


def test_a_summary_in_80_columns_breaks_no_line() -> None:
    assert max(map(len, shown(summary(Perfect(script(60)))).splitlines()[:20])) <= 80


@pytest.mark.parametrize("firms", [1, 12, 1000])
def test_all_firms_are_told_within_the_time_for_telling(firms: int) -> None:
    told = script(firms)
    times = [at for plan in schedule(told, 100.0).values() for at, _ in plan]
    assert len(times) == len(told.submissions)
    assert min(times) >= 100.0
    assert max(times) <= 100.0 + LONGEST + 2


def test_mails_of_this_evening_are_counted_by_message_id(tmp_path: Path) -> None:
    def mail(name: str, message_id: str, referral: str) -> None:
        text = f"Message-ID: {message_id}\r\nX-Portolano-Referral: {referral}\r\nTo: a@b.example\r\n\r\nhello\r\n"
        (tmp_path / f"{name}.eml").write_bytes(text.encode())

    mail("20261123T085959.000000Z-aa", "<old@x>", "r0")
    mail("20261123T090000.000000Z-bb", "<one@x>", "r1")
    mail("20261123T090001.000000Z-cc", "<one@x>", "r1")
    mail("20261123T090002.000000Z-dd", "<two@x>", "r2")
    taken = taken_since(tmp_path, datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    assert {id_: (one.referral_id, one.copies) for id_, one in taken.items()} == {
        "<one@x>": ("r1", 2),
        "<two@x>": ("r2", 1),
    }


def test_the_board_follows_two_firms_to_their_mails() -> None:
    evening = Perfect(script(60))
    heroes = Heroes(evening.ledger, ACCORD)
    shown = heroes.shown(evening.view(), 100.0)
    assert len(shown) == 2
    assert all(one.done and one.stations[:2] == ("told", "registered") for one in shown)
    assert all("mail" in one.stations[-1] for one in shown)


def test_a_firm_that_has_arrived_makes_room_for_one_that_is_told_later() -> None:
    evening = Perfect(script(60))
    all_told = dict(evening.ledger.sent_at)
    evening.ledger.sent_at = dict(list(all_told.items())[:10])
    heroes = Heroes(evening.ledger, ACCORD)
    first = [one.who for one in heroes.shown(evening.view(), 100.0)]
    evening.ledger.sent_at = all_told
    assert [one.who for one in heroes.shown(evening.view(), 101.0)] == first
    assert [one.who for one in heroes.shown(evening.view(), 110.0)] != first


def test_the_same_trouble_is_not_told_at_every_look() -> None:
    said: list[str] = []
    with Lines(said.append) as lines:
        for seconds in range(5, 9):
            lines.show((), Perfect(script(1)).view(), f"referral: 5 waiting, and nothing has passed for {seconds} s")
        lines.show((), Perfect(script(1)).view(), "kafka is starting: ended by SIGKILL")
    assert len(said) == 2


def test_a_part_that_is_being_started_again_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert part_that_is_away(home) == ""
    kafka = PartState("kafka", "127.0.0.1:1", State.BACKING_OFF, last_exit="ended by SIGKILL")
    SystemState(pid=1, began="", parts=[PartState("intake", "", State.READY), kafka]).write(home)
    assert part_that_is_away(home) == "kafka is backing off: ended by SIGKILL"

"""What comes next of a feed: from memory while it has the very next row, else from the table, never past a hole."""

from collections.abc import Mapping
from typing import cast

from shared.feeds.alarms import Alarms
from shared.feeds.backlog import BACKLOG, Backlog
from shared.feeds.journal import Cursor, Session
from shared.feeds.records import Packed
from shared.feeds.store import Row

FEED = "t/0"


def row(first: int, n: int = 1) -> Row:
    return Row(FEED, first, "g", [Packed(None, b"", [])] * n)


class Table:
    """As much of a session as a backlog asks: rows that stand in the table."""

    def __init__(self, *rows: Row) -> None:
        self.rows, self.asked = rows, 0

    async def read(self, published: Mapping[str, int]) -> list[Row]:
        self.asked += 1
        return [one for one in self.rows if one.last > published[one.feed]]


async def taken(backlog: Backlog, published: int, table: Table, waits: frozenset[str] = frozenset()) -> list[int]:
    """First numbers of the rows that are to be sent after number `published`."""
    rows, _ = await backlog.take({FEED: Cursor(published, published, 1)}, waits, cast(Session, table))
    return [one.first for one in rows.get(FEED, ())]


async def test_what_follows_the_cursor_is_sent_without_asking_the_table() -> None:
    backlog, table = Backlog(Alarms()), Table()
    assert not backlog.add([row(5, 2), row(7)], {FEED})
    assert (await taken(backlog, 4, table), table.asked, backlog.empty) == ([5, 7], 0, True)


async def test_a_row_in_memory_that_is_not_the_very_next_waits_for_those_that_the_table_has_before_it() -> None:
    backlog, table = Backlog(Alarms()), Table(row(5), row(6), row(7))
    backlog.add([row(7)], {FEED})
    assert await taken(backlog, 4, table) == [5, 6, 7]
    assert await taken(backlog, 7, table) == []
    assert (await taken(backlog, 7, table), backlog.empty) == ([], True)


async def test_what_has_no_room_in_memory_is_left_to_the_table() -> None:
    backlog = Backlog(Alarms())
    assert not backlog.add([row(1 + n) for n in range(BACKLOG)], {FEED})
    assert backlog.add([row(1 + BACKLOG)], {FEED})


async def test_nothing_is_taken_of_a_feed_that_waits() -> None:
    backlog, table = Backlog(Alarms()), Table(row(5))
    backlog.again(FEED)
    assert not backlog.ready({FEED}, {FEED})
    assert (await taken(backlog, 4, table, frozenset({FEED})), table.asked) == ([], 0)
    assert backlog.ready({FEED}, frozenset())
    assert await taken(backlog, 4, table) == [5]


async def test_a_number_that_was_deleted_from_the_journal_stops_its_feed_with_an_alarm() -> None:
    alarms = Alarms()
    backlog = Backlog(alarms)
    backlog.stands_in_table(FEED)
    rows, torn = await backlog.take({FEED: Cursor(4, 4, 1)}, frozenset(), cast(Session, Table(row(6))))
    assert (rows, torn) == ({}, [FEED])
    assert "number 5 is not in the journal, 6 is" in str(alarms.all())

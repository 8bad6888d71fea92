"""The number alone decides what is new, known, or beyond a gap; at a door the offset does."""

from dataclasses import dataclass, replace

from shared.feeds.sifting import Position, sift_door, sift_feed

START = Position("t", 0, "id", next_offset=0)


@dataclass(frozen=True)
class Arrived:
    offset: int
    headers: tuple[tuple[str, bytes | None], ...] = ()
    topic: str = "t"
    partition: int = 0
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = b""


def record(offset: int, number: int | None, generation: str = "g1", fork: int | None = None) -> Arrived:
    headers: list[tuple[str, bytes | None]] = []
    if number is not None:
        headers = [("ce_sequence", b"%020d" % number), ("ce_generation", generation.encode())]
    if fork is not None:
        headers.append(("ce_fork", b"%020d" % fork))
    return Arrived(offset, tuple(headers))


def numbers(*pairs: tuple[int, int]) -> list[Arrived]:
    return [record(offset, number) for offset, number in pairs]


def test_contiguous_numbers_are_new() -> None:
    sifted = sift_feed(START, numbers((0, 1), (1, 2), (2, 3)))
    assert (len(sifted.fresh), sifted.repeated, sifted.gap) == (3, 0, None)
    assert (sifted.position.next_offset, sifted.position.sequence, sifted.position.generation) == (3, 3, "g1")


def test_a_repeated_suffix_is_counted_and_dropped() -> None:
    sifted = sift_feed(START, numbers((0, 1), (1, 2), (2, 1), (3, 2), (4, 3)))
    assert ([one.offset for one in sifted.fresh], sifted.repeated) == ([0, 1, 4], 2)


def test_offsets_that_were_consumed_are_not_counted_again() -> None:
    known = replace(START, next_offset=2, sequence=2, generation="g1")
    sifted = sift_feed(known, numbers((0, 1), (1, 2), (2, 3)))
    assert (len(sifted.fresh), sifted.repeated) == (1, 0)


def test_nothing_is_taken_from_beyond_a_gap() -> None:
    sifted = sift_feed(START, numbers((0, 1), (1, 3), (2, 4)))
    assert [one.offset for one in sifted.fresh] == [0]
    assert str(sifted.gap) == "t/0: expected number 2 of generation g1, found number 3 of generation g1 at offset 1"
    assert sifted.position.next_offset == 1


def test_a_new_generation_is_taken_only_where_it_forks_off_from_here() -> None:
    known = replace(START, next_offset=5, sequence=5, generation="g1")
    good = sift_feed(known, [record(5, 6, "g2", fork=5)])
    assert (good.position.generation, good.position.past, len(good.fresh)) == ("g2", ("g1",), 1)
    for wrong in (record(5, 6, "g2"), record(5, 6, "g2", fork=4), record(5, 3, "g2", fork=2)):
        assert sift_feed(known, [wrong]).gap is not None


def test_records_of_an_ended_generation_are_repeats() -> None:
    known = replace(START, next_offset=6, sequence=6, generation="g2", past=("g1",))
    sifted = sift_feed(known, [record(6, 7, "g1"), record(7, 7, "g2")])
    assert (len(sifted.fresh), sifted.repeated) == (1, 1)


def test_a_record_without_a_number_is_passed_on_to_be_held() -> None:
    sifted = sift_feed(START, [record(0, None), record(1, 1)])
    assert ([one.offset for one in sifted.fresh], sifted.gap) == ([0, 1], None)


def test_at_a_door_the_offset_is_the_sequence() -> None:
    sifted = sift_door(replace(START, next_offset=3), [record(2, None), record(3, None), record(5, None)])
    assert [one.offset for one in sifted.fresh] == [3]
    assert str(sifted.gap) == "t/0: expected offset 4, found a later one at offset 5"

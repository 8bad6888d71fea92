"""What Kafka has beyond what a restored store knows."""

from dataclasses import dataclass

import pytest

from shared.errors import Trouble
from shared.feeds.recovered import lost_of

FEED = "intake.firms.v1/3"


@dataclass(frozen=True)
class Lying:
    """A record as it lies in Kafka."""

    number: int
    topic: str = "intake.firms.v1"
    partition: int = 3
    offset: int = 0
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = b"{}"

    @property
    def headers(self) -> tuple[tuple[str, bytes | None], ...]:
        return (("ce_generation", b"g"), ("ce_sequence", b"%020d" % self.number))


def numbers(*those: int) -> list[Lying]:
    return [Lying(number) for number in those]


def test_each_number_beyond_the_head_comes_back_once_though_a_relay_repeated_some() -> None:
    lost = lost_of(FEED, 4, numbers(3, 4, 5, 6, 5, 6, 7))
    assert [record.headers[1][1] for record in lost.records] == [b"%020d" % n for n in (5, 6, 7)]
    assert lost.top == 7


def test_a_number_that_kafka_has_not_any_more_ends_the_recovery_in_words() -> None:
    with pytest.raises(Trouble) as refused:
        lost_of(FEED, 4, numbers(7, 8))
    assert str(refused.value).startswith(
        "intake.firms.v1/3: number 5 is not in Kafka any more, 7 is: this copy is older"
    )

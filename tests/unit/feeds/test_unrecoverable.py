"""Over what a store cannot be brought forward, told by what Kafka has beyond it."""

from datetime import UTC, datetime
from itertools import count
from uuid import UUID

import pytest

from shared.errors import Trouble
from shared.feeds.numbers import partition_of
from shared.feeds.records import Packed
from shared.feeds.script import Own
from shared.feeds.unrecoverable import refuse_moved


def said(firm_id: str, partition: int) -> Own:
    return Own(
        feed=f"intake.firms.v1/{partition}",
        sequence=7,
        generation="g",
        record=Packed(b"", b"", []),
        event_id="e",
        type="t",
        to="",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        firm_id=firm_id,
        data=b"{}",
    )


def test_a_firm_that_went_over_to_another_partition_of_before_tells_of_the_growth() -> None:
    """From two to three partitions: nothing need stand on the third."""
    firms = (str(UUID(int=n)) for n in count())
    one = next(one for one in firms if (partition_of(one, 2), partition_of(one, 3)) == (1, 0))
    refuse_moved([said(one, 1)], 2)
    with pytest.raises(Trouble) as refused:
        refuse_moved([said(one, 0)], 2)
    assert "v1/0: number 7 would be said elsewhere with the 2 partitions of this copy: they grew" in str(refused.value)

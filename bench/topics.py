"""What lies on the topics of a measurement: how much, and when the last of it came. Times are the broker's own."""

import asyncio
from collections.abc import Sequence

from confluent_kafka import TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it re-exports by plain import
    AdminClient,
    ListOffsetsResultInfo,
)
from confluent_kafka.admin._listoffsets import OffsetSpec

Ends = dict[tuple[str, int], int]


class Topics:
    """Topics by their names with prefix; partitions are asked for once."""

    def __init__(self, admin: AdminClient, names: Sequence[str]) -> None:
        self._admin = admin
        known = admin.list_topics(timeout=20).topics
        self._partitions = {name: tuple(known[name].partitions) for name in names}

    async def ends(self) -> Ends:
        """The offset after the last record of each partition: how many there are, since all topics begin at 0."""
        return {key: found.offset for key, found in (await self._ask(OffsetSpec.latest())).items()}  # type: ignore[no-untyped-call]  # untyped there

    async def last_append(self) -> float:
        """Unix seconds of the newest record; 0 where there is none."""
        newest = await self._ask(OffsetSpec.max_timestamp())  # type: ignore[no-untyped-call]  # untyped there
        return max((found.timestamp for found in newest.values()), default=0) / 1000

    async def _ask(self, which: OffsetSpec) -> dict[tuple[str, int], ListOffsetsResultInfo]:
        wanted = {TopicPartition(name, k): which for name, ks in self._partitions.items() for k in ks}
        asked = self._admin.list_offsets(wanted, request_timeout=20)
        answers = await asyncio.gather(*(asyncio.wrap_future(future) for future in asked.values()))
        return {(tp.topic, tp.partition): answer for tp, answer in zip(asked, answers, strict=True)}

"""The breaker: a partition of which too many records fail is read no further.

A record that fails for good is held and the others go on. That is right for one record and wrong for a fault of ours
that fails one after the other: it would set aside all that partners send until somebody looks. So reading of the
partition stops with the record that makes it `CULPRITS` of the last `WITHIN`.

Counted is what is still held on its own account; what queues behind it says nothing about the fault. Nothing else is
kept: position and held records say for every process, after every restart, whether the breaker is open. It closes by
itself once enough of them are redriven by mended code, or discarded by a person. There is no order to go on regardless:
the next records would be held by the same fault.
"""

from collections.abc import Collection

from shared.postgres.pool import Connection, Pool

CULPRITS = 20
WITHIN = 1_000
"""Records of the partition before its position."""

_OPEN = """SELECT topic, partition FROM positions p
JOIN unnest($1::text[], $2::int[]) AS asked(topic, partition) USING (topic, partition)
WHERE (SELECT count(*) FROM held h
       WHERE h.topic = p.topic AND h.topic_id = p.topic_id AND h.partition = p.partition
       AND h.record_offset >= p.next_offset - $3 AND h.state = 'held') >= $4"""


async def broken(connection: "Connection | Pool", partitions: Collection[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those of the partitions (topic, number) that are to be read no further, as the connection sees them."""
    rows = await connection.fetch(
        _OPEN, [topic for topic, _ in partitions], [number for _, number in partitions], WITHIN, CULPRITS
    )
    return {(row["topic"], row["partition"]) for row in rows}


def told(topic: str, partition: int) -> str:
    """What a person is told of a partition that the breaker has stopped."""
    return (
        f"{topic}/{partition}: {CULPRITS} of the last {WITHIN} records are held, reading stops. Look at "
        "`portolano held list`; it goes on by itself when they are redriven or discarded."
    )

"""Records handed to their handlers under the locks of their firms, or held.

A record waits where an earlier one of its firm is held: it is queued behind that one, and no handler hears it. At a
door whatever is held gets its provisional answer.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Generic

from shared.contracts.base import FirmId
from shared.feeds import store
from shared.feeds.failures import Permanent, deciding
from shared.feeds.numbers import Partition
from shared.feeds.opening import Opened, find_firms, place_of, touched
from shared.feeds.records import Arrived, traceparent_of
from shared.feeds.speech import Batch, C, Cause, Heard, Outcome, Said, Work
from shared.feeds.subscriptions import Source


class Handling(Generic[C]):
    """Has the handlers of one service decide."""

    def __init__(self, sources: Mapping[str, Source[C]], code_version: str) -> None:
        self._sources = sources
        self._code_version = code_version

    async def decide(
        self,
        work: Work[C],
        opened: list[Opened[C]],
        unread: Sequence[tuple[Arrived, FirmId | None]],
        counts: dict[Partition, Counter[Outcome]],
        culprit: Permanent | None,
    ) -> list[Said]:
        """What is said about these records, once their firms are locked. `counts` gets the outcome of each; with a
        `culprit`, which then is alone, it is held for that reason, whether it could be opened or is `unread`."""
        with deciding():
            await find_firms(work.connection, opened)
        firms = [firm for one in opened for firm in touched(one.heard)]
        waiting = await store.lock_firms(work.connection, [*firms, *(firm for _, firm in unread if firm is not None)])
        said: list[Said] = []
        for record, firm_id in unread:
            said += await self._hold(work, record, None, firm_id, "held", culprit, counts)
        ready: list[Opened[C]] = []
        for one in opened:
            if not waiting.isdisjoint(touched(one.heard)):
                said += await self._hold(work, one.record, one, one.heard.firm_id, "queued", None, counts)
            elif culprit is not None:
                said += await self._hold(work, one.record, one, one.heard.firm_id, "held", culprit, counts)
            else:
                ready.append(one)
        for run in _runs(ready):
            with deciding():
                said += await run[0].subscription.handler(Batch([one.heard for one in run]), work)
        for one in ready:
            counts[one.record.topic, one.record.partition][work.outcomes.get(one.heard.place, Outcome.APPLIED)] += 1
        return said + work.said

    async def _hold(
        self,
        work: Work[C],
        record: Arrived,
        one: Opened[C] | None,
        firm_id: FirmId | None,
        state: str,
        culprit: Permanent | None,
        counts: dict[Partition, Counter[Outcome]],
    ) -> list[Said]:
        source, position = self._sources[record.topic], (record.topic, record.partition)
        topic_id = await work.connection.fetchval(
            "SELECT topic_id FROM positions WHERE topic = $1 AND partition = $2", *position
        )
        await store.hold(
            work.connection,
            record,
            state=state,
            topic_id=topic_id,
            firm_id=firm_id,
            failure=type(culprit).__name__ if culprit else "Waits",
            # Only the kind of failure is kept: a message may quote the record, and listings show no one's data.
            reason=str(culprit).replace("\0", "")[:500] if culprit else "an earlier record of the same firm is held",
            code_version=self._code_version,
        )
        counts[position][Outcome.HELD] += 1
        work.outcomes[place_of(record)] = Outcome.HELD
        if source.door is None:
            return []
        if one is not None:
            with deciding():
                return [source.door.held(one.heard)]
        cause = Cause(f"{topic_id}/{record.partition}/{record.offset}", traceparent_of(record.headers))
        at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        with deciding():
            return [source.door.held(Heard(None, cause, place_of(record), at, None, source.partner))]


def _runs(opened: Sequence[Opened[C]]) -> list[list[Opened[C]]]:
    """Neighbours that the same handler hears: types of one topic keep their common order."""
    runs: list[list[Opened[C]]] = []
    for one in opened:
        if runs and runs[-1][0].subscription is one.subscription:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs

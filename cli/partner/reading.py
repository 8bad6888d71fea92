"""Reading a partner's own topics: from now, from the start, or from a time; each number once, a gap noticed.

Topics are assigned, not subscribed: whoever looks needs no group, commits nothing and disturbs no other reader of the
partner. A gap is read again once from the last good record, as the contract says, before it is told.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Literal, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from cli.partner.account import Account
from cli.partner.letters import Heard, read
from cli.partner.numbers import Numbers, Verdict
from cli.partner.quiet import QUIET
from shared.errors import Trouble, Unreachable

Start = Literal["now", "start"] | datetime
PATIENCE = 10.0
"""Seconds for one question to the broker."""


class Reader:
    """The records of some of a partner's topics (names with prefix), in the order of each.

    The starting points are settled when the reader is made: what is written after that is seen. For one thread.
    """

    def __init__(self, account: Account, topics: Sequence[str], start: Start = "now") -> None:
        self.lost = False
        """Whether no broker answers at this moment; the client goes on trying by itself."""
        self._consumer = Consumer(
            {
                **account.settings,
                **QUIET,
                "error_cb": self._on_error,
                "group.id": f"{account.code}.portolano-reader",  # asked for even where no group is joined
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "allow.auto.create.topics": False,
                "fetch.wait.max.ms": 200,
                "reconnect.backoff.max.ms": 1000,
            }
        )
        self._numbers: dict[str, Numbers] = {}
        self._next: dict[str, int] = {}
        self._reread: set[str] = set()
        self._stale: set[str] = set()
        try:
            for topic in topics:
                self._next[topic], whole = self._begin(topic, start)
                self._numbers[topic] = Numbers(last=0 if whole else None)
            self._consumer.assign([TopicPartition(topic, 0, offset) for topic, offset in self._next.items()])
        except KafkaException as error:
            self._consumer.close()
            raise _told(error.args[0], account.code) from error
        self._code = account.code

    def _begin(self, topic: str, start: Start) -> tuple[int, bool]:
        """The offset to begin at, and whether that is the very first record, which has to carry number 1."""
        begin, end = self._ends(topic)
        if start == "now":
            return end, False
        if start == "start":
            return begin, begin == 0
        millis = int(start.timestamp() * 1000)
        found = self._consumer.offsets_for_times([TopicPartition(topic, 0, millis)], timeout=PATIENCE)[0].offset
        return (found if found >= 0 else end), False

    def _ends(self, topic: str) -> tuple[int, int]:
        """The first offset that is kept and the next one that will be given. Raises KafkaException."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                begin, end = self._consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=PATIENCE)
            except KafkaException as error:
                if error.args[0].code() not in _SETTLING or time.monotonic() > until:
                    raise
                time.sleep(0.2)  # the broker is about to know better, and tells nobody when it does
            else:
                return begin, end

    def read(self, wait: float = 0.2) -> list[Heard]:
        """What has come, repeats left out; waits up to `wait` seconds for a first record."""
        heard: list[Heard] = []
        first = self._consumer.poll(wait)
        for message in [first, *self._consumer.consume(1000, timeout=0)] if first is not None else ():
            taken = self._take(message)
            if taken is not None:
                heard.append(taken)
        return heard

    def caught_up(self) -> bool:
        """Whether everything that is on the topics at this moment has been read."""
        try:
            ends = [(self._ends(topic)[1], offset) for topic, offset in self._next.items()]
        except KafkaException as error:
            raise _told(error.args[0], self._code) from error
        return all(offset >= end for end, offset in ends)

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self.lost = True

    def _take(self, message: Message) -> Heard | None:
        problem = message.error()
        if problem is not None:
            if problem.retriable() or problem.code() in _PASSING:
                return None
            raise _told(problem, self._code)
        self.lost = False
        heard = read(message)
        topic, offset = heard.position.topic, heard.position.offset
        if offset < self._next[topic] or (offset > self._next[topic] and topic in self._stale):
            return None  # fetched before we went back
        self._stale.discard(topic)
        numbers = self._numbers[topic]
        match numbers.judge(heard):
            case Verdict.REPEAT:
                self._next[topic] = offset + 1
                return None
            case Verdict.GAP if topic not in self._reread:
                self._reread.add(topic)
                self._stale.add(topic)
                self._consumer.seek(TopicPartition(topic, 0, self._next[topic]))
                return None
            case Verdict.GAP:
                heard = replace(heard, missing=numbers.missing_before(heard))
            case Verdict.NEW:
                pass
        numbers.take(heard)
        self._next[topic] = offset + 1
        self._reread.discard(topic)
        return heard

    def close(self) -> None:
        with suppress(KafkaException, RuntimeError):  # closed already
            self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_SETTLING = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)
"""What a broker says of a partition that it has just been given; the client asks nobody again by itself."""
_PASSING = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE)


def _told(error: KafkaError, code: str) -> Trouble:
    if error.code() in _PASSING:
        return Unreachable(f"Kafka does not answer {code} ({error.str()}): is the system up? `portolano status`")
    if error.code() == KafkaError._AUTO_OFFSET_RESET:
        return Trouble(f"the topic of {code} no longer holds what should be read next: begin again with `--from start`")
    return Trouble(f"Kafka refuses {code}: {error.str()}; `portolano provision --plan` shows what lacks")

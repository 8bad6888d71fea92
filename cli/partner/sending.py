"""Sending as a partner: acknowledged by all replicas, each letter once and in the order in which it was given."""

from collections import deque
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaError, Message, Producer

from cli.partner.account import Account
from cli.partner.letters import ON_UPDATES, Letter, Position
from cli.partner.quiet import QUIET
from shared.errors import Trouble, Unreachable

DELIVERY = 30
"""Seconds after which a letter that the broker has not acknowledged is given up."""


class Sender:
    """A producer of one partner. Letters go to its firms topic or, by their type, to its updates topic."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._delivered: deque[tuple[Letter, Position]] = deque()
        self._failed: tuple[Letter, KafkaError] | None = None
        self._producer = Producer(
            {
                **account.settings,
                **QUIET,
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 5,
                "compression.type": "zstd",
                "delivery.timeout.ms": DELIVERY * 1000,
                "allow.auto.create.topics": False,
            }
        )

    def send(self, letter: Letter) -> None:
        """Give a letter to the producer; returns before it is delivered. Waits where too much is under way."""
        topic = self._account.updates if letter.type in ON_UPDATES else self._account.firms

        def told(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self._failed = self._failed or (letter, error)
            else:
                at = Position(message.topic() or "", message.partition() or 0, message.offset() or 0)
                self._delivered.append((letter, at))

        while True:
            try:
                self._producer.produce(
                    topic, letter.data, key=letter.id.encode(), partition=0, headers=letter.headers(), on_delivery=told
                )
                break
            except BufferError:
                self._producer.poll(0.1)
        self._producer.poll(0)

    def delivered(self, wait: float = 0.0) -> list[tuple[Letter, Position]]:
        """What the broker has acknowledged since the last call, and where it stands.

        Raises `Unreachable` where the broker has gone, `Trouble` where it refuses a letter.
        """
        self._producer.poll(wait)
        if self._failed is not None:
            raise _told(*self._failed, self._account.code)
        done = list(self._delivered)
        self._delivered.clear()
        return done

    def under_way(self) -> int:
        """How many letters are not acknowledged yet."""
        return len(self._producer)

    def flush(self) -> list[tuple[Letter, Position]]:
        """Wait until everything that was sent is acknowledged; gives what `delivered` would have given."""
        self._producer.flush(DELIVERY + 5)
        return self.delivered()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._producer.purge()
        self._producer.flush(5)


def _told(letter: Letter, error: KafkaError, code: str) -> Trouble:
    which = f"{letter.origin}: " if letter.origin else ""
    if error.code() in (KafkaError._MSG_TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
        return Unreachable(f"{which}Kafka has not acknowledged {letter.id} ({error.str()}): `portolano status`")
    return Trouble(f"{which}Kafka refuses {letter.id} of {code}: {error.str()}")

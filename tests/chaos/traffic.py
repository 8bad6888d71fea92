"""Twelve partners at work: submissions, re-submissions, repeats, updates, revocations, and answers to what they get.

They are outsiders: librdkafka over TLS with their own passwords, past every link. A broker that is away is waited for.
"""

import json
import random
import threading
import time
import uuid
from collections import deque
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.local.home import Home
from shared.agreement import load
from shared.contracts.countries import COUNTRIES
from shared.contracts.kinds import LONGEST_LIST
from tests.chaos.ledger import Entry, Ledger
from tests.e2e.firms import SUBMITTED, now, submission, tax_code

REVOKED = "it.portolano.consent.revoked.v1"
UPDATED = "it.portolano.referral.updated.v1"
FRONTS = ("information", "training_and_orientation", "assistance", "finance_and_insurance")
SLICE = 20
MARKETS = sorted(COUNTRIES)[:LONGEST_LIST]
"""As many as a list may have."""
WAYS: dict[int, tuple[tuple[str, dict[str, Any]], ...]] = {
    0: (("rejected", {"reason": "no_capacity"}),),
    1: (("received", {}), ("accepted", {})),
    2: (("accepted", {}), ("in_progress", {})),
    3: (("accepted", {}), ("in_progress", {}), ("completed", {"outcomes": [{"code": "export_plan"}]})),
}
"""What a partner answers to a referral, by the referral's id; to the others it does not answer."""


def settings_of(home: Home, code: str) -> dict[str, str | int]:
    """How a partner's client gets in."""
    return {
        "bootstrap.servers": f"127.0.0.1:{home.port('kafka_partners')}",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": code,
        "sasl.password": home.kafka_password(code),
        "ssl.ca.location": str(home.partners_ca),
        "log_level": 0,
    }


class Desk:
    """One partner's two clients."""

    def __init__(self, home: Home, code: str, ledger: Ledger) -> None:
        self.code, self._ledger = code, ledger
        settings = settings_of(home, code)
        self._producer = Producer(
            {**settings, "acks": "all", "enable.idempotence": True, "linger.ms": 5, "message.timeout.ms": 600_000}
        )
        self._consumer = Consumer({**settings, "group.id": f"{code}.chaos", "enable.auto.commit": False})
        self._consumer.assign([TopicPartition(f"partners.{code}.referrals.v1", 0, 0)])
        self._answered: set[str] = set()

    def send(self, topic: str, kind: str, data: dict[str, Any], firm: int, event_id: str, repeats: bool) -> None:
        name = f"partners.{self.code}.{topic}.v1"
        entry = self._ledger.enter(Entry(self.code, name, event_id, kind, firm, data, repeats))

        def told(error: Any, message: Any) -> None:
            if error is not None:
                self._ledger.failures.append(f"{self.code}: {error}")
            else:
                entry.at = (message.partition(), message.offset())

        headers: dict[str, str | bytes | None] = {
            "content-type": "application/json",
            "ce_specversion": "1.0",
            "ce_id": event_id,
            "ce_source": f"urn:partner:{self.code}",
            "ce_type": kind,
        }
        self._producer.produce(name, key=event_id, value=json.dumps(data).encode(), headers=headers, on_delivery=told)
        self._producer.poll(0)

    def answer(self, most: int) -> int:
        """Answer what has come, as `WAYS` has it; how many referrals were answered."""
        self._producer.poll(0)
        n = 0
        for message in self._consumer.consume(most, timeout=0.0):
            if message.error() is not None:
                continue
            headers: dict[str, Any] = dict(message.headers() or [])
            data = json.loads(message.value() or b"")
            if not headers["ce_type"].endswith(b"referral.requested.v1") or data["referral_id"] in self._answered:
                continue
            self._answered.add(data["referral_id"])
            n += 1
            for status, more in WAYS.get(uuid.UUID(data["referral_id"]).int % 8, ()):
                update = {"referral_id": data["referral_id"], "status": status, "at": now(), **more}
                self.send("updates", UPDATED, update, -1, str(uuid.uuid4()), repeats=False)
        return n

    @property
    def in_hand(self) -> int:
        """Records that the client has yet to hear of from the broker."""
        return len(self._producer)

    def wait(self, limit: float) -> int:
        """Records that the broker has not acknowledged after so many seconds."""
        return self._producer.flush(limit)

    def close(self) -> None:
        self._consumer.close()


class Traffic(threading.Thread):
    """All partners in a thread of their own, at `rate` firms a second, until every firm was sent.

    `after` is what it goes on from, which has finished: `firms` counts those that were sent by it.
    """

    def __init__(self, home: Home, firms: int, seed: int, rate: float, after: "Traffic | None" = None) -> None:
        super().__init__(daemon=True)
        self.ledger: Ledger = after.ledger if after else Ledger(firms=firms)
        self._dice = random.Random(seed)
        self._rate, self._firms = rate, firms
        self._desks = [Desk(home, code, self.ledger) for code in load().partners]
        self._wanted: deque[int] = deque()
        self._heavy = 0
        self._ids: dict[tuple[int, str], tuple[str, dict[str, Any]]] = after._ids if after else {}
        self.sent: int = after.sent if after else 0
        self._first = self.sent
        if after:
            for mine, theirs in zip(self._desks, after._desks, strict=True):
                mine._answered = theirs._answered
        self.over = threading.Event()
        self.quiet = threading.Event()
        """Set from outside: no more answers are given, so that there can be rest."""
        self.broken: str | None = None
        self._enough = threading.Event()

    def again(self, firm: int) -> None:
        """Have a firm that was sent told anew by its first publisher, with another name; returns before it is."""
        self._wanted.append(firm)

    def heavy(self, slices: int) -> None:
        """Let the next so many times `SLICE` firms come at once, each as long as the contract lets it be; they come
        besides."""
        self._heavy += slices

    @property
    def in_hand(self) -> int:
        """Records that were sent and are on no topic yet as far as their partners know: nobody else sees them."""
        return sum(desk.in_hand for desk in self._desks)

    def finish(self) -> None:
        """Send no firm beyond those that were sent, give no more answers, and wait until all of it is acknowledged."""
        self._enough.set()
        self.quiet.set()
        self.join(180.0)
        if self.broken is not None:
            raise AssertionError(self.broken)

    def run(self) -> None:
        try:
            began = time.monotonic()
            while self.sent < self._firms and not self._enough.is_set():
                heavy = self._heavy > 0
                for n in range(self.sent, min(self.sent + SLICE, self._firms)):
                    self._tell(n, heavy)
                self.sent = min(self.sent + SLICE, self._firms)
                if heavy:
                    self._heavy -= 1
                    began -= SLICE / self._rate
                while time.monotonic() - began < (self.sent - self._first) / self._rate and not self._heavy:
                    self._answer()
                    time.sleep(0.05)  # the pace of the traffic itself
            self.ledger.firms = self.sent
            self.over.set()
            while not self.quiet.is_set():
                self._answer()
                time.sleep(0.05)
            left = sum(desk.wait(120.0) for desk in self._desks)
            if left:
                self.broken = f"{left} records were never acknowledged"
        except Exception as error:
            self.broken = f"{type(error).__name__}: {error}"
        finally:
            self.over.set()
            for desk in self._desks:
                desk.close()

    def _answer(self) -> None:
        for desk in self._desks:
            desk.answer(50)
        while self._wanted:
            n = self._wanted.popleft()
            self._submit(n, self._desks[n % len(self._desks)], name=f"Officine {len(self.ledger.entries)} S.r.l.")

    def _tell(self, n: int, heavy: bool) -> None:
        """A new firm by one partner; of the firms before it a tenth by another one too, an eighth anew, some repeated,
        some revoked."""
        dice = self._dice
        self._submit(n, self._desks[n % len(self._desks)], heavy=heavy)
        before = dice.randrange(n + 1)
        chance = dice.random()
        if chance < 0.10:
            self._submit(before, dice.choice(self._desks))
        elif chance < 0.22:
            self._submit(before, self._desks[before % len(self._desks)])
        elif chance < 0.30:
            desk = self._desks[before % len(self._desks)]
            event_id, data = self._ids[before, desk.code]
            desk.send("firms", SUBMITTED, data, before, event_id, repeats=True)
        elif chance < 0.33:
            data = {"codice_fiscale": tax_code(before), "to": "any", "purpose": "referral", "revoked_at": now()}
            self._desks[before % len(self._desks)].send("firms", REVOKED, data, before, str(uuid.uuid4()), False)

    def _submit(self, n: int, desk: Desk, *, heavy: bool = False, **firm: Any) -> None:
        dice = self._dice
        consent = "any" if dice.random() < 0.7 and not heavy else None
        fronts = tuple(dice.sample(FRONTS, dice.randrange(3)))
        year = int(now()[:4])
        years = [{"year": year - k, "share": dice.choice((0, 0.05, 0.3)), "markets": ["FR"]} for k in (1, 2, 3)]
        if heavy:
            years = [{"year": year - k, "share": 0.3, "markets": MARKETS} for k in range(1, len(MARKETS) + 1)]
        data = submission(n, consent=consent, needs=fronts, exports={"years": years}, **firm)
        data |= {"observed_at": now(), "membership": {"active": desk.code not in ("unioncamere", "regione")}}
        event_id = str(uuid.uuid4())
        self._ids[n, desk.code] = event_id, data
        desk.send("firms", SUBMITTED, data, n, event_id, repeats=False)

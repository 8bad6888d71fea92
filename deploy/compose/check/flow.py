"""The partners outside: clients over TLS that publish firms and read what they are told, all from the beginning."""

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from stdnum import luhn

from shared.contracts import topics
from shared.errors import Trouble

Settings = Mapping[str, str]
PUBLISHERS = ("unioncamere", "cna", "assolombarda", "confartigianato")


class Partner:
    """One partner's own client. `settings`: those that `partner config` prints for librdkafka."""

    def __init__(self, code: str, settings: Settings) -> None:
        self.code = code
        self.receipts: dict[str, list[dict[str, Any]]] = defaultdict(list)
        """Final answers by the id of the event answered."""
        self.asked_for: set[str] = set()
        """Codici fiscali of the firms that this partner got a referral for."""
        self.missing = 0
        """Numbers that were skipped on the topics read."""
        self._last: Counter[str] = Counter()
        self._failed: list[KafkaError] = []
        # Its own lines would drown what the check tells; what goes wrong comes back with the record.
        self._settings = {**settings, "log_level": "0"}
        self._reader = Consumer({**self._settings, "group.id": f"{code}.compose-check", "enable.auto.commit": False})
        self._reader.assign([TopicPartition(name(code), 0, 0) for name in (topics.receipts, topics.referrals)])

    @cached_property
    def _producer(self) -> Producer:
        """Made for those alone who send: one that never did complains when it goes."""
        return Producer({**self._settings, "acks": "all", "enable.idempotence": True, "linger.ms": 5})

    def submit(self, firm: Mapping[str, Any]) -> str:
        """Hand one firm to the client; gives the event's id."""
        event_id = str(uuid.uuid4())
        headers: list[tuple[str, str | bytes | None]] = [
            ("content-type", "application/json"),
            ("ce_specversion", "1.0"),
            ("ce_id", event_id),
            ("ce_source", f"urn:partner:{self.code}"),
            ("ce_type", "it.portolano.firm.submitted.v1"),
        ]
        self._producer.produce(
            topics.firms(self.code),
            json.dumps(firm).encode(),
            key=event_id.encode(),
            headers=headers,
            on_delivery=lambda error, _: self._failed.append(error) if error else None,
        )
        self._producer.poll(0)
        return event_id

    def flush(self) -> None:
        """Return when the broker has acknowledged everything."""
        if self._producer.flush(60) or self._failed:
            raise Trouble(f"the broker did not take what {self.code} sent: {self._failed[:1] or 'no answer'}")

    def read(self, wait: float = 0.05) -> None:
        """Take what has come."""
        for message in self._reader.consume(500, timeout=wait):
            if message.error() is not None:
                raise Trouble(f"{self.code} cannot read: {message.error()}")
            headers = dict(message.headers() or [])
            kind, number = (bytes(headers[name] or b"").decode() for name in ("ce_type", "ce_sequence"))  # type: ignore[arg-type]  # the client's headers may be None, ours are not
            if not self._is_new(str(message.topic()), int(number)):
                continue
            data = json.loads(message.value() or b"")
            if kind.endswith(("submission.accepted.v1", "submission.refused.v1")):
                self.receipts[data["submission_id"]].append({"type": kind, **data})
            elif kind.endswith("referral.requested.v1"):
                self.asked_for.add(data["firm"]["codice_fiscale"])

    def close(self) -> None:
        self._reader.close()

    def _is_new(self, topic: str, number: int) -> bool:
        """The reader's rule: delivery is at least once, without gaps; a number not above the last is a repeat."""
        last = self._last[topic]
        self.missing += max(0, number - last - 1)
        self._last[topic] = max(last, number)
        return number > last


def tax_code(n: int) -> str:
    """The n-th synthetic codice fiscale of a company: office code 999, right check digit."""
    body = f"{n + 1:07d}999"
    return body + str(luhn.calc_check_digit(body))


def firm(n: int, *, consented: bool) -> dict[str, Any]:
    """What a partner says of the n-th firm: a small exporter in Bergamo, with a consent to hand it over or without."""
    now = datetime.now(UTC)
    data: dict[str, Any] = {
        "firm": {
            "codice_fiscale": tax_code(n),
            "name": f"Officine di Prova {n} S.r.l.",
            "legal_form": "SR",
            "office": {"province": "BG"},
            "status": "active",
            "size": {"year": now.year - 1, "staff": 12, "turnover_eur": 1_500_000, "balance_sheet_eur": 900_000},
            "exports": {"years": [{"year": now.year - k, "share": 0.05, "markets": ["FR"]} for k in (1, 2, 3)]},
            "presence_abroad": [],
            "needs": [{"front": "information", "import": False}],
        },
        "observed_at": (now - timedelta(seconds=5)).isoformat(),
    }
    if consented:
        given = (now - timedelta(hours=1)).isoformat()
        data["consents"] = [{"to": "any", "purpose": "referral", "given_at": given}]
    return data


class Flow:
    """Firms under way. Every fifth comes without a consent, and must not be handed to anybody."""

    def __init__(self, partners: Sequence[Partner]) -> None:
        self._partners = {partner.code: partner for partner in partners}
        self.sent: dict[str, str] = {}
        """The event's id → the publisher."""
        self.consented: set[str] = set()
        self._others: set[str] = set()

    def publish(self, numbers: range) -> None:
        """Send these firms, by turns from four partners."""
        for n in numbers:
            partner = self._partners[PUBLISHERS[n % len(PUBLISHERS)]]
            consented = n % 5 != 0
            (self.consented if consented else self._others).add(tax_code(n))
            self.sent[partner.submit(firm(n, consented=consented))] = partner.code
        for code in PUBLISHERS:
            self._partners[code].flush()

    def answered(self) -> int:
        """How many events have an answer."""
        return sum(event in self._partners[code].receipts for event, code in self.sent.items())

    def handed_over(self) -> set[str]:
        """The firms that somebody got a referral for."""
        return set().union(*(partner.asked_for for partner in self._partners.values()))

    def arrived(self) -> bool:
        """Read on; whether every event has its answer and every firm with a consent its referral."""
        for partner in self._partners.values():
            partner.read()
        return self.answered() == len(self.sent) and self.consented <= self.handed_over()

    def wrong(self) -> list[str]:
        """What should not be: an event answered twice or refused, a firm handed over without its consent."""
        outcomes: Counter[str] = Counter()
        for event, code in self.sent.items():
            answers = self._partners[code].receipts[event]
            outcomes["answered more than once"] += len(answers) > 1
            outcomes["refused"] += any(answer["type"].endswith("refused.v1") for answer in answers)
        outcomes["answers to nobody's event"] = sum(len(p.receipts) for p in self._partners.values()) - len(self.sent)
        outcomes["numbers missing on the partners' topics"] = sum(p.missing for p in self._partners.values())
        outcomes["handed over without a consent"] = len(self._others & self.handed_over())
        return [f"{count} {what}" for what, count in outcomes.items() if count]

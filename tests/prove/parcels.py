"""What partners hand to the broker, batch by batch: damaged records, and good firms between them as canaries.

The n-th parcel of a seed is the same whenever it is made, but for the referrals that exist by then. Its records are
damaged in their contents (`damage.py`), or its batch in its form (`wire.py`), or it is more than it should be: too
long, with too many headers, of a kind that no partner may write. Firms of its own are what damaged records are about;
nobody but the canary speaks of a canary's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from shared.contracts.submitted import SUBMITTED
from shared.testing.builders import tax_code
from tests.e2e.firms import submission
from tests.prove.damage import damaged
from tests.prove.wire import CODECS, CONTROL, TRANSACTIONAL, Record, batch

SEEN = b"2026-01-02T08:00:00Z"
"""A time that lies before the run, whenever that is."""
CANARIES = 1_000_000
"""The number of the first canary's firm; below it are the firms that damaged records are about."""
EACH = 100
"""Most records of a parcel, so that a record's number says its parcel's."""
_POOL = 300
_GOLDEN_FIRM, _GOLDEN_DAY = tax_code().encode(), b"2026-11-23T08"
_GOLDEN_REFERRAL = b"00000000-0000-5000-8000-00000000000a"
_MOST = 1 << 20
FORMS = ("damaged", "odd", "flipped", "good", "long", "headers", "forbidden")
_OFTEN = (46, 20, 10, 18, 2, 2, 2)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One batch. `canaries`: the firm's number by the record's place in the batch. `welcome` is whether the broker has
    to take it, None where it may or not."""

    number: int
    partner: str
    topic: str
    form: str
    raw: bytes
    count: int
    canaries: Mapping[int, int] = field(default_factory=dict)
    welcome: bool | None = True


def parcel(seed: int, n: int, referrals: Mapping[str, Sequence[str]], partners: Sequence[str]) -> Parcel:
    """The n-th parcel. `referrals`: what each partner has been asked to do, so that updates can be about it."""
    random = Random(f"{seed}/parcel/{n}")
    partner = random.choice(partners)
    (form,) = random.choices(FORMS, _OFTEN)
    topic = "firms" if form == "good" or random.random() < 0.65 else "updates"
    codec = random.choice([*CODECS, "none", "none"])
    records: list[Record] = []
    canaries: dict[int, int] = {}
    attributes, welcome = 0, True
    size = {"damaged": 40, "odd": 12, "flipped": 4, "good": 10}.get(form, 1)
    for k in range(random.randrange(1, size + 1)):
        if form == "good" or (form == "odd" and topic == "firms" and random.random() < 0.5):
            canaries[k] = CANARIES + n * EACH + k
            records.append(canary(canaries[k]))
        else:
            known = referrals.get(partner) or [_GOLDEN_REFERRAL.decode()]
            records.append(_damaged(random, topic, n * EACH + k, random.choice(known)))
    match form:
        case "odd":
            records, codec = _odd(records, random), random.choice(["none", "none", "gzip"])
        case "long":
            records = [replace(records[0], value=b'{"a":"' + b"x" * random.randrange(262_100, _MOST) + b'"}')]
        case "headers":
            more = [(random.choice([b"", b"x", b"ce_x", b"\xff"]), None)] * random.choice([300, 5_000, 60_000])
            records = [replace(records[0], headers=[*records[0].headers, *more])]
        case "forbidden":
            attributes, welcome = random.choice([TRANSACTIONAL, CONTROL]), False
        case _:
            pass
    while sum(len(bytes(one)) for one in records) > _MOST and len(records) > 1:
        records.pop()
        canaries.pop(len(records), None)
    raw = batch(records, codec=codec, attributes=attributes)
    if form == "flipped":
        raw = _flipped(records, random)
        return Parcel(n, partner, topic, form, raw, len(records), welcome=None)
    return Parcel(n, partner, topic, form, raw, len(records), canaries, welcome)


def good(number: int, partner: str, firms: Sequence[int]) -> Parcel:
    """Nothing but canaries."""
    raw = batch([canary(firm) for firm in firms])
    return Parcel(number, partner, "firms", "good", raw, len(firms), dict(enumerate(firms)))


def last(number: int, partner: str) -> Parcel:
    """An update that anybody's client can read, to be the last on its topic."""
    return Parcel(number, partner, "updates", "last", batch([Record(b"{}")]), 1)


def consents(firm: int) -> bool:
    """Whether a canary lets anybody help it, so that a partner is asked to. A mail is dearer than all else that is done
    for a firm, and these bring several."""
    return firm % 5 == 0


def canary(firm: int) -> Record:
    """A firm that has to be handed over: to referral, and on to a partner where it consents."""
    data: dict[str, Any] = submission(firm, consent=None, needs=("information",))
    data["observed_at"] = SEEN.decode()
    if consents(firm):
        data["consents"] = [{"to": "any", "purpose": "referral", "given_at": SEEN.decode()}]
    headers = [
        (b"content-type", b"application/json"),
        (b"ce_specversion", b"1.0"),
        (b"ce_id", b"canary-%d" % firm),
        (b"ce_source", b"urn:canary"),
        (b"ce_type", SUBMITTED.encode()),
    ]
    return Record(json.dumps(data).encode(), headers, key=b"canary-%d" % firm)


def _damaged(random: Random, topic: str, n: int, referral: str) -> Record:
    one = damaged(random, topic, n - random.choice([0] * 20 + [1, 2, 50]))
    value = one.value
    if value is not None:
        value = value.replace(_GOLDEN_FIRM, tax_code(random.randrange(1, _POOL)).encode())
        value = value.replace(_GOLDEN_DAY, b"2026-01-%02dT08" % random.randrange(1, 29))
        if random.random() < 0.8:
            value = value.replace(_GOLDEN_REFERRAL, referral.encode())
    return Record(value, one.headers, key=random.choice([None, b"", b"\xff", b"k" * 300]))


def _odd(records: Sequence[Record], random: Random) -> list[Record]:
    """Right to the broker, and not what an ordinary client writes."""
    count = len(records)
    match random.randrange(5):
        case 0:
            return [replace(one, attributes=random.choice([0, 1, 0x7F, 0x80, 0xFF])) for one in records]
        case 1:
            return [replace(one, delta=random.randrange(count + 5)) for one in records]
        case 2:
            return [replace(one, delta=count - 1 - k) for k, one in enumerate(records)]
        case 3:
            return [replace(one, null=random.choice([-1, -2, -500])) for one in records]
        case _:
            return [replace(one, overlong=random.randrange(3)) for one in records]


def _flipped(records: Sequence[Record], random: Random) -> bytes:
    """The records with some of their bytes changed, under a sum that is right again."""
    whole = b"".join(bytes(replace(one, delta=k)) for k, one in enumerate(records))
    body = bytearray(whole)
    for _ in range(random.choice([1, 1, 2, 5])):
        body[random.randrange(len(body))] = random.choice([0, 1, 2, 0x7F, 0x80, 0xFF, random.randrange(256)])
    return batch(records, body=bytes(body))

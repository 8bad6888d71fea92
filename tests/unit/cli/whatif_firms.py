"""Stored firms at random, as intake says them: half of them little known, with and without consents, memberships,
wishes, needs of their own; and policies that differ from the one in force."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from shared.agreement import Agreement, load
from shared.contracts.intake import FirmRegistered
from shared.testing.builders import tax_code
from tests.prove.time_assessments import drawn

ACCORD = load()
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BODIES = tuple(one.code for one in ACCORD.signatories if one.members)
DIVISIONS = ("10", "25", "28", "43", "46", "47", "55", "62", "70", "01")
PROVINCES = ("MI", "BG", "BS", "CO", "VA", "MB", "LO", "PV", "SO", "TO")


def firms(count: int, seed: int = 1) -> Iterator[FirmRegistered]:
    """So many different firms, the same for the same seed."""
    dice = random.Random(seed)
    return (_firm(dice, n) for n in range(1, count + 1))


def stricter(**thresholds: object) -> Agreement:
    """A candidate whose thresholds are others."""
    criteria = ACCORD.criteria
    changed = criteria.thresholds.model_copy(update=thresholds)
    return named(criteria=criteria.model_copy(update={"thresholds": changed}))


def without_signing(partner: str) -> Agreement:
    """A candidate under which a partner takes nobody but its members."""
    signatories = tuple(
        one.model_copy(update={"takes": None}) if one.code == partner else one for one in ACCORD.signatories
    )
    return named(signatories=signatories)


def named(**changes: object) -> Agreement:
    """The policy in force with these changes, under a version of its own."""
    return ACCORD.model_copy(update={"version": "candidate", **changes})


def _firm(dice: random.Random, n: int) -> FirmRegistered:
    document: dict[str, Any] = msgspec.to_builtins(drawn(dice))
    document |= {
        "codice_fiscale": tax_code(n),
        "name": f"Officine {n} S.r.l.",
        "contacts": {"pec": f"f{n}@pec.example"},
    }
    if dice.random() < 0.9:
        document["office"] = {"province": dice.choice(PROVINCES), "comune": "Prova"}
    if dice.random() < 0.1:
        document["local_units"] = [{"province": dice.choice(PROVINCES), "comune": "Altrove"} for _ in range(2)]
    if dice.random() < 0.8:
        document["ateco"] = [{"code": f"{dice.choice(DIVISIONS)}.11.00", "edition": "2025", "main": True}]
    if dice.random() < 0.7:
        document["artisan"] = dice.random() < 0.4
    if dice.random() < 0.05:
        document["status"] = dice.choice(("active", "in_liquidation", "ceased"))
    if dice.random() < 0.2:
        document["declared_memberships"] = dice.sample(BODIES, dice.choice((1, 1, 2)))
    if dice.random() < 0.1:
        document["preferred_partner"] = dice.choice(BODIES)
    if dice.random() < 0.2:
        document["imports"] = {"strategic": dice.random() < 0.7}
    if dice.random() < 0.4:
        document["needs"] = _needs(dice)
    publisher = dice.choice(ACCORD.partners)
    told = {"partner": publisher, "submission_id": f"s-{n}", "observed_at": "2026-11-20T09:00:00Z"}
    bodies = dice.sample(BODIES, dice.choices((0, 1, 2), weights=(60, 30, 10))[0])
    return msgspec.convert(
        {
            # A keyed hash in earnest: random, and in another order than the numbers.
            "firm_id": str(UUID(int=dice.getrandbits(128), version=5)),
            "version": 1,
            "observed_at": "2026-11-20T09:00:00Z",
            "profile": document,
            "publishers": [told],
            "memberships": [{"partner": body, "since": f"20{dice.randint(10, 25)}-01-01"} for body in bodies],
            "consents": _consents(dice),
        },
        FirmRegistered,
    )


def _needs(dice: random.Random) -> list[dict[str, Any]]:
    fronts = dice.sample([front.code for front in ACCORD.fronts], dice.choice((1, 1, 2)))
    more: list[dict[str, Any]] = [{}, {"market": "DE"}, {"import": True}, {"unit": "Altrove"}]
    return [{"front": front, "declared_at": "2026-11-20T09:00:00Z", **dice.choice(more)} for front in fronts]


def _consents(dice: random.Random) -> list[dict[str, Any]]:
    to = dice.choices((["any"], dice.sample(ACCORD.partners, 3), []), weights=(70, 20, 10))[0]
    given = f"2026-{dice.randint(1, 9):02d}-01T09:00:00Z"
    ends = dice.choice((None, None, "2026-10-01T09:00:00Z", "2028-10-01T09:00:00Z"))
    return [
        {"to": code, "purpose": "referral", "given_at": given} | ({"expires_at": ends} if ends else {}) for code in to
    ]

"""A spread of cases and the receipts that they end in, as bytes: what two processes must agree on."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import product

import msgspec

from services.referral.case import Case
from services.referral.domain import assess, move
from services.referral.lifecycle import Status
from services.referral.views import told
from shared.feeds.speech import Cause
from tests.unit.referral.builders import ACCORD, FIRM, NOW, UNKNOWN, assessed, consent, firm, member, moment, need

PROFILES = (
    UNKNOWN,
    firm(),
    firm(artisan=True, province="MI"),
    firm(division="46"),
    firm(staff=None, artisan=None),
    firm(declared_memberships=("cna", "confapi", "claai")),
)
MEMBERS = ((), (member("cna"),), (member("claai"), member("confapi"), member("assolombarda"), member("confindustria")))
CONSENTS = ((consent(),), (consent("cna"), consent("unioncamere"), consent("sacesimest")), ())
NEEDS = (
    *(need(front.code) for front in ACCORD.fronts),
    need("assistance", import_=True),
    need("finance_and_insurance", import_=True),
    need("assistance", market="AE"),
)


def told_of() -> Iterator[bytes]:
    """Every receipt, and everything that is said, of each case; then all of it again after a rejection."""
    for profile, members, consents in product(PROFILES, MEMBERS, CONSENTS):
        case = Case(FIRM)
        facts = assess(case, assessed(*NEEDS, profile=profile, members=members, consents=consents), moment())
        for referral in [one for one in case.referrals.values() if one.part_of is None]:
            if case.referrals[referral.referral_id].is_open:
                facts += move(case, referral, Status.REJECTED, "no_capacity", NOW, moment("update"))
        yield msgspec.json.encode([receipt.decision for receipt in case.receipts])
        yield msgspec.json.encode([(one.event, one.to, one.subject) for one in told(facts, case, Cause("cause"))])
        yield msgspec.json.encode([asdict(query) for query in case.queries.values()])


if __name__ == "__main__":
    sys.stdout.buffer.write(b"\n".join(told_of()))

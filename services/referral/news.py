"""What those who told us of a firm hear of how it stands: its segment, and where each of its needs is. Pure.

A partner is told when something of it has changed since it was last told, and only while the firm's consent covers it.
It is told no other partner's name.
"""

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256

import msgspec

from services.referral.case import Case
from services.referral.routing import Consented, consented
from shared.contracts.referrals import FirmStatus, NeedStanding


def news(case: Case, at: datetime) -> Iterator[tuple[str, FirmStatus]]:
    """Partners that are to be told at `at`, each with what; the case remembers that they were.

    Nothing of a firm that is not known any more.
    """
    firm = case.assessment
    if firm is None:
        return
    covered = [one for one in firm.publishers if consented(one.partner, firm.consents, at) is Consented.YES]
    if not covered:
        return
    needs = tuple(
        NeedStanding(need_id=need.need_id, front=need.front, state=need.state.value)
        for need in sorted(case.needs.values(), key=lambda need: (need.front, need.need_id))
    )
    digest = sha256(msgspec.json.encode((firm.segment, needs))).hexdigest()
    for publisher in covered:
        if case.told.get(publisher.partner) == digest:
            continue
        case.told[publisher.partner] = digest
        case.retold.add(publisher.partner)
        yield (
            publisher.partner,
            FirmStatus(firm_id=case.firm_id, reference=publisher.reference, segment=firm.segment, needs=needs),
        )

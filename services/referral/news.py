"""What those who told us of a firm hear of how it stands: its segment, and where each of its needs is. Pure.

A partner is told when something of it has changed since it was last told, and only while the firm's consent covers it.
It is told no other partner's name. With them hear those whose task
was another firm's until this one succeeded it: under which name they go on.
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
    references = {one.partner: one.reference for one in firm.publishers}
    serving = {one.partner for one in case.referrals.values() if one.is_open}
    heirs = sorted(partner for partner in serving & case.told.keys() if partner not in references)
    covered = [one for one in (*references, *heirs) if consented(one, firm.consents, at) is Consented.YES]
    if not covered:
        return
    needs = tuple(
        NeedStanding(need_id=need.need_id, front=need.front, state=need.state.value)
        for need in sorted(case.needs.values(), key=lambda need: (need.front, need.need_id))
    )
    digest = sha256(msgspec.json.encode((firm.segment, needs))).hexdigest()
    for partner in covered:
        if case.told.get(partner) == digest:
            continue
        case.told[partner] = digest
        case.retold.add(partner)
        yield (
            partner,
            FirmStatus(firm_id=case.firm_id, reference=references.get(partner), segment=firm.segment, needs=needs),
        )

"""Who was asked what is missing of the cast's firms, against who should have been. Pure."""

from collections.abc import Iterator

from cli.demo.ledger import Ledger
from cli.demo.routes import asked_through


def astray(ledger: Ledger) -> Iterator[str]:
    """Each firm whose segment is not settled is asked through one partner, once, and no other is. One that a second
    partner settles may have been asked through its publisher before that."""
    settled_later = {
        role.company.number
        for role in ledger.script.roles
        if role.company is not None and len({one.partner for one in role.submissions}) > 1
    }
    for company in ledger.firm_ids.values():
        asked, partner = ledger.inquired.get(company.codice_fiscale, []), asked_through(company)
        if partner is not None:
            right = asked == [partner]
        else:
            right = asked == [] or (company.number in settled_later and asked == [company.publisher])
        if not right:
            told, wanted = ", ".join(asked) or "nobody", partner or "nobody"
            yield f"what is missing of {company.short} was asked of {told}, not of {wanted}"

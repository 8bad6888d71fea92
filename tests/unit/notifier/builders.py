"""Events that the notifier hears and messages that it has stored; a test states what matters to it."""

from datetime import UTC, datetime
from typing import Any

from services.notifier.domain import Desks, House
from services.notifier.links import Links
from services.notifier.rendering import Templates
from services.notifier.store import Mail
from shared.agreement import load
from shared.contracts.classifier import Segment
from shared.contracts.firm import Contacts
from shared.contracts.referral import ReferralAwaited, ReferralMoved, ReferralOpened

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FIRM = "00000000-0000-8000-8000-000000000002"
REFERRAL = "00000000-0000-5000-8000-000000000001"
EARLIER = "00000000-0000-5000-8000-000000000004"
HOUSE = House(
    agreement=load(),
    desks=Desks(
        domain="partners.portolano.example",
        addresses={"aice": "estero@aice.example"},
        languages={"assocamerestero": "en"},
        escalations={"aice": "direzione@aice.example"},
    ),
    mail_domain="portolano.example",
    links=Links("https://portolano.example", [b"k" * 32]),
    write=Templates(),
)


def opened(**stated: Any) -> ReferralOpened:
    given: dict[str, Any] = {
        "firm_id": FIRM,
        "referral_id": REFERRAL,
        "need_id": "00000000-0000-5000-8000-000000000003",
        "partner": "cna",
        "role": "responsible",
        "front": "assistance",
        "import_": False,
        "segment": Segment(
            status="provisional", agreement="2017.1", possible=("no_experience",), presumptions=(), warnings=()
        ),
        "firm_name": "Rossi",
        "requested_at": NOW,
    }
    return ReferralOpened(**given | stated)


def moved(status: str, **stated: Any) -> ReferralMoved:
    given: dict[str, Any] = {
        "firm_id": FIRM,
        "referral_id": REFERRAL,
        "partner": "cna",
        "was": "requested",
        "status": status,
        "at": NOW,
        "firm_name": "Rossi",
        "contacts": Contacts(email="rossi@firm.example"),
    }
    return ReferralMoved(**given | stated)


def awaited(step: str, **stated: Any) -> ReferralAwaited:
    given: dict[str, Any] = {
        "firm_id": FIRM,
        "referral_id": REFERRAL,
        "partner": "cna",
        "step": step,
        "awaits": "acceptance_due",
        "at": NOW,
        "due_by": datetime(2026, 12, 2, 22, 59, 59, tzinfo=UTC),
        "firm_name": "Rossi",
    }
    return ReferralAwaited(**given | stated)


def mail(**stated: Any) -> Mail:
    given: dict[str, Any] = {
        "message_id": "<one@portolano.example>",
        "referral_id": REFERRAL,
        "firm_id": FIRM,
        "address": "rossi@firm.example",
        "language": "it",
        "subject": "Affidata",
        "body": "Città\n",
        "html": "<!doctype html>\n<p>Città</p>\n",
        "created_at": NOW,
        "taken": 1,
        "put_off": 0,
    }
    return Mail(**given | stated)

"""What partners write in golden events: the shortest of each type, and one with all that can be said."""

from typing import Any

from shared.contracts.submitted import ERASURE_REQUESTED, REVOKED, SUBMITTED, SUCCEEDED
from shared.testing.builders import revoked, submitted, tax_code

UPDATED = "it.portolano.referral.updated.v1"
MEMBERSHIP_ANSWERED = "it.portolano.membership.answered.v1"
INFORMATION_DECLINED = "it.portolano.information.declined.v1"
REFERRAL = "00000000-0000-5000-8000-00000000000a"

EVERYTHING: dict[str, Any] = {
    "partita_iva": tax_code(),
    "rea": "BG-123456",
    "legal_form": "SR",
    "office": {"province": "BG", "comune": "Treviglio", "istat": "016219"},
    "local_units": [{"province": "MI"}],
    "ateco": [{"code": "28.41.00", "edition": "2007", "main": True}, {"code": "62.01"}],
    "artisan": False,
    "started_on": "1998-04-01",
    "status": "active",
    "size": {
        "year": 2025,
        "staff": {"min": 20, "max": 49},
        "turnover_eur": 8400000,
        "balance_sheet_eur": {"max": 10000000},
        "autonomous": False,
        "public_share": 0,
        "previous": {"year": 2024, "staff": 31.5},
        "holdings": [{"kind": "partner", "share": 0.3, "staff": 12, "turnover_eur": 900000}],
    },
    "exports": {
        "years": [
            {"year": 2025, "share": {"min": 0.1, "max": 0.25}, "eur": 1200000, "markets": ["DE", "XK"]},
            {"year": 2024, "share": 0.08},
        ],
        "mode": "direct",
        "since": 2019,
    },
    "presence_abroad": [{"country": "DE", "kind": "stake", "share": 0.2}],
    "intents": {"consolidate": True, "invest_abroad": False, "markets": ["PL"]},
    "imports": {"strategic": True, "markets": ["CN"]},
    "needs": [{"front": "assistance", "market": "DE", "import": False, "declared_at": "2026-11-01T10:00:00Z"}],
    "declared_memberships": ["cna"],
    "preferred_partner": "cna",
    "contacts": {
        "pec": "prova@pec.example",
        "email": "info@prova.example",
        "phone": "+39 035 000000",
        "language": "it",
    },
}
ASSERTED = submitted(
    EVERYTHING,
    membership={"active": True, "since": "2015-01-01"},
    consents=[
        {
            "to": "any",
            "purpose": "referral",
            "given_at": "2026-01-01T00:00:00Z",
            "expires_at": "2028-01-01T00:00:00Z",
            "text_version": "2026-1",
        }
    ],
    reference="crm-4711",
)
WRITTEN: dict[tuple[str, str], dict[str, Any]] = {
    (SUBMITTED, "smallest"): submitted(),
    (SUBMITTED, "everything"): ASSERTED,
    (SUCCEEDED, "plain"): {
        "codice_fiscale": tax_code(),
        "successor": tax_code(2),
        "kind": "merger",
        "at": "2026-11-20T00:00:00Z",
    },
    (REVOKED, "of-every-purpose"): revoked(),
    (REVOKED, "of-one-purpose"): revoked("cna", purpose="referral"),
    (ERASURE_REQUESTED, "plain"): {"codice_fiscale": tax_code(), "requested_at": "2026-11-23T08:00:00Z"},
    (UPDATED, "accepted"): {
        "referral_id": REFERRAL,
        "status": "accepted",
        "at": "2026-11-23T08:00:00Z",
    },
    (UPDATED, "completed"): {
        "referral_id": REFERRAL,
        "status": "completed",
        "outcomes": [{"code": "mission", "market": "DE", "value_eur": 25000, "on": "2026-11-20"}],
        "note": "Four meetings in Munich.",
        "at": "2026-11-23T08:00:00Z",
    },
    (UPDATED, "on-hold"): {
        "referral_id": REFERRAL,
        "status": "on_hold",
        "reason": "waiting_call",
        "until": "2027-01-29",
        "at": "2026-11-23T08:00:00Z",
    },
    (UPDATED, "cancellation-confirmed"): {
        "referral_id": REFERRAL,
        "status": "cancellation_confirmed",
        "at": "2026-11-23T08:00:00Z",
    },
    (MEMBERSHIP_ANSWERED, "member"): {"query_id": REFERRAL, "member": True, "since": "2015-01-01"},
    (MEMBERSHIP_ANSWERED, "no-member"): {"query_id": REFERRAL, "member": False},
    (INFORMATION_DECLINED, "plain"): {"request_id": REFERRAL, "reason": "The firm does not answer."},
    (UPDATED, "rejected"): {
        "referral_id": REFERRAL,
        "status": "rejected",
        "reason": "no_capacity",
        "at": "2026-11-23T08:00:00Z",
    },
}
"""What partners write: data by type and name."""

"""Submissions for end-to-end tests; each states what matters and is otherwise an ordinary Lombard firm."""

from datetime import UTC, datetime, timedelta
from typing import Any

from stdnum import luhn

SUBMITTED = "it.portolano.firm.submitted.v1"


def tax_code(n: int) -> str:
    """The n-th synthetic codice fiscale of a company: office code 999, right check digit."""
    body = f"{n + 1:07d}999"  # seven zeros are nobody
    return body + luhn.calc_check_digit(body)


def now(minus: float = 0.0) -> str:
    """A time in UTC, `minus` seconds ago."""
    return (datetime.now(UTC) - timedelta(seconds=minus)).isoformat().replace("+00:00", "Z")


def submission(n: int, *, consent: str | None = "any", needs: tuple[str, ...] = (), **firm: Any) -> dict[str, Any]:
    """Data of `firm.submitted` for the n-th firm: a small exporter in Bergamo that lets anybody help it."""
    year = datetime.now(UTC).year
    data: dict[str, Any] = {
        "firm": {
            "codice_fiscale": tax_code(n),
            "name": f"Officine di Prova {n} S.r.l.",
            "legal_form": "SR",
            "office": {"province": "BG"},
            "status": "active",
            "size": {"year": year - 1, "staff": 12, "turnover_eur": 1_500_000, "balance_sheet_eur": 900_000},
            "exports": {
                "years": [{"year": year - k, "share": 0.05, "eur": 75_000, "markets": ["FR"]} for k in (1, 2, 3)]
            },
            "presence_abroad": [],
            "needs": [{"front": front, "import": False} for front in needs],
            "contacts": {"email": f"export{n}@firm.example", "language": "it"},
            **firm,
        },
        "observed_at": now(minus=5),
        "reference": f"ref-{n}",
    }
    if consent is not None:
        data["consents"] = [{"to": consent, "purpose": "referral", "given_at": now(minus=3600)}]
    return data

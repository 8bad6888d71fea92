"""A firm as intake registers it; each test says only what matters."""

from datetime import UTC, datetime
from typing import Any

from services.classifier.domain import assess
from shared.agreement import Criteria, load
from shared.contracts.classifier import FirmAssessed, Segment
from shared.contracts.firm import Exports, ExportYear, Profile, Size
from shared.contracts.intake import FirmRegistered

OBSERVED = datetime(2026, 11, 23, 9, tzinfo=UTC)
AGREEMENT = load()
IN_FORCE = AGREEMENT.criteria
SMALL = Size(year=2025, staff=12, turnover_eur=1_000_000, balance_sheet_eur=500_000)
LARGE = Size(year=2025, staff=400, turnover_eur=90_000_000, balance_sheet_eur=80_000_000)
MARKETS = ("FR", "DE", "ES", "AT", "PL", "US", "CN", "JP", "GB", "CH")


def registered(observed_at: datetime = OBSERVED, **members: Any) -> FirmRegistered:
    profile = Profile(codice_fiscale="00000009999", **members)
    return FirmRegistered(firm_id="f", version=1, observed_at=observed_at, profile=profile, publishers=())


def assessed(criteria: Criteria = IN_FORCE, **members: Any) -> FirmAssessed:
    return assess(registered(**members), AGREEMENT.model_copy(update={"criteria": criteria}))


def segment_of(criteria: Criteria = IN_FORCE, **members: Any) -> Segment:
    return assessed(criteria, **members).segment


def years(*shares: float | None, markets: tuple[str, ...] | None = None) -> Exports:
    """Shares of 2025, 2024, 2023; the same markets in each."""
    return Exports(
        years=tuple(ExportYear(year=2025 - k, share=share, markets=markets) for k, share in enumerate(shares))
    )

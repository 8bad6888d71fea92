"""What these tests say to referral and read of it, on the stage of a service alone."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from services.referral.updates import UPDATED
from shared.contracts.classifier import FirmAssessed, Need, Segment
from shared.contracts.firm import Consent, Membership, Profile, Publisher
from tests.component.services.stage import Stage

FIRM = "00000000-0000-8000-8000-00000000000a"
PAST = datetime(2026, 1, 2, 8, 0, tzinfo=UTC)


def consent(to: str = "any") -> Consent:
    return Consent(to=to, purpose="referral", given_at=PAST)


def assessed(
    *fronts: str, version: int = 1, consents: tuple[Consent, ...] = (consent(),), publishers: tuple[str, ...] = ()
) -> FirmAssessed:
    """A member of cna that declared these needs."""
    return FirmAssessed(
        firm_id=FIRM,
        version=version,
        profile=Profile(codice_fiscale="00000009999", name="Officine di Prova S.r.l."),
        publishers=tuple(Publisher(partner=code, submission_id="s-1", observed_at=PAST) for code in publishers),
        segment=Segment(status="provisional", possible=(), presumptions=(), warnings=(), agreement="2017.1"),
        needs=tuple(Need(front=front, import_=False, declared=True) for front in fronts),
        memberships=(Membership(partner="cna"),),
        consents=consents,
    )


def in_days(days: int) -> str:
    """A day after today, which the real broker's clock decides."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


@dataclass
class Desk:
    """A partner's, cna's unless another is named."""

    stage: Stage
    written: int = 0
    seen: dict[str, int] = field(default_factory=dict)

    async def tell(self, *events: Any) -> None:
        await self.stage.tell(*((event, FIRM) for event in events))

    async def say(self, referral: str, status: str, partner: str = "cna", **more: Any) -> None:
        """An update, now."""
        at = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        await self.write(UPDATED, {"referral_id": referral, "status": status, "at": at} | more, partner)

    async def write(self, kind: str, data: dict[str, Any], partner: str = "cna") -> None:
        self.written += 1
        await self.stage.knock(partner, "updates", kind, data, f"u-{self.written}")

    async def news(self, wanted: int, partner: str = "cna") -> list[tuple[str, dict[str, Any]]]:
        """The next `wanted` records for the partner, and no more than these: short type and data."""
        seen = self.seen.get(partner, 0)
        self.seen[partner] = seen + wanted
        found = await self.stage.said(f"partners.{partner}.referrals.v1", seen + wanted)
        assert len(found) == seen + wanted, [kind for kind, _ in found]
        return [(kind.removeprefix("it.portolano.referral.").removesuffix(".v1"), data) for kind, data in found[seen:]]

    async def needs(self) -> dict[str, str]:
        """Front -> state."""
        return {row["front"]: row["state"] for row in await self.stage.store.fetch("SELECT front, state FROM needs")}

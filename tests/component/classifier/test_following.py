"""What the classifier keeps and says on, on its real store."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.agreement import CURRENT
from shared.contracts.classifier import AssessmentErased, AssessmentSucceeded, FirmAssessed
from shared.contracts.firm import Consent, Exports, ExportYear, Profile, Size
from shared.contracts.intake import FirmErased, FirmRegistered, FirmSucceeded
from tests.component.classifier.conftest import Bench

SEEN = datetime(2026, 11, 23, 9, tzinfo=UTC)
ZERO = Exports(years=tuple(ExportYear(year=year, share=0) for year in (2025, 2024, 2023)))


def firm() -> str:
    return str(uuid.uuid4())


def registered(firm_id: str, version: int = 1, consents: tuple[Consent, ...] = (), **members: Any) -> FirmRegistered:
    profile = Profile(codice_fiscale="00000009999", **members)
    return FirmRegistered(
        firm_id=firm_id, version=version, observed_at=SEEN, profile=profile, publishers=(), consents=consents
    )


def erased(firm_id: str, version: int) -> FirmErased:
    return FirmErased(firm_id=firm_id, version=version, requested_at=SEEN, requested_by="cna", submission_id="e-2")


async def test_what_is_missing_is_stored_and_said_with_the_assessment(bench: Bench) -> None:
    mine = firm()
    async with bench.upstream(), bench.classifier():
        await bench.tell(registered(mine, exports=ZERO, presence_abroad=(), size=Size(year=2025, staff=100)))
        [(kind, data)] = await bench.said(1)
        row = await bench.store.fetchrow("SELECT firm_id::text, version, status, missing::text FROM assessments")
    assert kind == FirmAssessed.type
    assert [one["pointer"] for one in data["missing"]] == ["/firm/size/turnover_eur", "/firm/size/balance_sheet_eur"]
    assert (row["firm_id"], row["version"], row["status"]) == (mine, 1, "provisional")
    assert json.loads(row["missing"]) == data["missing"]


async def test_a_state_that_is_said_anew_changes_and_says_nothing(bench: Bench) -> None:
    mine, other = firm(), firm()
    async with bench.upstream(), bench.classifier():
        await bench.tell(registered(mine, exports=ZERO), registered(other))
        await bench.heard(2)
        before = await bench.store.fetch("SELECT * FROM assessments ORDER BY firm_id")
        await bench.tell(registered(mine, exports=ZERO), registered(other), registered(mine, exports=ZERO))
        await bench.heard(5)
        after = await bench.store.fetch("SELECT * FROM assessments ORDER BY firm_id")
        said = await bench.said(2)
    assert before == after
    assert len(said) == 2


async def test_the_same_segment_is_said_again_where_what_travels_with_it_changed(bench: Bench) -> None:
    """Referral routes by consents and memberships that it hears of from us alone."""
    mine = firm()
    consent = Consent(to="any", purpose="referral", given_at=SEEN)
    async with bench.upstream(), bench.classifier():
        await bench.tell(registered(mine, exports=ZERO), registered(mine, 2, (consent,), exports=ZERO))
        said = [data for _, data in await bench.said(2)]
    assert [one["version"] for one in said] == [1, 2]
    assert said[0]["segment"] == said[1]["segment"]
    assert [len(one.get("consents", [])) for one in said] == [0, 1]


async def test_an_erased_firm_is_forgotten_and_its_erasure_goes_on(bench: Bench) -> None:
    mine, other = firm(), firm()
    async with bench.upstream(), bench.classifier():
        await bench.tell(registered(mine), registered(other), erased(mine, 1))
        await bench.heard(3)
        left = await bench.store.fetch("SELECT firm_id::text FROM assessments")
        said = [(kind, data) for kind, data in await bench.said(3) if data["firm_id"] == mine]
    assert [row["firm_id"] for row in left] == [other]
    assert [kind for kind, _ in said] == [FirmAssessed.type, AssessmentErased.type]
    assert said[1][1] == {
        "firm_id": mine,
        "version": 1,
        "requested_at": "2026-11-23T09:00:00Z",
        "requested_by": "cna",
        "submission_id": "e-2",
    }


async def test_an_erasure_and_a_new_beginning_in_one_batch_leave_the_new_one(bench: Bench) -> None:
    mine = firm()
    async with bench.upstream():
        await bench.tell(registered(mine), erased(mine, 1), registered(mine))
        async with bench.classifier():
            await bench.heard(3)
            said = [kind for kind, _ in await bench.said(3)]
            left = await bench.store.fetchval("SELECT count(*) FROM assessments")
    assert said == [FirmAssessed.type, AssessmentErased.type, FirmAssessed.type]
    assert left == 1


async def test_the_erasure_of_a_firm_that_was_never_assessed_goes_on_as_well(bench: Bench) -> None:
    async with bench.upstream(), bench.classifier():
        await bench.tell(erased(firm(), 0))
        assert [kind for kind, _ in await bench.said(1)] == [AssessmentErased.type]


async def test_a_succession_goes_on_and_leaves_the_old_codes_assessment(bench: Bench) -> None:
    old, new = firm(), firm()
    succeeded = FirmSucceeded(firm_id=old, version=1, successor_id=new, kind="merger", at=SEEN, said_by="cna")
    async with bench.upstream(), bench.classifier():
        await bench.tell(registered(old), succeeded, registered(new))
        await bench.heard(3)
        said = [(kind, data) for kind, data in await bench.said(3) if data["firm_id"] == old]
        left = await bench.store.fetchval("SELECT count(*) FROM assessments")
    assert [kind for kind, _ in said] == [FirmAssessed.type, AssessmentSucceeded.type]
    assert (said[1][1]["successor_id"], said[1][1]["kind"], said[1][1]["said_by"]) == (new, "merger", "cna")
    assert left == 2


async def test_a_firm_is_placed_under_the_version_of_the_day(bench: Bench, tmp_path: Path) -> None:
    text = CURRENT.read_text(encoding="utf-8")
    for name, since, years in (("2017.1", "2017-06-07", 5), ("2018.1", "2018-01-01", 4), ("2999.1", "2999-01-01", 3)):
        other = text.replace('version: "2017.1"', f'version: "{name}"').replace("years: 5", f"years: {years}")
        other = other.replace("valid_from: 2017-06-07", f"valid_from: {since}")
        (tmp_path / f"{name}.yml").write_text(other, encoding="utf-8")
    async with bench.upstream(), bench.classifier(tmp_path):
        await bench.tell(registered(firm()))
        [(_, data)] = await bench.said(1)
    assert data["segment"]["agreement"] == "2018.1"

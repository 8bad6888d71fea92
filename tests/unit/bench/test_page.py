"""The page says what was measured, and nothing of what was not."""

import xml.etree.ElementTree as xml
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from bench import page, plot, results
from bench.plan import Size
from bench.results import Measured, Results
from tests.architecture.tree import ROOT

DOCS = ROOT / "docs"


def measured(row: str, rate: float, number: int = 1, more: Mapping[str, float] = MappingProxyType({})) -> Measured:
    kinds = {"python_s": 0.6, "broker_s": 0.3, "postgres_s": 0.1, "others_cores": 0.2, "written": 5.0}
    services = ("intake", "classifier", "referral", "notifier")
    by_hop = {f"python_{name}_s": 0.15 for name in services}
    memory = {f"{name}_bytes": 2.0**26 for name in (*services, "broker", "postgres")}
    figures = {**kinds, **by_hop, **memory, "firms_per_second": rate, **more}
    return Measured(round=number, row=row, at="2026-11-23T08:00:00+00:00", figures=figures)


@pytest.fixture
def found() -> Results:
    rows = [
        measured("raw", 8000.0),
        measured("portolano", 2000.0),
        measured("typical", 80.0, more={"python_s": 15.0}),
        measured("portolano", 3000.0, number=2),
        measured("raw", 10_000.0, number=2),
    ]
    return Results(size=Size().described(), settings={"PostgreSQL: fsync": "on"}, measured=rows)


def test_ratios_stand_on_the_page_as_least_middle_and_most(found: Results) -> None:
    written = page.page(found)
    assert "| portolano ÷ raw | 2 | 0.25 / 0.28 / 0.30 | 1.00 / 1.00 / 1.00 |" in written
    assert "| portolano ÷ typical | 1 | 25.00 / 25.00 / 25.00 | 15.40 / 15.40 / 15.40 |" in written
    assert "| PostgreSQL: fsync | on |" in written


def test_what_was_not_measured_is_not_on_the_page(found: Results) -> None:
    written = page.page(found)
    for absent in ("## Latency", "## Mails", "the demo's mix", "mix ÷ raw"):
        assert absent not in written


def test_the_page_says_of_the_firms_what_the_results_say_and_not_what_the_bench_would_send_today(
    found: Results,
) -> None:
    found.size["told"] = {"portolano": "seven needs each", "mix": "firms of another day"}
    found.measured.append(measured("mix", 500.0))
    written = page.page(found)
    assert "`referral.requested`; seven needs each; the mail gateway is away" in written
    assert "- **portolano, the demo's mix**: the same, with firms of another day" in written
    assert "one need each" not in written


def test_latency_and_mails_have_tables_of_their_own(found: Results) -> None:
    latency = {f"{kind}_{name}_ms": 21.4 for kind in ("idle", "load") for name in ("p50", "p90", "p99", "max")}
    found.measured.append(measured("latency", 1.0, more=latency))
    found.measured.append(measured("mails", 1.0, more={"mails_per_second": 250.0, "mail_server_s": 1.5}))
    written = page.page(found)
    assert "| idle system, 200 firms one after another | 21 / 21 / 21 |" in written
    assert "| 250 / 250 / 250 | 0.600 | 0.150 | 1.500 | 0.300 | 0.100 |" in written


def test_the_quick_run_says_the_ratio_first(found: Results) -> None:
    assert page.quick(found).startswith("portolano ÷ raw = 0.25 / 0.28 / 0.30 ")


def test_the_picture_is_well_formed_and_shows_every_round(found: Results) -> None:
    drawn = xml.fromstring(plot.picture(found))
    assert len(drawn.findall("{http://www.w3.org/2000/svg}circle")) == 5
    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert [row for row in ("raw", "portolano", "typical", "mix") if row in texts] == ["raw", "portolano", "typical"]
    assert "15.40 →" in texts, "a bar that is cut says so"


def test_the_picture_takes_nothing_from_outside(found: Results) -> None:
    drawn = plot.picture(found)
    assert "href" not in drawn
    assert "<script" not in drawn


def test_the_page_in_docs_is_made_of_the_results_beside_it(tmp_path: Path) -> None:
    page.publish(results.read(DOCS / page.RESULTS), tmp_path)
    for name in (page.PAGE, page.PLOT, page.RESULTS):
        assert (DOCS / name).read_text(encoding="utf-8") == (tmp_path / name).read_text(encoding="utf-8")


def test_a_page_that_was_made_on_a_busy_machine_says_so_first(found: Results) -> None:
    assert "Not a quiet machine" not in page.page(found)
    found.measured.append(measured("raw", 1.0, number=3, more={"others_cores": 1.5}))
    found.measured.extend(measured("raw", 1.0, number=n, more={"others_cores": 1.6}) for n in range(4, 9))
    assert page.page(found).splitlines()[2].startswith("**Not a quiet machine: others used 0.2 / 1.5 / 1.6 cores")

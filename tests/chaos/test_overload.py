"""Too much of something: others wait a bounded time, nothing crashes, nothing is lost. The full size is
`tests.prove.overload`."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shared.agreement import load
from tests.chaos.disk import why_not
from tests.chaos.overload import GROWTH, QUOTA_WINDOW, SLOWED, TOLD, Shown, Sizes, overload


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shown() -> AsyncIterator[Shown]:
    """All troubles, one after the other, in one system."""
    if why := why_not():
        pytest.skip(why)
    root = Path(tempfile.mkdtemp(prefix="portolano-overload-"))
    result: Shown | None = None
    try:
        result = await overload(root, Sizes(), tell=print)
        yield result
    finally:
        if result is not None and not result.findings:
            shutil.rmtree(root, ignore_errors=True)


def test_a_partner_that_floods_is_held_to_its_quota_and_the_others_are_slowed_by_a_bounded_factor(
    shown: Shown,
) -> None:
    assert shown.throttled > 0
    assert shown.flooded <= load().quotas.producer_bytes_per_second * (shown.lasted("flood") + QUOTA_WINDOW)
    print(f"receipts after {shown.median('calm'):.3f} s, in the flood {shown.median('flood'):.3f} s (medians)")
    assert shown.median("flood") <= SLOWED * shown.median("calm")


def test_a_slow_database_slows_everything_and_fills_no_memory(shown: Shown) -> None:
    assert shown.median("slow") > shown.median("calm")
    assert max(shown.grown.values()) < GROWTH, {one: grown >> 20 for one, grown in shown.grown.items()}


def test_while_the_mail_server_hangs_partners_are_answered_as_before_and_mails_wait(shown: Shown) -> None:
    assert shown.pending > 0
    assert shown.median("mail") <= SLOWED * shown.median("calm")


@pytest.mark.parametrize("server", ["kafka", "postgres"])
def test_services_say_that_there_is_no_room_and_wait(shown: Shown, server: str) -> None:
    assert shown.alarms[server] & TOLD[server], shown.alarms


def test_after_all_of_it_no_process_has_ended_by_itself_and_nothing_is_lost_or_doubled(shown: Shown) -> None:
    assert shown.ended == {}
    assert [str(finding) for finding in shown.findings] == []

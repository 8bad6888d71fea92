"""The latest word on each consent holds, a revocation wins a tie, and the order of reports changes nothing."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.intake import consents
from services.intake.consents import Reports, Revoked
from shared.contracts.submitted import Grant

PARTNERS = ("aice", "cna", "regione")


def at(hour: int) -> datetime:
    return datetime(2026, 11, 1, hour, tzinfo=UTC)


def given_to(to: str, hour: int, expires_at: datetime | None = None) -> Grant:
    return Grant(to=to, purpose="referral", given_at=at(hour), expires_at=expires_at)


def report(reports: Reports, *events: Any) -> None:
    for n, event in enumerate(events):
        if isinstance(event, Grant):
            consents.grant(reports, [event], "cna", f"e-{n}")
        else:
            to, hour = event
            consents.revoke(reports, to, None, Revoked(at(hour), "cna", f"e-{n}"))


def holds(*events: Any) -> list[str]:
    reports: Reports = {}
    report(reports, *events)
    return [consent.to for consent in consents.in_force(reports, PARTNERS)]


def test_a_grant_holds_until_a_later_revocation_or_one_of_the_same_moment() -> None:
    assert holds(given_to("cna", 2)) == ["cna"]
    assert holds(given_to("cna", 2), ("cna", 1)) == ["cna"]
    assert holds(given_to("cna", 2), ("cna", 2)) == []
    assert holds(given_to("cna", 2), ("cna", 3), given_to("cna", 4)) == ["cna"]


def test_a_revocation_of_any_takes_back_every_grant_that_is_not_later() -> None:
    assert holds(given_to("cna", 1), given_to("any", 2), given_to("aice", 4), ("any", 3)) == ["aice"]


def test_a_revocation_for_one_partner_leaves_a_grant_to_any_standing_for_the_others() -> None:
    assert holds(given_to("any", 1), ("cna", 2)) == ["aice", "regione"]
    assert holds(given_to("any", 3), ("cna", 2)) == ["any"]
    assert holds(given_to("any", 1), ("cna", 2), given_to("cna", 3)) == ["aice", "cna", "regione"]


def test_no_report_of_grants_withdraws_nothing() -> None:
    reports: Reports = {}
    report(reports, given_to("cna", 1))
    consents.grant(reports, [], "aice", "e-9")
    assert len(consents.in_force(reports, PARTNERS)) == 1


_EVENTS = st.lists(
    st.builds(given_to, st.sampled_from(["any", "cna", "aice"]), st.integers(1, 4), st.sampled_from([None, at(20)]))
    | st.tuples(st.sampled_from(["any", "cna", "aice"]), st.integers(1, 4)),
    max_size=6,
)


@given(_EVENTS, st.randoms(use_true_random=False))
def test_the_order_of_reports_changes_nothing(events: list[Any], shuffled: Any) -> None:
    def told(order: list[int]) -> Any:
        reports: Reports = {}
        for n in order:
            event = events[n]
            if isinstance(event, Grant):
                consents.grant(reports, [event], "cna", f"e-{n}")
            else:
                consents.revoke(reports, event[0], None, Revoked(at(event[1]), "cna", f"e-{n}"))
        return reports, consents.in_force(reports, PARTNERS)

    order = list(range(len(events)))
    shuffled.shuffle(order)
    assert told(order) == told(sorted(order))

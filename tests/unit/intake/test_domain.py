"""What becomes of a firm's file: answers are relative to the partner, versions to what all say together."""

import uuid
from typing import Any

from services.intake.domain import Entered, enter, firm_id_of
from services.intake.files import File
from services.intake.kinship import Files
from shared.contracts.intake import FirmRegistered
from shared.contracts.rules import Problem
from shared.contracts.submissions import Understood
from shared.testing.builders import PARTNERS, revocation, submission, tax_code

KEY = b"k" * 32
EARLIER, NOW = "2026-11-01T08:00:00Z", "2026-11-02T08:00:00Z"


class Desk:
    """One firm's file, and what came of the records entered into it."""

    def __init__(self) -> None:
        self.file = File(firm_id_of(tax_code(), KEY))
        self._files = Files()
        self._files.add(self.file)
        self._registered: FirmRegistered | None = None

    def enter(self, partner: str, said: Understood) -> Entered:
        entered = enter(self._files, [self.file.firm_id], partner, said, sorted(PARTNERS))
        self._registered = next(iter(entered.registered), self._registered)
        return entered

    def state(self) -> FirmRegistered | None:
        """The state that was said since this was asked last."""
        told, self._registered = self._registered, None
        return told


def tell(desk: Desk, partner: str, firm: dict[str, Any] | None = None, **rest: Any) -> Any:
    return desk.enter(partner, submission(firm, **{"observed_at": NOW} | rest)).outcome


def test_a_firm_is_named_by_a_uuid_of_version_8_that_only_the_key_gives() -> None:
    name = uuid.UUID(firm_id_of(tax_code(), KEY))
    assert (name.version, name.variant) == (8, uuid.RFC_4122)
    assert firm_id_of(tax_code(), KEY) == str(name) != firm_id_of(tax_code(), b"j" * 32)
    assert firm_id_of(tax_code(2), KEY) != str(name)


def test_outcomes_are_relative_to_what_the_same_partner_said_before() -> None:
    desk = Desk()
    assert tell(desk, "cna") == "registered"
    assert tell(desk, "aice") == "registered"
    assert tell(desk, "cna", id="e-2") == "unchanged"
    assert tell(desk, "cna", {"artisan": True}, id="e-3") == "updated"
    assert tell(desk, "cna", {"artisan": False}, id="e-4", observed_at=EARLIER) == "unchanged"
    assert desk.file.asserted["cna"].assertion.firm.artisan is True


def test_a_partners_first_submission_gives_the_name_and_the_next_need_not() -> None:
    desk = Desk()
    problem = tell(desk, "cna", {"name": None}, consents=[{"to": "any", "purpose": "referral", "given_at": NOW}])
    assert isinstance(problem, Problem)
    assert (problem.rule, problem.pointer) == ("name-required", "/firm/name")
    assert desk.file == Desk().file
    tell(desk, "cna")
    assert tell(desk, "cna", {"name": None}, id="e-2") == "updated"


def test_a_version_is_said_only_when_what_all_say_together_has_changed() -> None:
    desk = Desk()
    tell(desk, "cna")
    first = desk.state()
    assert first is not None
    assert first.version == 1
    assert desk.state() is None
    tell(desk, "cna", id="e-2", observed_at="2026-11-03T08:00:00Z")
    assert desk.state() is None
    tell(desk, "cna", {"artisan": True}, id="e-3", observed_at="2026-11-03T08:00:00Z")
    second = desk.state()
    assert second is not None
    assert (second.version, second.profile.artisan) == (2, True)


def test_the_same_seen_in_another_year_is_said_again_because_exports_are_judged_by_the_year() -> None:
    desk = Desk()
    tell(desk, "cna", observed_at="2024-12-31T22:59:59Z")
    assert desk.state() is not None
    tell(desk, "cna", id="e-2", observed_at="2024-12-31T23:00:00Z")  # New Year in Rome
    assert desk.state() is not None


def test_only_the_publishers_own_word_verifies_a_membership_and_only_while_it_says_so() -> None:
    desk = Desk()
    tell(desk, "cna", {"declared_memberships": ["aice"]}, membership={"active": True, "since": "2019-05-01"})
    tell(desk, "aice", membership={"active": False})
    registered = desk.state()
    assert registered is not None
    assert [(member.partner, str(member.since)) for member in registered.memberships] == [("cna", "2019-05-01")]
    assert registered.not_members == ("aice",), "a body's no is its own word as well"
    tell(desk, "cna", id="e-2")
    after = desk.state()
    assert after is not None
    assert (after.memberships, after.not_members) == ((), ("aice",))
    tell(desk, "aice", id="e-3")
    last = desk.state()
    assert last is not None
    assert (last.version, last.not_members) == (after.version + 1, ())


def test_who_declares_a_need_is_said_with_the_firm_and_news_by_itself() -> None:
    desk = Desk()
    finance = {"front": "finance_and_insurance"}
    tell(desk, "cna", {"needs": [finance, {"front": "assistance", "market": "DE"}]})
    tell(desk, "aice")
    first = desk.state()
    assert first is not None
    assert [(one.key, one.by) for one in first.declarations] == [
        (("assistance", False, "DE"), ("cna",)),
        (("finance_and_insurance", False, None), ("cna",)),
    ]
    assert tell(desk, "aice", {"needs": [finance]}, id="e-2", observed_at="2026-11-01T09:00:00Z") == "unchanged"
    assert desk.state() is None
    tell(desk, "aice", {"needs": [finance]}, id="e-3")
    second = desk.state()
    assert second is not None
    assert (second.version, second.profile) == (first.version + 1, first.profile), "the profile is what it was"
    assert [one.by for one in second.declarations] == [("cna",), ("aice", "cna")]
    tell(desk, "cna", {"needs": []}, id="e-4")
    third = desk.state()
    assert third is not None
    assert [(one.key, one.by) for one in third.declarations] == [(("finance_and_insurance", False, None), ("aice",))]


def test_an_older_assertion_changes_nothing_but_the_consents_that_it_reports() -> None:
    desk = Desk()
    tell(desk, "cna")
    desk.state()
    consent = {"to": "aice", "purpose": "referral", "given_at": EARLIER}
    assert tell(desk, "cna", {"artisan": True}, id="e-2", observed_at=EARLIER, consents=[consent]) == "unchanged"
    registered = desk.state()
    assert registered is not None
    assert registered.profile.artisan is None
    assert [one.to for one in registered.consents] == ["aice"]
    assert [one.submission_id for one in registered.publishers] == ["e-1"]


def test_only_who_asserts_something_of_the_firm_may_revoke() -> None:
    desk = Desk()
    tell(desk, "cna", consents=[{"to": "any", "purpose": "referral", "given_at": EARLIER}])
    desk.state()
    problem = desk.enter("aice", revocation(id="r-1")).outcome
    assert isinstance(problem, Problem)
    assert problem.rule == "firm-unknown"
    assert desk.state() is None
    assert desk.enter("cna", revocation(id="r-2")).outcome == "revoked"
    after = desk.state()
    assert after is not None
    assert (after.version, after.consents) == (2, ())


def test_each_partners_reference_goes_with_its_own_name() -> None:
    desk = Desk()
    tell(desk, "cna", reference="crm-7")
    tell(desk, "aice", id="e-9")
    registered = desk.state()
    assert registered is not None
    assert [(one.partner, one.reference, one.submission_id) for one in registered.publishers] == [
        ("aice", None, "e-9"),
        ("cna", "crm-7", "e-1"),
    ]

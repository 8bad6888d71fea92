"""What becomes of a firm's file: answers are relative to the partner, versions to what all say together."""

import uuid
from typing import Any

from services.intake.domain import File, firm_id_of, register, revoke, submit
from shared.contracts.intake import FirmRegistered
from shared.contracts.rules import Problem
from shared.testing.builders import PARTNERS, revocation, submission, tax_code

KEY = b"k" * 32
EARLIER, NOW = "2026-11-01T08:00:00Z", "2026-11-02T08:00:00Z"


def new_file() -> File:
    return File(firm_id_of(tax_code(), KEY))


def tell(file: File, partner: str, firm: dict[str, Any] | None = None, **rest: Any) -> Any:
    return submit(file, partner, submission(firm, **{"observed_at": NOW} | rest))


def state(file: File) -> FirmRegistered | None:
    return register(file, sorted(PARTNERS))


def test_a_firm_is_named_by_a_uuid_of_version_8_that_only_the_key_gives() -> None:
    name = uuid.UUID(firm_id_of(tax_code(), KEY))
    assert (name.version, name.variant) == (8, uuid.RFC_4122)
    assert firm_id_of(tax_code(), KEY) == str(name) != firm_id_of(tax_code(), b"j" * 32)
    assert firm_id_of(tax_code(2), KEY) != str(name)


def test_outcomes_are_relative_to_what_the_same_partner_said_before() -> None:
    file = new_file()
    assert tell(file, "cna") == "registered"
    assert tell(file, "aice") == "registered"
    assert tell(file, "cna", id="e-2") == "unchanged"
    assert tell(file, "cna", {"artisan": True}, id="e-3") == "updated"
    assert tell(file, "cna", {"artisan": False}, id="e-4", observed_at=EARLIER) == "unchanged"
    assert file.asserted["cna"].assertion.firm.artisan is True


def test_a_partners_first_submission_gives_the_name_and_the_next_need_not() -> None:
    file = new_file()
    problem = tell(file, "cna", {"name": None}, consents=[{"to": "any", "purpose": "referral", "given_at": NOW}])
    assert isinstance(problem, Problem)
    assert (problem.rule, problem.pointer) == ("name-required", "/firm/name")
    assert file == new_file()
    tell(file, "cna")
    assert tell(file, "cna", {"name": None}, id="e-2") == "updated"


def test_a_version_is_said_only_when_what_all_say_together_has_changed() -> None:
    file = new_file()
    tell(file, "cna")
    first = state(file)
    assert first is not None
    assert first.version == 1
    assert state(file) is None
    tell(file, "cna", id="e-2", observed_at="2026-11-03T08:00:00Z")
    assert state(file) is None
    tell(file, "cna", {"artisan": True}, id="e-3", observed_at="2026-11-03T08:00:00Z")
    second = state(file)
    assert second is not None
    assert (second.version, second.profile.artisan) == (2, True)


def test_the_same_seen_in_another_year_is_said_again_because_exports_are_judged_by_the_year() -> None:
    file = new_file()
    tell(file, "cna", observed_at="2024-12-31T22:59:59Z")
    assert state(file) is not None
    tell(file, "cna", id="e-2", observed_at="2024-12-31T23:00:00Z")  # New Year in Rome
    assert state(file) is not None


def test_only_the_publishers_own_word_verifies_a_membership_and_only_while_it_says_so() -> None:
    file = new_file()
    tell(file, "cna", {"declared_memberships": ["aice"]}, membership={"active": True, "since": "2019-05-01"})
    tell(file, "aice", membership={"active": False})
    registered = state(file)
    assert registered is not None
    assert [(member.partner, str(member.since)) for member in registered.memberships] == [("cna", "2019-05-01")]
    tell(file, "cna", id="e-2")
    after = state(file)
    assert after is not None
    assert after.memberships == ()


def test_an_older_assertion_changes_nothing_but_the_consents_that_it_reports() -> None:
    file = new_file()
    tell(file, "cna")
    state(file)
    consent = {"to": "aice", "purpose": "referral", "given_at": EARLIER}
    assert tell(file, "cna", {"artisan": True}, id="e-2", observed_at=EARLIER, consents=[consent]) == "unchanged"
    registered = state(file)
    assert registered is not None
    assert registered.profile.artisan is None
    assert [one.to for one in registered.consents] == ["aice"]
    assert [one.submission_id for one in registered.publishers] == ["e-1"]


def test_only_who_asserts_something_of_the_firm_may_revoke() -> None:
    file = new_file()
    tell(file, "cna", consents=[{"to": "any", "purpose": "referral", "given_at": EARLIER}])
    state(file)
    problem = revoke(file, "aice", revocation(id="r-1"))
    assert isinstance(problem, Problem)
    assert problem.rule == "firm-unknown"
    assert state(file) is None
    assert revoke(file, "cna", revocation(id="r-2")) == "revoked"
    after = state(file)
    assert after is not None
    assert (after.version, after.consents) == (2, ())


def test_each_partners_reference_goes_with_its_own_name() -> None:
    file = new_file()
    tell(file, "cna", reference="crm-7")
    tell(file, "aice", id="e-9")
    registered = state(file)
    assert registered is not None
    assert [(one.partner, one.reference, one.submission_id) for one in registered.publishers] == [
        ("aice", None, "e-9"),
        ("cna", "crm-7", "e-1"),
    ]

"""Successions and erasures: what the successor's state is, who may say so, what is gone and what may come again."""

from datetime import datetime
from typing import Any

import pytest

from services.intake.domain import Entered, enter, firm_id_of
from services.intake.files import File
from services.intake.kinship import Files
from shared.contracts.rules import Problem
from shared.contracts.submissions import Succession, Understood
from shared.testing.builders import PARTNERS, erasure, revocation, submission, succession, tax_code

KEY = b"k" * 32
OLD, NEW, THIRD = (tax_code(n) for n in (1, 2, 3))
EARLY, NOON, LATE = (f"2026-11-{day:02}T08:00:00Z" for day in (1, 2, 3))
CONSENT = {"to": "any", "purpose": "referral", "given_at": EARLY}


def name(code: str) -> str:
    return firm_id_of(code, KEY)


class Desk:
    def __init__(self) -> None:
        self.files = Files()
        for code in (OLD, NEW, THIRD):
            self.files.add(File(name(code)))
        self.last: dict[str, Any] = {}

    def enter(self, partner: str, said: Understood) -> Entered:
        named = [name(said.codice_fiscale), *([name(said.successor)] if isinstance(said, Succession) else [])]
        entered = enter(self.files, named, partner, said, sorted(PARTNERS))
        self.last |= {event.firm_id: event for event in entered.registered}
        return entered

    def tell(self, partner: str, code: str = OLD, at: str = EARLY, *, id: str = "e-1", **firm: Any) -> Entered:
        known = {"codice_fiscale": code} | firm
        return self.enter(partner, submission(known, observed_at=at, id=id, membership={"active": True}))


def rule(entered: Entered) -> str:
    assert isinstance(entered.outcome, Problem), entered
    return entered.outcome.rule


def test_a_corrected_code_takes_over_everything_that_was_said_under_the_wrong_one() -> None:
    desk = Desk()
    desk.tell("cna", artisan=True)
    desk.tell("aice", NEW, rea="BG-1")
    entered = desk.enter("cna", succession(NEW, at=NOON))
    assert (entered.outcome, [event.successor_id for event in entered.succeeded]) == ("succeeded", [name(NEW)])
    state = desk.last[name(NEW)]
    assert (state.profile.codice_fiscale, state.profile.artisan, state.profile.rea) == (NEW, True, "BG-1")
    assert [one.partner for one in state.memberships] == ["aice", "cna"]


@pytest.mark.parametrize("kind", ["merger", "transfer"])
def test_what_was_said_of_a_merged_firm_stands_in_until_somebody_speaks_of_the_successor_itself(kind: str) -> None:
    desk = Desk()
    desk.enter("cna", submission({"artisan": True}, observed_at=EARLY, consents=[CONSENT]))
    desk.enter("cna", succession(NEW, kind=kind, at=NOON))
    state = desk.last[name(NEW)]
    assert (state.profile.codice_fiscale, state.profile.artisan, state.memberships) == (NEW, True, ())
    desk.tell("aice", NEW, rea="BG-1")
    state = desk.last[name(NEW)]
    assert (state.profile.artisan, state.profile.rea, len(state.consents)) == (None, "BG-1", 1)


def test_a_submission_under_an_old_code_counts_and_is_told_so_without_naming_the_new_one() -> None:
    desk = Desk()
    desk.tell("cna")
    desk.enter("cna", succession(NEW, at=NOON))
    entered = desk.tell("cna", at=LATE, id="e-9", artisan=True)
    [warning] = entered.warnings
    assert (entered.outcome, warning.rule, warning.pointer) == ("updated", "firm-succeeded", "/firm/codice_fiscale")
    assert NEW not in warning.message
    assert [event.firm_id for event in entered.registered] == [name(NEW)]


def test_a_correction_that_is_corrected_back_leaves_the_first_code_standing() -> None:
    desk = Desk()
    desk.tell("cna")
    desk.tell("cna", NEW)
    desk.enter("cna", succession(NEW, at=EARLY))
    entered = desk.enter("cna", succession(OLD, codice_fiscale=NEW, at=NOON))
    assert [(event.firm_id, event.successor_id) for event in entered.succeeded] == [(name(NEW), name(OLD))]
    assert [event.firm_id for event in entered.registered] == [name(OLD)]


def test_the_later_word_on_the_successor_holds_and_a_chain_is_followed_to_its_end() -> None:
    desk = Desk()
    desk.tell("cna")
    desk.tell("cna", NEW)
    desk.enter("cna", succession(NEW, at=NOON))
    assert desk.enter("cna", succession(THIRD, at=EARLY)).succeeded == ()
    desk.enter("cna", succession(THIRD, codice_fiscale=NEW, at=LATE))
    assert desk.last[name(THIRD)].profile.codice_fiscale == THIRD


def test_only_who_submitted_the_firm_may_tell_its_succession_or_ask_for_erasure() -> None:
    desk = Desk()
    desk.tell("cna")
    assert rule(desk.enter("aice", succession(NEW))) == "firm-unknown"
    assert rule(desk.enter("aice", erasure())) == "firm-unknown"


def test_an_erasure_forgets_what_is_not_newer_and_says_so_once() -> None:
    desk = Desk()
    desk.enter("cna", submission(observed_at=EARLY, consents=[CONSENT]))
    desk.tell("aice", at=LATE)
    entered = desk.enter("cna", erasure(NOON))
    assert entered.outcome == "erasure_accepted"
    assert [(event.version, event.requested_by) for event in entered.erased] == [(2, "cna")]
    assert [(event.version, [one.partner for one in event.publishers]) for event in entered.registered] == [
        (3, ["aice"])
    ]
    assert desk.last[name(OLD)].consents == ()
    again = desk.enter("cna", erasure(NOON, id="e-7"))
    assert (again.outcome, again.erased) == ("unchanged", ()), "aice has told of the firm since"


def test_every_erasure_that_is_accepted_is_passed_on_to_whoever_asked_for_it() -> None:
    desk = Desk()
    for partner in ("cna", "aice"):
        desk.tell(partner, at=EARLY)
    for partner, asked in (("cna", LATE), ("aice", LATE), ("cna", NOON)):
        entered = desk.enter(partner, erasure(asked, id=f"e-{asked}"))
        assert entered.outcome == "erasure_accepted"
        (passed_on,) = entered.erased
        assert (passed_on.requested_by, passed_on.submission_id, passed_on.version) == (partner, f"e-{asked}", 2)
        assert passed_on.requested_at == datetime.fromisoformat(asked)
        assert entered.registered == ()


def test_what_is_older_than_the_mark_is_refused_unless_it_reports_a_newer_consent() -> None:
    desk = Desk()
    desk.tell("cna")
    desk.enter("cna", erasure(NOON))
    assert rule(desk.tell("cna", at=NOON, id="e-2")) == "firm-erased"
    newer = submission(observed_at=NOON, consents=[CONSENT | {"given_at": LATE}], id="e-3")
    assert desk.enter("cna", newer).outcome == "unchanged"
    assert desk.enter("cna", revocation(revoked_at=EARLY, id="e-4")).outcome == "revoked"
    assert desk.tell("cna", at=LATE, id="e-5").outcome == "registered"
    assert [one.to for one in desk.last[name(OLD)].consents] == ["any"]


def test_an_erasure_reaches_the_codes_that_the_firm_had_and_what_was_known_by_them_alone() -> None:
    desk = Desk()
    desk.tell("cna")
    desk.enter("cna", succession(NEW, kind="merger", at=NOON))
    entered = desk.enter("cna", erasure(LATE))
    assert {event.firm_id for event in entered.erased} == {name(OLD), name(NEW)}
    assert not any(file.asserted or file.sources for file in desk.files.by_firm.values())


def test_each_leaf_keeps_who_said_it_and_when() -> None:
    desk = Desk()
    desk.tell("cna", exports={"years": [{"year": 2024, "eur": 1}], "mode": "direct"}, needs=[{"front": "information"}])
    desk.tell("aice", at=NOON, id="a-1", presence_abroad=[{"country": "DE", "kind": "office"}], name=None)
    desk.tell("aice", at=NOON, id="a-2", presence_abroad=[{"country": "DE", "kind": "office"}])
    sources = {one.partner: one for one in desk.files.by_firm[name(OLD)].sources}
    assert sources["cna"].leaves == ("/exports/mode", "/exports/years/2024", "/needs/information/export")
    assert sources["aice"].leaves == ("/name", "/office", "/presence_abroad/DE/office")
    assert (sources["aice"].submission_id, f"{sources['aice'].observed_at:%d}") == ("a-2", "02")

"""What is wrong is told whole; what can be taken is taken; what is not known stays unknown."""

import json
from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from stdnum.it.codicefiscale import calc_check_digit

from shared.contracts.inbound import _members, _required
from shared.contracts.rules import MOST_TOLD, RULES, Problem
from shared.contracts.submissions import DATA, Refusal, Revocation, Submission
from shared.contracts.submitted import ERASURE_REQUESTED, REVOKED, SUCCEEDED
from shared.feeds.records import LIMIT
from shared.testing.builders import erasure, read, revoked, submission, submitted, succession, tax_code

OMOCODIA = "RCCMNL83S18D96V" + calc_check_digit("RCCMNL83S18D96V")
LATER = "2026-11-23T09:10:01Z"


def places(problems: tuple[Problem, ...]) -> set[tuple[str, str]]:
    return {(problem.rule, problem.pointer) for problem in problems}


def refused(data: Any, kind: str | None = None) -> set[tuple[str, str]]:
    found = read(data, kind) if kind else read(data)
    assert isinstance(found, Refusal), found
    return places(found.problems)


def warned(firm: dict[str, Any], **data: Any) -> set[tuple[str, str]]:
    return places(submission(firm, **data).warnings)


def test_all_problems_are_told_at_once() -> None:
    firm = {
        "codice_fiscale": "00743110158",
        "office": {"province": "TO"},
        "exports": {"years": [{"year": 2025}, {"year": 2025, "markets": ["IT"]}]},
        "size": {"year": 2025, "autonomous": True, "holdings": [{"kind": "linked"}]},
        "needs": [{"front": "information", "declared_at": LATER}],
        "local_units": [{"province": "TO"}] * 65,
    }
    assert refused(submitted(firm, observed_at="2026-11-23")) == {
        ("codice-fiscale-invalid", "/firm/codice_fiscale"),
        ("outside-lombardy", "/firm/office"),
        ("year-repeated", "/firm/exports/years"),
        ("country-is-italy", "/firm/exports/years/1/markets/0"),
        ("autonomous-with-holdings", "/firm/size/autonomous"),
        ("time-in-future", "/firm/needs/0/declared_at"),
        ("too-many-items", "/firm/local_units"),
        ("wrong-value", "/observed_at"),
    }


@pytest.mark.parametrize("firm", [{}, {"firm": None}, {"firm": None, "observed_at": None}])
def test_null_is_absent(firm: dict[str, Any]) -> None:
    assert refused(firm) == {("missing", "/firm"), ("missing", "/observed_at")}


def test_ten_minutes_ahead_of_the_broker_is_allowed_and_a_second_more_is_not() -> None:
    submission(observed_at="2026-11-23T10:10:00+01:00")
    assert refused(submitted(observed_at=LATER)) == {("time-in-future", "/observed_at")}
    consent = {"to": "cna", "purpose": "referral", "given_at": LATER}
    assert refused(submitted(consents=[consent])) == {("time-in-future", "/consents/0/given_at")}
    submission(consents=[consent | {"given_at": "2026-11-23T09:00:00Z", "expires_at": "2030-01-01T00:00:00Z"}])


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        (tax_code(), tax_code()),
        ("IT 00743110157", "00743110157"),
        ("RCCMNL83S18D969H", "RCCMNL83S18D969H"),
        ("rccmnl83s18d969h", "RCCMNL83S18D969H"),
        (OMOCODIA, OMOCODIA),
    ],
)
def test_a_codice_fiscale_is_kept_in_one_form(code: str, kept: str) -> None:
    assert submission({"codice_fiscale": code}).codice_fiscale == kept


@pytest.mark.parametrize("code", ["00743110158", "RCCMNL83S18D969X", "12345", "", "0" * 11, "٠٠٧٤٣١١٠١٥٧", 743110157])
def test_a_wrong_codice_fiscale_refuses(code: object) -> None:
    [(_, pointer)] = refused(submitted({"codice_fiscale": code}))
    assert pointer == "/firm/codice_fiscale"


@pytest.mark.parametrize("day", ["2026-W01-1", "20260101", "2026-1-1", "2026-02-30", " 2026-01-1"])
def test_a_day_has_one_form(day: str) -> None:
    assert warned({"started_on": day}) == {("wrong-value", "/firm/started_on")}


def test_an_unknown_office_code_only_warns() -> None:
    assert warned({"codice_fiscale": "00000015552"}) == {("codice-fiscale-office-unknown", "/firm/codice_fiscale")}


def test_an_invalid_optional_member_is_left_out_alone() -> None:
    found = submission(
        {
            "size": {"year": 2025, "staff": "many", "turnover_eur": 5, "balance_sheet_eur": {"min": 9, "max": 3}},
            "exports": {"years": [{"year": 2025, "share": 1.5, "eur": 7}, {"year": "last"}], "mode": "sometimes"},
            "contacts": {"email": "a@b.it\nBcc: c@d.it", "language": "it"},
        }
    )
    assert places(found.warnings) == {
        ("wrong-type", "/firm/size/staff"),
        ("range-reversed", "/firm/size/balance_sheet_eur"),
        ("wrong-value", "/firm/exports/years/0/share"),
        ("wrong-type", "/firm/exports/years/1/year"),
        ("wrong-value", "/firm/exports/mode"),
        ("wrong-value", "/firm/contacts/email"),
    }
    firm = found.assertion.firm
    assert firm.size is not None
    assert (firm.size.staff, firm.size.turnover_eur, firm.size.balance_sheet_eur) == (None, 5, None)
    assert firm.exports is not None
    assert firm.exports.years is not None
    assert [(year.year, year.share, year.eur) for year in firm.exports.years] == [(2025, None, 7)]
    assert firm.contacts is not None
    assert firm.contacts.email is None


def test_a_list_that_would_say_something_else_without_an_item_is_left_out_whole() -> None:
    firm = submission(
        {
            "presence_abroad": [{"country": "DE", "kind": "embassy"}],
            "exports": {"years": [{"year": 2025, "share": 0.2, "markets": ["FR", "QQ"]}]},
            "size": {"year": 2025, "staff": 3, "holdings": [{"kind": "aunt"}]},
        }
    ).assertion.firm
    assert firm.presence_abroad is None
    assert firm.exports is not None
    assert firm.exports.years is not None
    assert firm.exports.years[0].markets is None
    assert firm.size is None


def test_a_list_of_which_nothing_is_left_is_not_an_empty_list() -> None:
    assert submission({"needs": [{"front": "catering"}]}).assertion.firm.needs is None
    assert submission({"needs": []}).assertion.firm.needs == ()


def test_places_are_told_as_they_were_sent_whatever_was_left_out_before() -> None:
    needs = [{"front": "catering"}, {"front": "information"}, {"front": "assistance", "market": "IT"}]
    assert refused(submitted({"needs": needs})) == {("country-is-italy", "/firm/needs/2/market")}


def test_unknown_members_are_named_and_dropped() -> None:
    firm = {"fax": "1", "size": {"year": 2025, "robots": 4}}
    assert warned(firm, campaign="spring") == {
        ("unknown-member", "/firm/fax"),
        ("unknown-member", "/firm/size/robots"),
        ("unknown-member", "/campaign"),
    }


def test_the_european_codes_of_greece_and_britain_are_corrected_and_kosovo_is_taken() -> None:
    found = submission({"intents": {"markets": ["EL", "UK", "XK"]}})
    assert found.assertion.firm.intents is not None
    assert found.assertion.firm.intents.markets == ("GR", "GB", "XK")
    assert places(found.warnings) == {
        ("country-corrected", "/firm/intents/markets/0"),
        ("country-corrected", "/firm/intents/markets/1"),
    }


def test_a_code_of_another_edition_does_not_resolve() -> None:
    ateco = [{"code": "620100", "edition": "2007"}, {"code": "62.01", "edition": "2025"}, {"code": "NC"}]
    found = submission({"ateco": ateco})
    assert found.assertion.firm.ateco is not None
    assert [activity.code for activity in found.assertion.firm.ateco] == ["62.01.00"]
    assert places(found.warnings) == {("ateco-unresolved", "/firm/ateco/1"), ("ateco-unresolved", "/firm/ateco/2/code")}


def test_a_unit_in_lombardy_is_enough_and_unknown_places_refuse_nobody() -> None:
    submission({"office": {"province": "TO"}, "local_units": [{"province": "mi"}]})
    submission({"office": None})
    assert refused(submitted({"office": {"province": "TO"}})) == {("outside-lombardy", "/firm/office")}


def test_ranges_and_numbers_are_kept_as_they_came() -> None:
    size = {"year": 2025, "staff": {"min": 10, "max": 19.5}, "turnover_eur": 2.0, "balance_sheet_eur": {"min": None}}
    kept = submission({"size": size}).assertion.firm.size
    assert kept is not None
    assert (kept.turnover_eur, kept.balance_sheet_eur) == (2, None)
    assert repr(kept.turnover_eur) == "2"


def test_a_name_is_one_line() -> None:
    assert submission({"name": " Rossi\n  S.r.l. "}).assertion.firm.name == "Rossi S.r.l."
    assert warned({"name": "a\u0007b"}) == {("wrong-value", "/firm/name")}


def test_a_type_that_is_not_read_here_is_told_with_those_that_are() -> None:
    found = read(submitted(), "it.portolano.firm.praised.v1")
    assert isinstance(found, Refusal)
    assert places(found.problems) == {("type-unknown", "")}
    assert all(kind in found.problems[0].message for kind in DATA)


@pytest.mark.parametrize("kind", sorted(DATA))
def test_what_a_type_requires_is_asked_for_by_its_own_pointer(kind: str) -> None:
    required = {name for name, field in DATA[kind].model_fields.items() if field.is_required()}
    assert refused({}, kind) == {("missing", f"/{name}") for name in required}


def test_a_succession_names_another_code_and_why() -> None:
    assert succession(tax_code(2), kind="merger").successor == tax_code(2)
    data = {"codice_fiscale": tax_code(), "successor": tax_code(), "kind": "merger", "at": "2026-11-23T08:00:00Z"}
    assert refused(data, SUCCEEDED) == {("wrong-value", "/successor")}
    assert refused(data | {"kind": "marriage", "at": LATER, "successor": "1"}, SUCCEEDED) == {
        ("codice-fiscale-invalid", "/successor"),
        ("wrong-value", "/kind"),
        ("time-in-future", "/at"),
    }


def test_a_request_for_erasure_is_taken_as_it_is_or_not_at_all() -> None:
    assert erasure("2026-11-23T08:00:00Z").codice_fiscale == tax_code()
    assert refused({"codice_fiscale": tax_code(), "requested_at": LATER}, ERASURE_REQUESTED) == {
        ("time-in-future", "/requested_at")
    }


def test_messages_lean_on_their_pointers_and_do_not_repeat_the_members_name() -> None:
    found = read(submitted({"codice_fiscale": "1", "name": "x" * 301}, observed_at=5))
    assert isinstance(found, Refusal)
    told = {problem.pointer: problem.message for problem in found.problems}
    assert told["/firm/codice_fiscale"].startswith("it has 1 characters")
    assert told["/observed_at"] == "a date-time of RFC 3339 with its offset is wanted, as text"
    [warning] = submission({"name": "x" * 301}).warnings
    assert warning.message == "at most 300 characters are wanted; /firm/name was left out"


def test_a_revocation_is_taken_as_it_is_or_not_at_all() -> None:
    assert isinstance(read(revoked("cna", purpose="referral"), REVOKED), Revocation)
    assert refused(revoked("nobody", purpose="marketing", revoked_at=LATER), REVOKED) == {
        ("partner-unknown", "/to"),
        ("wrong-value", "/purpose"),
        ("time-in-future", "/revoked_at"),
    }


@pytest.mark.parametrize(
    "data",
    [
        submitted({"ateco": [{f"unknown {k}": 1 for k in range(200)}] * 60}),
        submitted({f"{k} " + "\x04" * 240: 1 for k in range(150)} | {f"u{k}": 1 for k in range(3000)}),
        {"too": ["1e999"] * 20_000},
    ],
    ids=["warnings", "long pointers", "problems"],
)
def test_an_answer_lists_so_much_as_fits_into_it_and_says_that_there_is_more(data: Any) -> None:
    read_back = read(json.dumps(data).replace('"1e999"', "1e999").encode())
    told = read_back.problems if isinstance(read_back, Refusal) else read_back.warnings
    assert len(told) == MOST_TOLD + 1
    assert told[-1].rule == "more-problems"
    assert len(msgspec.json.encode(told)) < LIMIT - 64 * 1024


def test_a_broken_envelope_does_not_hide_what_is_wrong_with_the_data() -> None:
    found = read(submitted({"codice_fiscale": "1"}), id="")
    assert isinstance(found, Refusal)
    assert places(found.problems) == {("id-invalid", ""), ("codice-fiscale-invalid", "/firm/codice_fiscale")}


RICH = submitted(
    {
        "ateco": [{"code": "62.10", "edition": "2025", "main": True}],
        "local_units": [{"province": "MI", "comune": "Milano"}],
        "size": {
            "year": 2025,
            "staff": {"min": 1, "max": 9},
            "previous": {"year": 2024},
            "holdings": [{"kind": "linked"}],
        },
        "exports": {
            "years": [{"year": 2025, "share": 0.1, "eur": 7, "markets": ["FR"]}],
            "mode": "direct",
            "since": 2001,
        },
        "presence_abroad": [{"country": "DE", "kind": "stake", "share": 0.2}],
        "needs": [{"front": "assistance", "market": "UK", "import": True, "declared_at": "2026-11-01T08:00:00Z"}],
        "contacts": {"pec": "a@b.it", "phone": "+39 02 1"},
        "started_on": "2001-02-03",
        "declared_memberships": ["cna"],
    },
    membership={"active": True, "since": "2019-01-01"},
    consents=[{"to": "any", "purpose": "referral", "given_at": "2026-11-01T08:00:00Z"}],
)


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every place in the document: what holds it, and under which name or number."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, part in inner for found in [(value, key), *spots(part)]]


_ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 1e18, "", "IT", "\u00a0", [], {}, [[]], [None], {"min": 2, "max": 1}, {"x": {}}, [{}] * 65]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), _ODD), min_size=1, max_size=4), st.sampled_from(sorted(DATA)))
def test_whatever_stands_wherever_the_door_answers_by_published_rules(odd: list[tuple[int, Any]], kind: str) -> None:
    data = deepcopy(RICH)
    for n, value in odd:
        places_in_it = spots(data)
        holder, key = places_in_it[n % len(places_in_it)]
        holder[key] = deepcopy(value)
        if not spots(data):
            break
    found = read(data, kind)
    problems = found.problems if isinstance(found, Refusal) else found.warnings
    assert {problem.rule for problem in problems} <= RULES.keys()
    assert isinstance(found, Refusal) <= bool(problems)


def models(model: type[BaseModel]) -> set[type[BaseModel]]:
    parts = [part for part in _members(model).values() if part is not None]
    return {model}.union(*(models(part) for part in parts))


@pytest.mark.parametrize("model", DATA.values())
def test_a_name_that_is_required_somewhere_is_optional_nowhere(model: type[BaseModel]) -> None:
    # Leaving out the smallest optional thing goes by names alone.
    for part in models(model):
        optional = {field.alias or name for name, field in part.model_fields.items() if not field.is_required()}
        assert not optional & _required(model), part


def test_what_is_read_is_a_value_that_says_the_same_again() -> None:
    assert isinstance(read(submitted()), Submission)
    assert submission().assertion == submission(id="e-2").assertion

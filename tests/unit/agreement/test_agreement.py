"""The agreement is whole or refused: what is wrong is said with file, line and rule."""

from datetime import date
from pathlib import Path

import pytest

from shared.agreement import CURRENT, load
from shared.errors import Trouble

TEXT = CURRENT.read_text(encoding="utf-8")


def test_the_agreement_of_2017_has_twelve_signatories_five_fronts_and_four_segments() -> None:
    agreement = load()
    assert (len(agreement.partners), len(agreement.fronts), len(agreement.segments)) == (12, 5, 4)
    assert [front.number for front in agreement.fronts] == [1, 2, 3, 4, 5]
    assert agreement.front("finance_and_insurance").owner == "sacesimest"
    assert (agreement.imports.owner, agreement.fallback) == ("aice", "unioncamere")


def test_it_was_signed_for_three_years_and_holds_today_by_an_assumption_that_says_so() -> None:
    signed, *assumed = load().term.periods
    assert (signed.basis, signed.last) == ("signed", date(2020, 6, 6))
    assert assumed
    assert {period.basis for period in assumed} == {"assumed"}


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        (date(2017, 6, 6), False),
        (date(2017, 6, 7), True),
        (date(2020, 6, 7), True),
        (date(2029, 6, 6), True),
        (date(2029, 6, 7), False),
    ],
)
def test_both_ends_belong_to_the_term(day: date, holds: bool) -> None:
    assert load().in_force(day) is holds


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("fallback: unioncamere", "fallback: nobody", "fallback: 'nobody' is not one of the signatories: regione, "),
        ("owner: aice", "owner: aicee", "imports.owner: 'aicee' is not one of the signatories: regione, "),
        ("owner: sacesimest", "owner: cna", "fronts[4].owner: 'cna' owns this front but does not serve it"),
        (
            "fronts: [finance_and_insurance]",
            "fronts: [finance]",
            "signatories[11].fronts[0]: 'finance' is not one of the fronts: institutional_support, ",
        ),
        ("code: cna", "code: claai", "signatories[7].code: 'claai' is given twice"),
        ("code: cna", "code: c.na", "signatories[6].code: a partner's code is 2 to 32 lower-case letters and digits"),
        ("code: cna", "code: intake", "signatories[6].code: a partner's code is 2 to 32 lower-case letters and digits"),
        ("    internal: 7", "    internal: seven", "topics.keep_days.internal: Input should be a valid integer"),
        ("    internal: 7", "    interna: 7", "topics.keep_days.internal: has to be given (and 1 more)"),
        ("    internal: 7", "    internal: 7\n    x: 1", "topics.keep_days.x: no such member; correct its name or"),
        ("fallback: unioncamere", "fallback: cna\nfallback: aice", "fallback: given twice; leave one of them"),
        ("from: 2020-06-07", "from: 2020-06-06", "term.periods[1]: periods run forward; none begins before the last"),
        ("term:\n", "term: [\n", "not YAML: "),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_its_place(before: str, after: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yml"
    assert before in TEXT
    file.write_text(TEXT.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(Trouble) as refused:
        load(file)
    message = str(refused.value)
    assert message.startswith(f"{file}, line ")
    assert said in message
    assert "\n" not in message


def test_the_line_is_that_of_the_wrong_value(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yml"
    file.write_text(TEXT.replace("fallback: unioncamere", "fallback: nobody"), encoding="utf-8")
    line = TEXT.splitlines().index("fallback: unioncamere") + 1
    with pytest.raises(Trouble, match=rf", line {line}: fallback: "):
        load(file)


@pytest.mark.parametrize(
    "content", ["", "- a list\n", "version: 2020-02-31\n", "? [a]\n: 1\n", "&a [*a]\n", "a: \x07\n"]
)
def test_a_file_that_is_no_agreement_is_refused_in_one_line(content: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(Trouble) as refused:
        load(file)
    assert str(refused.value).startswith(str(file))
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(Trouble, match=r"^/nowhere\.yml: cannot read the agreement: No such file or directory$"):
        load(Path("/nowhere.yml"))

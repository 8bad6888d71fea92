"""The agreement is whole or refused: what is wrong is said with file, line and rule, all at once."""

from pathlib import Path

import pytest

from shared.agreement import CURRENT, PLACE, load
from shared.errors import Trouble

TEXT = CURRENT.read_text(encoding="utf-8")
SERVICES = (PLACE / "services.yml").read_text(encoding="utf-8")


def refused(directory: Path, text: str = TEXT, services: str | None = None) -> list[str]:
    """The lines with which this agreement is refused, without the directory."""
    file = directory / "wrong.yml"
    file.write_text(text, encoding="utf-8")
    if services is not None:
        (directory / "services.yml").write_text(services, encoding="utf-8")
    with pytest.raises(Trouble) as told:
        load(file)
    return str(told.value).replace(f"{directory}/", "").splitlines()


def changed(before: str, after: str, text: str = TEXT) -> str:
    assert before in text
    return text.replace(before, after, 1)


def line_of(part: str, text: str = TEXT) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("fallback: unioncamere", "fallback: nobody", "fallback: 'nobody' is not one of the signatories: regione, "),
        ("owner: aice", "owner: aicee", "imports.owner: 'aicee' is not one of the signatories: regione, "),
        ("owner: aice", "owner: claai", "imports.owner: 'claai' does not serve 'assistance'"),
        ("executor: assocamerestero", "executor: claai", "in_market.executor: 'claai' does not serve 'assistance'"),
        ("owner: sacesimest", "owner: cna", "fronts[4].owner: 'cna' does not serve 'finance_and_insurance'"),
        (
            "fronts: [assistance, finance_and_insurance, information]",
            "fronts: [assistance, finance]",
            "segments[2].fronts[1]: 'finance' is not one of the fronts: institutional_support, ",
        ),
        ("nested_in: confcommercio", "nested_in: nobody", "signatories[9].nested_in: 'nobody' is not one of the sig"),
        ("nested_in: confcommercio", "nested_in: aice", "signatories[9].nested_in: a body is nested once, in another"),
        ("sectors: [wholesale]", "sectors: [whole]", "signatories[9].takes.sectors[0]: 'whole' is not one of the sect"),
        ("provinces: [MB, MI]", "provinces: [MB, TO]", "signatories[7].takes.provinces[1]: Input should be 'BG', 'BS'"),
        ("provinces: [MB, MI]", "provinces: [MB, MB]", "signatories[7].takes.provinces[1]: 'MB' is given twice"),
        ('divisions: ["46-47"] }', 'divisions: ["45-47"] }', "sectors[2].editions[1]: the edition of 2025 has no div"),
        ('"10-33", "35-39"', '"10-33", "33"', "sectors[0].editions[0]: division 33 is given twice"),
        ('"10-33", "35-39"', '"33-10"', "sectors[0].editions[0]: '33-10' runs backwards"),
        ('"10-33", "35-39"', "10, 11", "sectors[0].editions[0].divisions[1]: Input should be a valid string"),
        ("[AE, BR,", "[AE, XX,", "strategic_markets[0].markets[1]: 'XX' is no foreign market"),
        ("[AE, BR,", "[AE, IT,", "strategic_markets[0].markets[1]: 'IT' is no foreign market"),
        ("order: [consent, owner_of_front", "order: [owner_of_front, consent", "routing: consent is always asked, and"),
        ("eligibility, tie,", "eligibility, eligibility, tie,", "routing: a rule stands in the order twice"),
        ("eligibility, tie,", "tie,", "routing: a tie is between those that eligibility leaves"),
        ("remind: 3, escalate: 5", "remind: 5, escalate: 3", "deadlines.accept: first the reminder, then"),
        ("shares: [0.10, 0.25,", "shares: [0.25, 0.10,", "criteria.thresholds: shares and markets ascend"),
        ("shares: [0.10,", "shares: [10,", "criteria.thresholds.shares[0]: Input should be less than or equal to 1"),
        ("staff_below: 50,", "staff_below: 500,", "criteria.sme: staff_below ascends from micro to medium"),
        ('until: "08-23"', 'until: "08-01"', "calendar.pause: the pause ends before it begins"),
        ('until: "08-23"', 'until: "08-32"', "calendar.pause: '08-32' is no day of every year"),
        ("province: MI", "province: RM", "calendar.province: Input should be 'BG', "),
        ("hold: [waiting_firm,", "hold: [waiting_call,", "codes.hold: 'waiting_call' is given twice"),
        (
            "members: false\n    fronts: [finance",
            "members: false\n    takes: { provinces: [MI] }\n    fronts: [finance",
            "signatories[11].takes: 'sacesimest' has no members, so no firm",
        ),
        ("valid_from: 2017-06-07", "valid_from: 2017-06-06", "valid_from: no version is followed before the agreement"),
        ("day: 2026-11-23", "on: 2026-11-23", "approval[1]: has to be a name; YAML takes on, off, yes and no for"),
        (
            "reached_share, at_least: 0.50",
            "reached, at_least: 0.50",
            "targets[0].figure: Input should be 'reached_share'",
        ),
        (
            "reached_share, at_least: 0.50",
            "reached_share, at_least: 50",
            "targets[0]: reached_share is a share of a whole",
        ),
        ("at_least: 0.50, basis", "at_least: 0.50, at_most: 1, basis", "targets[0]: a target is either at_least or at"),
        ("at_least: 0.50, basis", "at_least: 0.50, who: me, basis", "targets[0].who: no such member; correct its name"),
        ("figure: classified_share", "figure: reached_share", "targets[1].figure: 'reached_share' is given twice"),
        ("    internal: 7", "    internal: seven", "topics.keep_days.internal: Input should be a valid integer"),
        ("    internal: 7", "    internal: 7\n    x: 1", "topics.keep_days.x: no such member; correct its name or"),
        ("fallback: unioncamere", "fallback: cna\nfallback: aice", "fallback: given twice; leave one of them"),
        ("from: 2020-06-07", "from: 2020-06-06", "term.periods[1]: periods run forward; none begins before the last"),
        ("term:\n", "term: [\n", "not YAML: "),
        ("fallback: ", "services: []\nfallback: ", "services: services stand in services.yml"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(before: str, after: str, said: str, tmp_path: Path) -> None:
    told = refused(tmp_path, changed(before, after))
    assert any(said in line for line in told), told
    assert all(line.startswith("wrong.yml, line ") for line in told), told


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("code: confapi\n", "code: claai\n", "signatories[7].code: 'claai' is given twice"),
        ("code: cna\n", "code: c.na\n", "signatories[6].code: a partner's code is 2 to 32 lower-case letters and digi"),
        ("code: cna\n", "code: intake\n", "signatories[6].code: a partner's code is 2 to 32 lower-case letters and"),
        ("code: training_and_orientation", "code: information", "fronts[2].code: 'information' is given twice"),
        ("number: 2", "number: 1", "fronts[1].number: 1 is given twice"),
    ],
)
def test_a_code_is_one_partys_and_fit_for_its_use(before: str, after: str, said: str, tmp_path: Path) -> None:
    assert any(said in line for line in refused(tmp_path, changed(before, after)))


def test_two_owners_of_one_front_are_a_collision(tmp_path: Path) -> None:
    twice = "  - { number: 6, code: finance_and_insurance, title: again, owner: regione }\n"
    told = refused(tmp_path, changed("# [fact] The agreement covers", f"{twice}# [fact]"))
    assert told[-1].endswith(
        "fronts[5].owner: finance_and_insurance is owned by 'sacesimest' already; one partner is responsible"
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("code: cna_training", "code: cna_information", "services[20].code: 'cna_information' is given twice"),
        ("partner: claai", "partner: nobody", "services[22].partner: 'nobody' is not one of the signatories"),
        ("front: finance_and_insurance", "front: finance", "services[2].front: 'finance' is not one of the fronts"),
        (
            "front: finance_and_insurance",
            "front: assistance",
            "services[2].front: 'regione' does not serve 'assistance'",
        ),
        (
            "    link:",
            "    segments: [beginner]\n    link:",
            "services[0].segments[0]: 'beginner' is not one of the seg",
        ),
        ("    link:", "    markets: [FR, ZZ]\n    link:", "services[0].markets[1]: 'ZZ' is no foreign market"),
        ("    link:", "    until: 2017-06-06\n    link:", "services[0].until: it ends before it begins"),
        ("import: also", "import: sometimes", "services[0].import: Input should be 'only', 'also' or 'never'"),
        ("link: https:", "link: http:", "services[0].link: String should match pattern"),
        (
            "      it: ",
            "      de: x\n      it: ",
            "services[0].title.de: no such member; correct its name or leave it out",
        ),
        ("services:", "others: []\nservices:", "others: no such member; correct its name or leave it out"),
        ("services:", "offers:", "services: has to be a list"),
    ],
)
def test_what_is_wrong_in_the_services_is_told_with_their_file(
    before: str, after: str, said: str, tmp_path: Path
) -> None:
    told = refused(tmp_path, services=changed(before, after, SERVICES))
    assert any(said in line for line in told), told
    assert all(line.startswith("services.yml, line ") for line in told)


def test_a_service_of_the_past_may_be_a_partners_that_is_gone(tmp_path: Path) -> None:
    gone = (
        "  - { code: old, partner: gone, front: information, import: never, from: 2010-01-01, until: DAY, title: T }\n"
    )
    gone = gone.replace("T }", "{ it: x, en: x } }")
    (tmp_path / "services.yml").write_text(SERVICES + gone.replace("DAY", "2017-06-06"), encoding="utf-8")
    (tmp_path / "right.yml").write_text(TEXT, encoding="utf-8")
    assert load(tmp_path / "right.yml").services[-1].code == "old"
    (told,) = refused(tmp_path, services=SERVICES + gone.replace("DAY", "2017-06-07"))
    assert "'gone' is not one of the signatories" in told


def test_a_candidate_that_brings_no_services_has_the_projects(tmp_path: Path) -> None:
    (tmp_path / "candidate.yml").write_text(TEXT, encoding="utf-8")
    assert load(tmp_path / "candidate.yml") == load()


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = changed("fallback: unioncamere", "fallback: nobody\nsurplus: 1")
    text = changed("executor: assocamerestero", "executor: claai", text)
    told = refused(tmp_path, text, changed("front: information", "front: news", SERVICES))
    assert [line.split(": ")[:2] for line in told] == [
        [f"services.yml, line {line_of('front: information', SERVICES)}", "services[1].front"],
        [f"wrong.yml, line {line_of('executor: claai', text)}", "in_market.executor"],
        [f"wrong.yml, line {line_of('fallback: nobody', text)}", "fallback"],
        [f"wrong.yml, line {line_of('surplus: 1', text)}", "surplus"],
    ]


def test_values_that_do_not_fit_are_told_all_at_once(tmp_path: Path) -> None:
    told = refused(tmp_path, changed("    internal: 7", "    interna: seven"))
    assert [line.split(": ", 1)[1] for line in told] == [
        "topics.keep_days.internal: has to be given",
        "topics.keep_days.interna: no such member; correct its name or leave it out",
    ]


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ("fallback: unioncamere", "fallback: nobody", "fallback: nobody"),
        ("provinces: [MB, MI]", "provinces:\n        - MB\n        - TO", "        - TO"),
        ("    members: true\n    nested_in: confcommercio", "    nested_in: confcommercio", "  - code: aice\n"),
        ("deadlines:", "deadline:\n  x: 1\ndeadlines:", "deadline:\n"),
    ],
)
def test_the_line_is_that_of_the_wrong_value(before: str, after: str, wrong: str, tmp_path: Path) -> None:
    text = changed(before, after)
    (told,) = refused(tmp_path, text)
    assert told.startswith(f"wrong.yml, line {line_of(wrong, text)}: ")


@pytest.mark.parametrize(
    "content", ["", "- a list\n", "version: 2020-02-31\n", "? [a]\n: 1\n", "&a [*a]\n", "a: \x07\n"]
)
def test_a_file_that_is_no_agreement_is_refused_in_one_line(content: str, tmp_path: Path) -> None:
    (told,) = refused(tmp_path, content)
    assert told.startswith("wrong.yml")


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(Trouble, match=r"^/nowhere\.yml: cannot read the agreement: No such file or directory$"):
        load(Path("/nowhere.yml"))


def test_a_directory_without_a_version_is_named(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="no version of the agreement stands here"):
        load(tmp_path)

"""The pages are true as far as a machine can tell: what they name exists, and what they list is all there is."""

import importlib
import re
from functools import cache
from pathlib import Path
from typing import ClassVar, get_args

import confluent_kafka
import pytest

from cli.contracts.catalogue import Way, catalogue
from services.referral.door import read_update
from services.referral.lifecycle import Asked
from shared.agreement import load, load_versions
from shared.contracts.receipts import SubmissionOutcome
from shared.contracts.rules import RULES
from shared.contracts.submissions import Submission, read_submission
from shared.contracts.topics import SERVICES, firms, receipts, topics, updates
from shared.feeds.speech import Place
from shared.feeds.subscriptions import Letter
from shared.settings import ServiceSettings
from shared.testing.builders import ARRIVED
from tests.architecture.papers import PAGES, Page, commands, dead_links, missing_files, targets, wrong_use
from tests.architecture.tree import ROOT, files, modules

PARTNERS, OPERATORS = Page(ROOT / "docs" / "partners.md"), Page(ROOT / "docs" / "operators.md")
TYPE = re.compile(r"it\.portolano\.[a-z-]+\.[a-z-]+\.v\d+")
TOPIC = re.compile(r"(?<![\w.])(?:partners\.(?:<code>|[a-z]+)|intake|classifier|referral|notifier)\.[a-z]+\.v\d+")
RULE = re.compile(r"[a-z]+(?:-[a-z0-9]+)+")
FRONTS = [front.code for front in load().fronts]
VARIABLE = re.compile(r"\b(?:PORTOLANO|INTAKE|CLASSIFIER|REFERRAL|NOTIFIER)_[A-Z][A-Z_]*")

every_page = pytest.mark.parametrize("page", [Page(path) for path in PAGES], ids=str)


@every_page
def test_every_link_leads_somewhere(page: Page) -> None:
    assert list(dead_links(page)) == []


@every_page
def test_every_file_that_is_named_is_there(page: Page) -> None:
    assert list(missing_files(page)) == []


@every_page
def test_every_command_that_is_shown_is_one_with_its_options(page: Page) -> None:
    assert [(words, why) for words in commands(page) if (why := wrong_use(words))] == []


@every_page
def test_every_target_of_make_that_is_named_is_one(page: Page) -> None:
    known = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(targets(page)) - set(known) == set()


@every_page
def test_every_event_and_every_topic_is_one_of_the_contracts(page: Page) -> None:
    types = {event.type for event in catalogue()}
    known = {topic.name for topic in topics(load().partners)}
    assert set(TYPE.findall(page.text)) - types == set()
    assert {topic.replace("<code>", "cna") for topic in TOPIC.findall(page.text)} - known == set()


@every_page
def test_no_page_knows_a_port_that_is_chosen_when_the_system_starts(page: Page) -> None:
    assert re.findall(r"\b(?:localhost|127\.0\.0\.1|\[::1\]):\d+", page.text) == []


@cache
def ours() -> str:
    """All code but this file, and the compose file, as one text."""
    read = [path for path in files() if path.suffix == ".py" or path.name == "docker-compose.yml"]
    return "".join(path.read_text(encoding="utf-8") for path in read if path != Path(__file__))


@every_page
def test_every_variable_of_the_environment_is_read_somewhere(page: Page) -> None:
    read = {variable for service in SERVICES for variable in settings(service)}
    read |= {f"{service.upper()}_SECRETS" for service in SERVICES}
    assert {found for found in VARIABLE.findall(page.text) if found not in read and found not in ours()} == set()


def test_the_partners_page_tells_every_outcome_and_every_status() -> None:
    assert set(get_args(SubmissionOutcome)) - set(PARTNERS.inline) == set()
    told = {row.split("`")[1] for row in PARTNERS.text.splitlines() if row.startswith("| `") and "| " in row}
    assert {str(status) for status in Asked} - told == set()


def test_the_partners_page_names_every_type_that_a_partner_meets() -> None:
    met = {event.type for event in catalogue() if event.way is not Way.INTERNAL}
    assert met - set(TYPE.findall(PARTNERS.text)) == set()


def test_a_rule_on_the_partners_page_is_a_published_one() -> None:
    assert {word for word in PARTNERS.inline if RULE.fullmatch(word)} - set(RULES) == set()


def test_the_client_on_the_partners_page_sends_what_the_door_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cna.conf").write_text("sasl.username=cna\nsasl.password=a=b\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(confluent_kafka, "Producer", Sending)
    monkeypatch.setattr(confluent_kafka, "Consumer", Silent)
    (client,) = (text for language, text in PARTNERS.fences if language == "python")
    exec(compile(client, "the client", "exec"), {})
    ((topic, value, headers),) = Sending.sent
    taken = read_submission(value, headers, ARRIVED, partners=frozenset(load().partners), fronts=frozenset(FRONTS))
    assert topic == firms("cna")
    assert isinstance(taken, Submission), taken
    assert taken.warnings == ()


class Sending:
    """As much of confluent-kafka's producer as the page's client uses."""

    sent: ClassVar[list[tuple[str, bytes, list[tuple[str, bytes | None]]]]] = []

    def __init__(self, settings: dict[str, str]) -> None:
        assert settings == {"sasl.username": "cna", "sasl.password": "a=b", "acks": "all"}

    def produce(self, topic: str, value: str, *, headers: dict[str, str]) -> None:
        self.sent.append((topic, value.encode(), [(name, text.encode()) for name, text in headers.items()]))

    def flush(self, limit: float) -> int:
        return 0


class Silent:
    """A consumer to which nobody says anything."""

    def __init__(self, settings: dict[str, str]) -> None:
        assert settings["group.id"].startswith("cna.")

    def subscribe(self, names: list[str]) -> None:
        assert names == [receipts("cna")]

    def poll(self, limit: float) -> None:
        return None


def test_the_update_on_the_partners_page_is_understood() -> None:
    (update,) = (text for language, text in PARTNERS.fences if language == "json")
    structured = (("content-type", b"application/cloudevents+json"),)
    letter = Letter("cna", Place(updates("cna"), 0, 0), ARRIVED, None, update.encode(), structured)
    assert read_update(letter, load_versions()).problems == ()


def alarms() -> set[str]:
    """The kinds of alarm that the code raises: the first word of each alarm's name."""
    found = set()
    for path in modules():
        text = path.read_text(encoding="utf-8")
        if "alarms.raise_(" in text:
            found |= set(re.findall(r"\braise_\(\s*f?\"([a-z]+)", text))
            found |= set(re.findall(r"\b_answering\(\"([a-z]+)", text))
            found |= set(re.findall(r"\b(?:name|alarm) = f\"([a-z]+) ", text))
    return found


def test_the_operators_page_tells_every_alarm_and_invents_none() -> None:
    section = OPERATORS.text.split("## Alarms")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    assert {name.split()[0] for row in rows for name in re.findall(r"`([^`]+)`", row)} == alarms()
    assert {"gap", "position", "relay"} <= alarms()


def settings(service: str) -> set[str]:
    """The variables that a service reads."""
    module = importlib.import_module(f"services.{service}.settings")
    (kind,) = (
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, ServiceSettings) and one is not ServiceSettings
    )
    return {f"{service}_{setting}".upper() for setting in kind.model_fields}


@pytest.mark.parametrize("service", SERVICES)
def test_the_operators_page_tells_every_setting(service: str) -> None:
    told = OPERATORS.text.replace("<SERVICE>", service.upper())
    assert {variable for variable in settings(service) if variable not in told} == set()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("publish", None),
        ("publish --partner cna FILE --dry-run", None),
        ("publish --partner cna FILE --dry", "publish has no option --dry"),
        ("publish FILE more", "publish takes 1 arguments, not 2"),
        ("partner config cna --format perl", "form cannot be perl"),
        ("partner config cna --format", "--format wants a value"),
        ("held discard classifier", "discard wants more arguments"),
        ("held redrive everybody 1", "service cannot be everybody"),
        ("answer --partner cna REFERRAL STATUS", None),
        ("feeds rewind", "there is no command rewind"),
    ],
)
def test_wrong_use_of_a_command_is_found(words: str, why: str | None) -> None:
    assert wrong_use(words.split()) == why


def test_a_page_that_is_wrong_is_found(tmp_path: Path) -> None:
    page = Page(tmp_path / "page.md")
    page.path.write_text(
        "# A page\n[a](page.md#a-page) [b](gone.md) [c](page.md#gone)\n"
        "`deploy/gone.py` `deploy/provision.py` `gone.md`\n"
        "`tests/*/test_papers.py` `services/<name>/store.py` `make lunch` and `make`\n"
        "```\nportolano publish --partner cna FILE > out && make check test # make tea\n```\n",
        encoding="utf-8",
    )
    assert list(dead_links(page)) == ["gone.md", "page.md#gone"]
    assert list(missing_files(page)) == ["deploy/gone.py", "gone.md"]
    assert list(commands(page)) == [["publish", "--partner", "cna", "FILE"]]
    assert list(targets(page)) == ["check", "test", "lunch"]

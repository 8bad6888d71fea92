"""The partner's and the operator's commands on the running system: publish, watch, answer, held, explain."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from cli.partner.account import Account, sign_in
from cli.partner.letters import Heard
from cli.partner.reading import Reader
from deploy.local.home import CHECKOUT, Home
from tests.e2e.firms import submission, tax_code
from tests.e2e.system import System

Done = subprocess.CompletedProcess[str]


def portolano(home: Home, words: str, *more: str, stdin: str | None = None) -> Done:
    """Run a command as a person would, in a process of its own; `more` are arguments that hold blanks."""
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words.split(), *more],
        env={**os.environ, "PORTOLANO_HOME": str(home.root)},
        cwd=CHECKOUT,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def started(home: Home, words: str) -> "subprocess.Popen[str]":
    """A command that goes on while the test does something else."""
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *words.split()],
        env={**os.environ, "PORTOLANO_HOME": str(home.root)},
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines(done: Done) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def member(n: int, needs: tuple[str, ...] = ("information",), **more: Any) -> str:
    """One line of a file: the n-th firm, which is a member of whoever publishes it."""
    return json.dumps({**submission(n, needs=needs, **more), "membership": {"active": True, "since": "2020-01-01"}})


def referral_of(home: Home, partner: str, code: str) -> str:
    """The referral for information of the firm with this codice fiscale, as its partner sees it."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        watch = f"watch --partner {partner} --from start --topic referrals --for 2 --json"
        for event in lines(portolano(home, watch)):
            data = event["data"]
            if (data.get("front"), data.get("firm", {}).get("codice_fiscale")) == ("information", code):
                return str(data["referral_id"])
    raise AssertionError(f"{partner} was not asked to inform {code} within 30 s")


@pytest.fixture(scope="module")
def referred(system: System) -> tuple[str, str]:
    """(codice fiscale, referral) of a member of cna that cna was asked to inform."""
    done = portolano(system.home, "publish --partner cna -", stdin=member(9_000))
    assert done.returncode == 0, done.stderr
    return tax_code(9_000), referral_of(system.home, "cna", tax_code(9_000))


def test_each_record_gets_its_receipt_and_a_refusal_names_every_problem(system: System, tmp_path: Path) -> None:
    wrong = json.loads(member(9_011))
    wrong["firm"]["codice_fiscale"] = tax_code(9_011)[:-1] + str((int(tax_code(9_011)[-1]) + 1) % 10)
    wrong["firm"]["office"] = {"province": "NA"}
    file = tmp_path / "firms.jsonl"
    file.write_text(f"{member(9_010)}\n{json.dumps(wrong)}\n")
    done = portolano(system.home, "publish --partner claai", str(file))
    assert done.returncode == 1
    assert "line 1: accepted  registered" in done.stdout
    assert "line 2: refused" in done.stdout
    assert "    /firm/codice_fiscale: " in done.stdout
    assert "(outside-lombardy)" in done.stdout
    assert done.stderr.splitlines()[-1] == "2 sent: 1 refused, 1 registered"


def test_a_file_sent_again_under_the_same_prefix_is_a_repeat(system: System) -> None:
    text = f"{member(9_020)}\n{member(9_021)}\n"
    again = "publish --partner claai - --id-prefix commands --json"
    first, second = (lines(portolano(system.home, again, stdin=text)) for _ in range(2))
    assert [answer["data"]["outcome"] for answer in first] == ["registered", "registered"]
    assert [answer["data"]["outcome"] for answer in second] == ["repeated", "repeated"]
    assert [answer["id"] for answer in second] == ["commands-1", "commands-2"]


def test_a_whole_event_of_a_type_that_nobody_reads_is_refused(system: System) -> None:
    event = {"specversion": "1.0", "type": "it.portolano.firm.dreamt.v1", "data": {}}
    done = portolano(system.home, "publish --partner claai - --json", stdin=json.dumps(event))
    assert done.returncode == 1
    assert [problem["rule"] for problem in lines(done)[0]["data"]["problems"]] == ["type-unknown"]


async def test_a_record_without_a_receipt_in_time_is_named(system: System) -> None:
    intake = system.processes["intake"]
    intake.send_signal(signal.SIGSTOP)
    try:
        done = await asyncio.to_thread(
            portolano, system.home, "publish --partner claai - --timeout 2", stdin=member(9_030)
        )
    finally:
        intake.send_signal(signal.SIGCONT)
        await system.ready()
    assert done.returncode == 1
    assert done.stderr.startswith("stdin, line 1: no final receipt within 2 s for ")


def test_what_a_partner_receives_is_numbered_from_one_without_a_gap(system: System, referred: tuple[str, str]) -> None:
    watched = portolano(system.home, "watch --partner cna --from start --topic receipts --for 4 --json")
    assert watched.returncode == 0, watched.stderr
    numbers = [event["sequence"] for event in lines(watched)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_referral_is_watched_with_its_firm_and_its_need(system: System, referred: tuple[str, str]) -> None:
    watched = portolano(system.home, "watch --partner cna --from start --topic referrals --for 4")
    line = next(line for line in watched.stdout.splitlines() if referred[1] in line and "requested" in line)
    assert "information" in line
    assert "Officine di Prova 9000" in line


def test_who_watches_from_now_sees_what_comes_and_stops_after_the_count(system: System) -> None:
    watch = started(system.home, "watch --partner claai --topic receipts --count 1 --for 60")
    assert watch.stderr is not None
    assert watch.stderr.readline().startswith("claai for 60 s")  # it says so once it has settled where it begins
    done = portolano(system.home, "publish --partner claai - --json", stdin=member(9_040))
    seen, _ = watch.communicate(timeout=60)
    assert watch.returncode == 0
    assert lines(done)[0]["id"] in seen
    assert seen.count("\n") == 1


def test_a_watch_ends_when_nobody_reads_it_any_more(system: System, referred: tuple[str, str]) -> None:
    watch = started(system.home, "watch --partner cna --from start")
    assert watch.stdout is not None
    assert watch.stdout.readline(), "either topic may be the first to answer"
    watch.stdout.close()
    assert watch.wait(20) == 141


def test_ctrl_c_ends_a_watch_quietly(system: System) -> None:
    watch = started(system.home, "watch --partner claai")
    assert watch.stderr is not None
    watch.stderr.readline()
    watch.send_signal(signal.SIGINT)
    out, talk = watch.communicate(timeout=30)
    assert (watch.returncode, out, talk) == (0, "", "")


def test_an_answer_is_recorded_and_the_story_tells_it(system: System, referred: tuple[str, str]) -> None:
    code, referral = referred
    done = portolano(system.home, f"answer --partner cna {referral} accepted --note", "we call on Monday")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"recorded: {referral} accepted; the referral is accepted\n"
    story = portolano(system.home, "explain", code)
    assert story.returncode == 0, story.stderr
    told = [
        "cna tells of the firm for the first time: registered",
        "The firm, as it stands in version 1, is placed",
        "Need “information”: cna is asked to help",
        "cna says: accepted",
    ]
    places = [story.stdout.find(sentence) for sentence in told]
    assert places == sorted(places)
    assert places[0] >= 0
    assert "Officine di Prova 9000 S.r.l." in story.stdout
    assert referral in story.stdout


def test_an_answer_to_a_referral_that_is_not_ones_own_is_refused(system: System, referred: tuple[str, str]) -> None:
    done = portolano(system.home, f"answer --partner claai {referred[1]} accepted")
    assert done.returncode == 1
    assert done.stdout.startswith(f"refused: {referred[1]} accepted\n")
    assert "(referral-unknown)" in done.stdout


def test_a_decision_is_explained_with_all_twelve_candidates(system: System, referred: tuple[str, str]) -> None:
    code, referral = referred
    done = portolano(system.home, f"explain {referral} --json")
    assert done.returncode == 0, done.stderr
    (journey,) = lines(done)
    assert journey["about"] == referral
    assert journey["codice_fiscale"] == code
    (decision,) = journey["decisions"]
    assert len(decision["receipt"]["candidates"]) == 12
    assert [one["partner"] for one in decision["receipt"]["candidates"] if one["verdict"] == "selected"] == ["cna"]
    assert [need["what"] for need in journey["needs"]] == ["information"]
    by_firm = portolano(system.home, f"explain {journey['firm_id']} --json")
    assert lines(by_firm)[0]["firm_id"] == journey["firm_id"]
    assert len(lines(by_firm)[0]["needs"]) >= 1


@pytest.mark.parametrize("unknown", ["01234567897", "IT00000009999", "5d0c1a52-4e9f-5b1e-8a44-0c9f3c1d2e3f", "x'; --"])
def test_what_nobody_knows_is_told_in_one_line(system: System, unknown: str) -> None:
    done = portolano(system.home, "explain", unknown)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"no firm and no referral is known as {unknown}\n"


async def test_what_is_held_is_listed_without_its_contents(system: System) -> None:
    firm = "5d0c1a52-4e9f-5b1e-8a44-0c9f3c1d2e3f"
    store = system.stores["classifier"]
    put = """INSERT INTO held (state, topic, partition, record_offset, topic_id, appended_at, firm_id, key, value,
        headers, failure, reason, code_version) VALUES ($1, 'intake.firms.v1', 0, $2, 'commands', now(), $3, 'k',
        'Mario Rossi', $4, 'Undecided', 'a reason', '1') RETURNING id"""
    headers = b"\x91\x92\xa5ce_id\xc4\x03a-1"  # msgpack of [["ce_id", b"a-1"]]
    try:
        id = await store.fetchval(put, "held", 1, firm, headers)
        await store.fetchval(put, "queued", 2, firm, headers)
        listed = await asyncio.to_thread(portolano, system.home, "held list --json")
        shown = await asyncio.to_thread(portolano, system.home, f"held show classifier {id}")
        opened = await asyncio.to_thread(portolano, system.home, f"held show classifier {id} --contents")
    finally:
        await store.execute("DELETE FROM held WHERE topic_id = 'commands'")
    (found,) = [one for one in json.loads(listed.stdout) if one["id"] == id and one["service"] == "classifier"]
    assert (found["place"], found["firm_id"], found["waiting"]) == ("intake.firms.v1/0@1", firm, 1)
    assert "header ce_id            a-1" in shown.stdout
    assert "Mario Rossi" not in listed.stdout + shown.stdout
    assert "Mario Rossi" in opened.stdout
    assert "personal data" in opened.stderr


def read_all(account: Account) -> list[Heard]:
    """What is on a partner's receipts topic, as its client takes it."""
    heard: list[Heard] = []
    with Reader(account, [account.receipts], "start") as reader:
        end = time.monotonic() + 20
        while not reader.caught_up():
            assert time.monotonic() < end
            heard += reader.read()
    return heard


async def test_a_partners_client_drops_repeats_and_tells_a_gap_that_stays(home: Home, prefix: str) -> None:
    account = sign_in(home, "cna", prefix)
    writer = Producer({**home.kafka_admin(), "enable.idempotence": True})
    for generation, number in [("g1", 1), ("g1", 2), ("g1", 2), ("g1", 1), ("g1", 5), ("g1", 6), ("g2", 4), ("g1", 7)]:
        headers = {
            "ce_type": b"it.portolano.submission.held.v1",
            "ce_generation": generation.encode(),
            "ce_sequence": b"%020d" % number,
        }
        writer.produce(account.receipts, b"{}", partition=0, headers=list(headers.items()))
    assert writer.flush(20) == 0
    heard = await asyncio.to_thread(read_all, account)
    assert [(one.generation, one.sequence, one.missing) for one in heard] == [
        ("g1", 1, 0),
        ("g1", 2, 0),
        ("g1", 5, 2),
        ("g1", 6, 0),
        ("g2", 4, 0),
    ]

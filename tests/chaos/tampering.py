"""Evidence that was tampered with: each way leaves what one kind of fault would leave, and the judge must say so.

A judge that finds nothing may be blind. So what a run has left is changed in one place, and the check whose business
that is has to name the fault there.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tests.chaos import checker
from tests.chaos.checker import Fault, Finding, Scene
from tests.chaos.evidence import Log, Place, Record, Row

Check = Callable[[Scene], Iterator[Finding]]
FIRMS = "intake.firms.v1"
REQUESTED = "it.portolano.referral.requested.v1"
ACCEPTED = "it.portolano.submission.accepted.v1"


@dataclass(frozen=True, slots=True)
class Tampering:
    """`do` changes a scene that is its own; `check` must then find `fault`, in words that hold what `do` gives back."""

    name: str
    check: Check
    fault: Fault
    do: Callable[[Scene], str]

    def found(self, scene: Scene) -> list[Finding]:
        """What the check says of the fault, of a copy that was tampered with; the scene stays as it is."""
        mine = own(scene)
        where = self.do(mine)
        return [one for one in self.check(mine) if one.fault is self.fault and where in str(one)]


def own(scene: Scene) -> Scene:
    """A copy whose logs, rows and counts may be changed."""
    ledger = replace(scene.ledger, entries=[replace(entry) for entry in scene.ledger.entries])
    logs = {place: Log(log.end, list(log.records)) for place, log in scene.logs.items()}
    stores: dict[str, dict[str, list[Row]]] = {
        service: {table: [dict(row) for row in rows] for table, rows in tables.items()}
        for service, tables in scene.stores.items()
    }
    return Scene(ledger, logs, stores, Counter(scene.mails))


def _log(scene: Scene, topic_ends: str, kind: str = "", least: int = 4) -> tuple[Place, Log, int]:
    """A partition with at least so many records, and the place in it of one of this kind that is not at its ends."""
    for place, log in sorted(scene.logs.items()):
        if place[0].endswith(topic_ends) and len(log.records) >= least:
            for n, record in enumerate(log.records[1:-1], 1):
                if not kind or record.kind == kind:
                    return place, log, n
    raise AssertionError(f"the run left no partition of {topic_ends} with {least} records, one a {kind}")


def _again(log: Log, record: Record) -> None:
    """Say the same once more, under the next number, as somebody would who decided it twice."""
    last = max(one.number or 0 for one in log.records)
    log.records.append(replace(record, offset=log.end, number=last + 1))
    log.end += 1


def _without_a_record(scene: Scene) -> str:
    (topic, k), log, n = _log(scene, FIRMS)
    number = log.records[n].number or 0
    log.records = [one for one in log.records if one.number != number]  # it may have been published more than once
    return f"{topic}/{k}: {number + 1} follows {number - 1}"


def _without_the_last(scene: Scene) -> str:
    (topic, k), log, _ = _log(scene, FIRMS)
    last = max(one.number or 0 for one in log.records)
    log.records = [one for one in log.records if one.number != last]
    return f"{topic}/{k}: the store has given out {last} numbers, {last - 1} came"


def _another_generation(scene: Scene) -> str:
    (topic, k), log, n = _log(scene, FIRMS)
    log.records[n] = replace(log.records[n], generation=b"another")
    return f"{topic}/{k}: number {log.records[n].number} is of another generation without a fork"


def _a_number_with_another_content(scene: Scene) -> str:
    (topic, k), log, n = _log(scene, FIRMS)
    log.records.append(replace(log.records[n], value=log.records[n].value + b" "))
    return f"{topic}/{k}: number {log.records[n].number} came again with another content"


def _an_outcome_less(scene: Scene) -> str:
    row = next(row for row in scene.stores["classifier"]["positions"] if row["applied"])
    row["applied"] -= 1  # type: ignore[index]  # its own row
    return f"classifier at {row['topic']}/{row['partition']}"


def _a_record_held(scene: Scene) -> str:
    scene.stores["referral"]["held"].append({"id": 4711, "state": "held"})
    return "referral: 1 of the records set aside are held"


def _a_reader_behind(scene: Scene) -> str:
    row = next(row for row in scene.stores["notifier"]["positions"] if row["next_offset"])
    row["next_offset"] -= 1  # type: ignore[index]
    return f"notifier at {row['topic']}/{row['partition']}: read to {row['next_offset']} of"


def _an_acknowledged_record_gone(scene: Scene) -> str:
    _, log, n = _log(scene, ".firms.v1", kind="it.portolano.firm.submitted.v1")
    event_id = log.records.pop(n).headers["ce_id"] or b""
    return event_id.decode()


def _a_record_that_nobody_sent(scene: Scene) -> str:
    _, log, n = _log(scene, ".firms.v1", kind="it.portolano.firm.submitted.v1")
    log.records.append(replace(log.records[n], offset=log.end))
    return f"at {log.end} was not sent"


def _an_answer_gone(scene: Scene) -> str:
    _, log, n = _log(scene, ".receipts.v1", ACCEPTED)
    position = log.records[n].data["position"]
    log.records.pop(n)
    return f"at ({position['partition']}, {position['offset']}) has 0 answers"


def _answered_twice(scene: Scene) -> str:
    _, log, n = _log(scene, ".receipts.v1", ACCEPTED)
    position = log.records[n].data["position"]
    _again(log, log.records[n])
    return f"at ({position['partition']}, {position['offset']}) has 2 answers"


def _a_firm_out_of_order(scene: Scene) -> str:
    """Two records of a firm change places, under the numbers that stand there."""
    for place, log in sorted(scene.logs.items()):
        seen: dict[str, int] = {}
        for n, record in enumerate(log.records if place[0] == FIRMS else ()):
            firm = record.data["firm_id"]
            if firm in seen and log.records[seen[firm]].number != record.number:
                first, second = log.records[seen[firm]], record
                log.records[seen[firm]] = replace(first, value=second.value)
                log.records[n] = replace(second, value=first.value)
                return f"{firm}: version {first.data['version']} after {second.data['version']}"
            seen[firm] = n
    raise AssertionError("the run said nothing of any firm twice")


def _a_profile_gone(scene: Scene) -> str:
    firm = scene.stores["classifier"]["assessments"].pop()["firm_id"]
    return f"classifier: {firm}: stands at None"


def _an_assertion_replaced(scene: Scene) -> str:
    scene.stores["intake"]["assertions"][0]["submission_id"] = "an older one"  # type: ignore[index]
    return "another submission stands"


def _a_referral_told_twice(scene: Scene) -> str:
    _, log, n = _log(scene, ".referrals.v1", REQUESTED)
    _again(log, log.records[n])
    return f"{log.records[n].data['referral_id']} was told 2 times"


def _a_referral_told_to_nobody(scene: Scene) -> str:
    _, log, n = _log(scene, ".referrals.v1", REQUESTED)
    referral = log.records[n].data["referral_id"]
    log.records = [one for k, one in enumerate(log.records) if k != n]
    return f"{referral} was told 0 times"


def _a_task_too_early(scene: Scene) -> str:
    """What concerns a task changes places with the word that it is there."""
    for place, log in sorted(scene.logs.items()):
        asked: dict[str, int] = {}
        for n, record in enumerate(log.records if place[0].endswith(".referrals.v1") else ()):
            referral = str(record.data.get("referral_id", ""))
            if record.kind == REQUESTED:
                asked.setdefault(referral, n)
            elif referral in asked and "update-" not in record.kind:
                first, k = log.records[asked[referral]], asked[referral]
                log.records[k] = replace(first, value=record.value, headers=record.headers)
                log.records[n] = replace(record, value=first.value, headers=first.headers)
                return f"of {referral} before it was requested"
    raise AssertionError("the run said nothing of any task but that it is there")


def _a_need_that_two_have(scene: Scene) -> str:
    rows = scene.stores["referral"]["referrals"]
    one = next(row for row in rows if row["role"] == "responsible" and row["status"] in checker.OPEN)
    rows.append({**one, "referral_id": "00000000-0000-0000-0000-000000000000"})
    return f"need {one['need_id']}, referred: 2 at work"


def _an_update_lost(scene: Scene) -> str:
    return f"{scene.stores['referral']['updates'].pop()['id']}') was sent 1 times and stands 0 times"


def _an_update_twice(scene: Scene) -> str:
    rows = scene.stores["referral"]["updates"]
    rows.append(rows[0])
    return f"{rows[0]['id']}') was sent 1 times and stands 2 times"


def _a_mail_lost(scene: Scene) -> str:
    message = min(scene.mails)
    del scene.mails[message]
    return f"{message} was sent and has not come"


def _a_mail_that_nobody_decided(scene: Scene) -> str:
    scene.mails["<chance@portolano.example>"] += 1
    return "<chance@portolano.example> was never decided"


TAMPERINGS = (
    Tampering("a number is missing", checker.feeds_have_no_gap, Fault.GAP, _without_a_record),
    Tampering("the last number is missing", checker.feeds_have_no_gap, Fault.LOST, _without_the_last),
    Tampering("a generation of its own", checker.feeds_have_no_gap, Fault.GAP, _another_generation),
    Tampering("a number twice", checker.feeds_have_no_gap, Fault.INVERTED, _a_number_with_another_content),
    Tampering("an outcome less", checker.every_record_has_one_outcome, Fault.UNACCOUNTED, _an_outcome_less),
    Tampering("a record held", checker.every_record_has_one_outcome, Fault.UNACCOUNTED, _a_record_held),
    Tampering("a reader behind", checker.every_record_has_one_outcome, Fault.LOST, _a_reader_behind),
    Tampering("a record gone", checker.what_was_acknowledged_lies_there, Fault.LOST, _an_acknowledged_record_gone),
    Tampering("a record too many", checker.what_was_acknowledged_lies_there, Fault.DOUBLED, _a_record_that_nobody_sent),
    Tampering("no answer", checker.every_record_of_a_partner_has_one_answer, Fault.LOST, _an_answer_gone),
    Tampering("two answers", checker.every_record_of_a_partner_has_one_answer, Fault.DOUBLED, _answered_twice),
    Tampering("a firm's order", checker.every_firm_has_arrived_everywhere, Fault.INVERTED, _a_firm_out_of_order),
    Tampering("an assessment gone", checker.every_firm_has_arrived_everywhere, Fault.LOST, _a_profile_gone),
    Tampering("an older assertion", checker.every_firm_has_arrived_everywhere, Fault.LOST, _an_assertion_replaced),
    Tampering("a task twice", checker.every_referral_is_told_once, Fault.DOUBLED, _a_referral_told_twice),
    Tampering("a task not told", checker.every_referral_is_told_once, Fault.LOST, _a_referral_told_to_nobody),
    Tampering("a task before its time", checker.every_referral_is_told_once, Fault.INVERTED, _a_task_too_early),
    Tampering("two at work", checker.every_referral_is_told_once, Fault.DOUBLED, _a_need_that_two_have),
    Tampering("an update gone", checker.every_update_counts_once, Fault.LOST, _an_update_lost),
    Tampering("an update twice", checker.every_update_counts_once, Fault.DOUBLED, _an_update_twice),
    Tampering("a mail gone", checker.every_mail_went_out, Fault.LOST, _a_mail_lost),
    Tampering("a mail of nobody's", checker.every_mail_went_out, Fault.DOUBLED, _a_mail_that_nobody_decided),
)

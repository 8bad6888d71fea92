"""What a partner writes of its referral, word by word, as a record that lies on its topic."""

from datetime import datetime
from typing import Any

from services.referral.updates import Update
from shared.agreement import day_of
from tests.unit.referral.builders import ACCORD
from tests.unit.referral.machine.parts import Task
from tests.unit.referral.machine.service import Service
from tests.unit.referral.machine.words import AGAIN, HOLDS, MALFORMED, REPEATED, REUSED


def letter(service: Service, task: Task, what: str, at: datetime) -> Update:
    """The record; its last one again, or under the id of that, where this is what it does."""
    last = task.said[-1] if task.said else None
    if what == REPEATED:
        assert isinstance(last, Update)
        return last
    said = what.split()[0]
    data: dict[str, Any] = {"referral_id": task.id, "status": said, "at": at.isoformat()}
    data |= _details(task, what, said, at)
    id = f"record {service.causes}"
    if what == REUSED:
        assert isinstance(last, Update)
        assert last.id is not None
        id, data = last.id, data | {"status": "accepted", "note": f"other content {service.causes}"}
    return service.record(task.partner, data, at, id)


def _details(task: Task, what: str, said: str, at: datetime) -> dict[str, Any]:
    """What the status needs beside itself: its reason, its day, its outcomes; or what is wrong about them."""
    after, today = ACCORD.working_days.after, day_of(at)
    match what:
        case _ if what == AGAIN:
            assert task.until is not None
            return {"reason": task.why, "until": day_of(task.until).isoformat()}
        case "on_hold without a day":
            return {"reason": "waiting_call"}
        case "on_hold without a reason":
            return {"until": after(today, 1).isoformat()}
        case "on_hold for too long":
            return {"reason": "waiting_call", "until": after(today, max(HOLDS.values()) + 1).isoformat()}
        case "rejected for another status's reason":
            return {"reason": "service_ended"}
        case "failed for another status's reason":
            return {"reason": "no_capacity"}
        case "completed":
            return {"outcomes": [{"code": "informed"}]}
        case _ if what in MALFORMED:
            return {}
        case _ if said == "on_hold":
            reason = what.split()[1]
            day = after(today, HOLDS[reason])
            if task.until is not None and day == day_of(task.until):  # another hold than the one that stands
                day = after(today, HOLDS[reason] - 1)
            return {"reason": reason, "until": day.isoformat()}
        case _ if " " in what:
            return {"reason": what.split()[1]}
        case _:
            return {}

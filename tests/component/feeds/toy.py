"""Two services small enough to see through: what partners write is noted, what is noted is echoed.

They run under the names and rights of intake and classifier, on topics and databases of their own, as processes
(`python -m tests.component.feeds.toy intake`) or inside the test.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import asyncpg
from pydantic_settings import SettingsConfigDict

from deploy.local.home import Home, database_name
from shared.contracts.base import Event
from shared.feeds.speech import Batch, Heard, Said, Work
from shared.feeds.subscriptions import AtDoor, Letter, On
from shared.postgres.pool import Connection
from shared.service import Service, run
from shared.settings import ServiceSettings

TABLE = """CREATE TABLE IF NOT EXISTS effects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, firm_id uuid NOT NULL, n int NOT NULL CHECK (n >= 0))"""


class Noted(Event, frozen=True):
    type: ClassVar[str] = "it.portolano.toy.noted.v1"
    feed: ClassVar[str] = "intake.firms.v1"

    firm_id: str
    n: int


class Echoed(Event, frozen=True):
    type: ClassVar[str] = "it.portolano.toy.echoed.v1"
    feed: ClassVar[str] = "classifier.assessments.v1"

    firm_id: str
    n: int


class Answered(Event, frozen=True):
    type: ClassVar[str] = "it.portolano.toy.answered.v1"
    feed: ClassVar[str] = "partners.{partner}.receipts.v1"

    text: str
    offset: int


@dataclass(frozen=True)
class Note:
    firm_id: str
    n: int


@dataclass
class Toy:
    """What a test may bend: handlers fail on these numbers."""

    fails_on: frozenset[int] = frozenset()


def read(letter: Letter, context: Toy) -> Note:
    firm_id, n = (letter.value or b"").decode().split()
    return Note(firm_id, int(n))


async def firm_of(connection: Connection, notes: Sequence[Note]) -> list[str | None]:
    return [note.firm_id for note in notes]


async def store(connection: Connection, rows: Sequence[tuple[str, int]]) -> None:
    await connection.execute(
        "INSERT INTO effects (firm_id, n) SELECT * FROM unnest($1::uuid[], $2::int[])",
        [firm_id for firm_id, _ in rows],
        [n for _, n in rows],
    )


async def note(notes: Batch[Note], work: Work[Toy]) -> list[Said]:
    await store(work.connection, [(one.event.firm_id, one.event.n) for one in notes])
    said: list[Said] = []
    for one in notes:
        said.append(one.says(Noted(firm_id=one.event.firm_id, n=one.event.n)))
        said.append(one.says(Answered(text="noted", offset=one.place.offset), to=one.partner))
    return said


async def echo(notes: Batch[Noted], work: Work[Toy]) -> list[Said]:
    for one in notes:
        if one.event.n in work.context.fails_on:
            raise KeyError(one.event.n)
    await store(work.connection, [(one.event.firm_id, one.event.n) for one in notes])
    return [one.says(Echoed(firm_id=one.event.firm_id, n=one.event.n)) for one in notes]


def held(record: Heard[Note | None]) -> Said:
    return record.says(Answered(text="held", offset=record.place.offset), to=record.partner)


WRITER = (AtDoor("partners.{partner}.firms.v1", read, firm_of, note, held, says=(Noted, Answered)),)
READER = (On(Noted, echo, says=(Echoed,)),)


class IntakeSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="INTAKE_", frozen=True)


class ClassifierSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="CLASSIFIER_", frozen=True)


async def make_tables(home: Home, prefix: str) -> None:
    for service in ("intake", "classifier"):
        connection = await asyncpg.connect(**home.admin_dsn(database_name(service, prefix)))
        await connection.execute(TABLE)
        await connection.execute(f"GRANT ALL ON effects TO {service}; GRANT ALL ON effects_id_seq TO {service}")
        await connection.close()


if __name__ == "__main__":
    if sys.argv[1] == "intake":
        run(lambda settings: Service("intake", settings, WRITER, Toy()), IntakeSettings)
    else:
        run(lambda settings: Service("classifier", settings, READER, Toy()), ClassifierSettings)

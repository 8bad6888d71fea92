"""The contender by the book: one hop, `python -m bench.typical intake PREFIX`.

What a team writes that knows its patterns and follows the framework's manual: a FastStream handler for each message, a
pydantic model, one transaction per message in which an inbox drops what came before, the state is kept and the outbox
takes what is to be said; a relay publishes the outbox in order and deletes what the broker has acknowledged. So it is
exactly once in its store as ours is. It keeps no journal, numbers nothing, and decides nothing: it stores what it read.
"""

import asyncio
import logging
import signal
import sys
import uuid

import asyncpg
import uvloop
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import SASLScram512
from pydantic import BaseModel, ConfigDict

from bench import ways
from bench.hops import SESSION_SECONDS
from deploy.local.home import Home, database_name

TABLES = """
CREATE TABLE typical_inbox (event_id text PRIMARY KEY, read_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE typical_firms (codice_fiscale text PRIMARY KEY, state text NOT NULL, document jsonb NOT NULL);
CREATE TABLE typical_outbox (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id text NOT NULL,
    key      text NOT NULL,
    document text NOT NULL
);
"""


class Firm(BaseModel):
    """What is looked at; the rest is carried along."""

    model_config = ConfigDict(extra="allow")

    codice_fiscale: str
    status: str


class Submission(BaseModel):
    model_config = ConfigDict(extra="allow")

    firm: Firm
    observed_at: str
    passed: str = ""


async def prepare(home: Home, prefix: str) -> None:
    """The tables of all four hops, in the stores that provisioning has made."""
    for service in ways.OUTPUT:
        connection = await asyncpg.connect(**home.admin_dsn(database_name(service, prefix)))
        try:
            await connection.execute(TABLES)
            await connection.execute(f"GRANT ALL ON typical_inbox, typical_firms, typical_outbox TO {service}")
        finally:
            await connection.close()


async def carry(service: str, prefix: str) -> None:
    """Carry messages until SIGTERM."""
    home = Home.from_environment()
    client = home.kafka_client(service)
    broker = KafkaBroker(
        [client["bootstrap_servers"]],
        security=SASLScram512(client["sasl_plain_username"], client["sasl_plain_password"], use_ssl=False),
        client_id=service,
        acks="all",
        enable_idempotence=True,
        allow_auto_create_topics=False,
        logger=None,
        log_level=logging.CRITICAL,
    )
    pool = await asyncpg.create_pool(
        host="127.0.0.1",
        port=home.port("postgres"),
        database=database_name(service, prefix),
        user=service,
        password=home.database_password(service),
        min_size=2,
        max_size=2,
    )
    written = asyncio.Event()

    subscriber = broker.subscriber(
        *ways.inputs(service, prefix),
        group_id=prefix + service,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        session_timeout_ms=SESSION_SECONDS * 1000,
        heartbeat_interval_ms=SESSION_SECONDS * 1000 // 6,
    )

    @subscriber
    async def receive(submission: Submission, message: KafkaMessage) -> None:
        event_id = message.headers["ce_id"]
        passed = submission.model_copy(update={"passed": service})
        code, document = submission.firm.codice_fiscale, passed.model_dump_json()
        async with pool.acquire() as connection, connection.transaction():
            new = await connection.fetchval(
                "INSERT INTO typical_inbox (event_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING true", event_id
            )
            if not new:
                return
            await connection.execute(
                """INSERT INTO typical_firms VALUES ($1, $2, $3)
                ON CONFLICT (codice_fiscale) DO UPDATE SET state = excluded.state, document = excluded.document""",
                code,
                submission.firm.status,
                document,
            )
            await connection.execute(
                "INSERT INTO typical_outbox (event_id, key, document) VALUES ($1, $2, $3)",
                str(uuid.uuid5(uuid.NAMESPACE_OID, f"{service} {event_id}")),
                code,
                document,
            )
        written.set()

    async def relay() -> None:
        while True:
            written.clear()  # before the look: what is written after it sets the event again
            rows = await pool.fetch("SELECT id, event_id, key, document FROM typical_outbox ORDER BY id LIMIT 100")
            for row in rows:
                await broker.publish(
                    row["document"].encode(),
                    ways.output(service, prefix),
                    key=row["key"].encode(),
                    headers={"content-type": "application/json", "ce_id": row["event_id"]},
                )
            if rows:
                await pool.execute("DELETE FROM typical_outbox WHERE id = ANY($1)", [row["id"] for row in rows])
            else:
                await written.wait()

    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await broker.start()
    relaying = asyncio.create_task(relay())
    while subscriber.consumer is None or not subscriber.consumer.assignment():  # noqa: ASYNC110  # nobody tells us
        await asyncio.sleep(0.05)
    print("ready", flush=True)
    await stopping.wait()
    relaying.cancel()
    await broker.stop()
    await pool.close()


if __name__ == "__main__":
    uvloop.run(carry(*sys.argv[1:3]))

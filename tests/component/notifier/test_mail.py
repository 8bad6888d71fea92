"""From an event to the mail in the sink: the real broker, store, templates and SMTP on both sides."""

import asyncio
import email
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from pathlib import Path

import asyncpg
import pytest_asyncio
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.home import Home, database_name
from deploy.local.mail_sink import Taker
from deploy.local.mailbox import Mailbox
from services.notifier.app import service
from services.notifier.settings import NotifierSettings
from shared.contracts.firm import Contacts
from shared.testing.running import running, settings_from
from shared.testing.waiting import until
from tests.component.services.stage import Stage, open_producer
from tests.ground import ground
from tests.unit.notifier.builders import EARLIER, FIRM, REFERRAL, awaited, moved, opened

CONTACTS = Contacts(email="rossi@firm.example")


@dataclass
class Sink(Taker):
    """The local mail sink. `forgetful`: it keeps every mail and then loses its first answer to it."""

    mailbox: Mailbox
    forgetful: bool = False
    port: int = 0
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__(self.mailbox)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        (latest, *_) = (mail for mail in self.mailbox.newest_first() if answer.endswith(mail.id))
        if self.forgetful and latest.repeat == 0:
            return "451 4.3.0 try again later"
        return answer

    def found(self) -> list[tuple[str, bytes]]:
        """Recipient and bytes as they were sent, of every mail, oldest first."""
        mails = reversed(list(self.mailbox.newest_first()))
        return [(mail.recipients[0], _as_sent(self.mailbox.raw(mail))) for mail in mails]


def _as_sent(whole: bytes) -> bytes:
    """Without the trace headers that the sink puts before a mail."""
    return re.split(rb"(?m)^(?=From: )", whole, maxsplit=1)[1]


def read(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=policy.default)


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


@pytest_asyncio.fixture(loop_scope="session")
async def sink(tmp_path: Path) -> AsyncIterator[Sink]:
    made = Sink(Mailbox(tmp_path))
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(made, hostname="localhost"), host="127.0.0.1", port=0
    )
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    with suppress(TimeoutError):
        await asyncio.wait_for(server.wait_closed(), 5)


@pytest_asyncio.fixture(loop_scope="session")
async def stage(home: Home) -> AsyncIterator[Stage]:
    async with ground(home, stores=("notifier",)) as prefix:
        producer = await open_producer(home)
        store = await asyncpg.connect(**home.admin_dsn(database_name("notifier", prefix)))
        yield Stage(home, prefix, "notifier", producer, store)
        await producer.stop()
        await store.close()


@asynccontextmanager
async def notifier(stage: Stage, sink: Sink) -> AsyncIterator[None]:
    """The service with its errand, which sends what was decided."""
    environment = stage.home.service_environment("notifier", stage.prefix) | {"NOTIFIER_SMTP_PORT": str(sink.port)}
    settings = settings_from(environment, NotifierSettings)
    assert isinstance(settings, NotifierSettings)
    made = service(settings)
    stopping = asyncio.Event()
    async with running(made.settings, made.name, made.subscriptions, made.context) as feeds:
        errands = [asyncio.ensure_future(errand(feeds, stopping)) for errand in made.errands]
        yield
        stopping.set()
        await asyncio.wait_for(asyncio.gather(*errands), 10)


async def all_sent(stage: Stage, wanted: int) -> Sequence[asyncpg.Record]:
    async def sent() -> Sequence[asyncpg.Record] | None:
        rows: Sequence[asyncpg.Record] = await stage.store.fetch(
            "SELECT recipient, purpose, message_id, body, html FROM notifications WHERE state = 'sent' ORDER BY 1, 2"
        )
        return rows if len(rows) >= wanted else None

    return await until(sent, what=f"{wanted} mails sent") or []


async def test_a_mail_comes_in_two_parts_and_a_repeat_is_the_same_bytes(stage: Stage, sink: Sink) -> None:
    sink.forgetful = True
    async with notifier(stage, sink):
        await stage.tell((opened(contacts=CONTACTS), FIRM))
        rows = await all_sent(stage, 2)
        await stage.tell((opened(contacts=CONTACTS, firm_name="Another name by now"), FIRM))
        assert await stage.consumed(2) == {"applied": 2}
        said = await stage.said("notifier.deliveries.v1", 2)
    assert sorted(data["message_id"] for _, data in said) == sorted(row["message_id"] for row in rows)
    found = sink.found()
    assert len(found) == 4, "each mail came once without an answer and once with"
    for to in ("cna@partners.portolano.example", "rossi@firm.example"):
        first, again = (raw for recipient, raw in found if recipient == to)
        assert first == again
        message = read(first)
        assert message.get_content_type() == "multipart/alternative"
        (row,) = (row for row in rows if row["message_id"] == message["Message-ID"])
        assert part(message, "plain").replace("\r\n", "\n") == row["body"]
        assert part(message, "html").replace("\r\n", "\n") == row["html"]


async def test_later_mails_name_what_earlier_events_said_across_a_restart(stage: Stage, sink: Sink) -> None:
    async with notifier(stage, sink):
        await stage.tell((opened(referral_id=EARLIER, partner="confapi", market="AE", contacts=CONTACTS), FIRM))
        await all_sent(stage, 2)
    async with notifier(stage, sink):
        await stage.tell(
            (moved("rejected", referral_id=EARLIER, partner="confapi"), FIRM),
            (opened(replaces=EARLIER, market="AE", contacts=CONTACTS), FIRM),
            (moved("accepted"), FIRM),
            (moved("failed", reason="firm_unreachable"), FIRM),
        )
        await all_sent(stage, 6)
    mails = [read(raw) for recipient, raw in sink.found() if recipient == "rossi@firm.example"]
    assert [mail["X-Portolano-Referral"] for mail in mails] == [EARLIER, REFERRAL, REFERRAL, REFERRAL]
    assert all("Mercato: AE" in part(mail, "plain") for mail in mails)
    passed_on = next(mail for mail in mails if "passa a" in mail["Subject"])
    assert "al posto di Confapindustria Lombardia." in part(passed_on, "plain")
    for kind in ("notifications", "referrals"):
        assert await stage.store.fetchval(f"SELECT count(*) FROM {kind} WHERE firm_id = $1", FIRM) > 0


async def test_each_rung_of_the_ladder_is_a_mail_to_the_partner_and_a_replay_is_none(stage: Stage, sink: Sink) -> None:
    rungs = (awaited("reminded"), awaited("escalated"), awaited("escalated", awaits="first_contact_due"))
    async with notifier(stage, sink):
        await stage.tell((opened(), FIRM), *((one, FIRM) for one in (*rungs, *rungs)))
        rows = await all_sent(stage, 4)
        assert await stage.consumed(7) == {"applied": 7}
        said = await stage.said("notifier.deliveries.v1", 4)
    purposes = [
        "escalated/acceptance_due/2026-12-02",
        "escalated/first_contact_due/2026-12-02",
        "reminded/acceptance_due/2026-12-02",
        "requested",
    ]
    assert [row["purpose"] for row in rows] == sorted(data["purpose"] for _, data in said) == purposes
    found = [(to, read(raw)) for to, raw in sink.found()]
    assert {to for to, _ in found} == {"cna@partners.portolano.example"}
    assert len({message["Message-ID"] for _, message in found}) == len(found) == 4
    (reminder,) = (message for _, message in found if message["Subject"].startswith("Promemoria"))
    assert "entro il 2 dicembre 2026" in part(reminder, "plain")
    assert "entro il 2 dicembre 2026" in part(reminder, "html")

"""The door out: takes messages that are due, hands them to the mail server, and proves what was delivered.

Three kinds of tasks, joined by two queues:

    one taker      takes due messages under a lease, as many as there is room for
    some senders   each with a kept connection of its own
    one recorder   writes what became of them, many in a transaction; what was delivered is said with that same commit

A message goes out at least once: who dies between the server's 250 and the commit lets it be sent again, with the same
Message-ID and the same bytes. `NotificationDelivered` is said exactly once, by the transaction that marks the row.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.notifier import store
from services.notifier.message import Unwritable, written
from services.notifier.retry import pause
from services.notifier.smtp import Answer, Line, PutOff, Refused, Server, Taken, Unreached
from services.notifier.store import Mail, Unsent
from shared.contracts.notifier import NotificationDelivered
from shared.feeds.failures import delays
from shared.feeds.runtime import Feeds
from shared.feeds.speech import Cause, Said
from shared.telemetry import names
from shared.telemetry.logs import about

if TYPE_CHECKING:
    from shared.telemetry.spans import Tracing

log = logging.getLogger(__name__)

CONNECTIONS = 6
"""Senders of one process; what a mail costs is the server's answer time, so a few at once are enough for 200 a second.
"""
IN_HAND = 64
"""Messages that wait for a sender; the lease has to outlast them."""
TOGETHER = 100
"""Messages that one transaction marks."""
LEASE = timedelta(seconds=30)
SAFETY_NET = 0.25
"""Seconds between looks when nobody calls. A call comes before its commit, so the first looks follow fast."""
FIRST_LOOK = 0.01
LAST_TRIES = 3.0
"""Seconds that the end of the service waits for what is in hand."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A message and the answer to it."""

    mail: Mail
    answer: Answer
    traceparent: str | None = None
    """The span that handed it in; None where it was not traced."""


class MailDoor:
    """Sends what `notifications` holds, until the service stops. `wake` calls it: something new is about to be
    committed."""

    def __init__(self, server: Server, *, connections: int = CONNECTIONS) -> None:
        self.wake = asyncio.Event()
        self._server = server
        self._connections = connections
        self._unreached = delays(first=0.5)
        self._closed_until = 0.0
        self._tracing: Tracing | None = None

    async def send(self, feeds: Feeds[Any], stopping: asyncio.Event) -> None:
        """The service's errand."""
        self._tracing = feeds.tracing
        waiting: asyncio.Queue[tuple[Mail, float] | None] = asyncio.Queue(IN_HAND)
        ended: asyncio.Queue[Ended | None] = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            caller = tasks.create_task(self._call_at_the_end(stopping))
            recorder = tasks.create_task(self._record(feeds, stopping, ended))
            senders = [
                tasks.create_task(self._sender(feeds, stopping, waiting, ended)) for _ in range(self._connections)
            ]
            await self._take(feeds, stopping, waiting)
            for _ in senders:
                await waiting.put(None)
            await asyncio.wait(senders)
            await ended.put(None)
            await recorder
            caller.cancel()

    async def _call_at_the_end(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self.wake.set()

    async def _take(
        self, feeds: Feeds[Any], stopping: asyncio.Event, waiting: asyncio.Queue[tuple[Mail, float] | None]
    ) -> None:
        now = asyncio.get_running_loop().time
        failures = delays()
        look = SAFETY_NET
        while not stopping.is_set():
            room = IN_HAND - waiting.qsize()
            closed_for = self._closed_until - now()
            taken: list[Mail] = []
            if room >= IN_HAND // 2 and closed_for <= 0:
                taken_at = now()
                try:
                    async with feeds.pool.acquire() as connection:
                        taken = await store.take(connection, room, LEASE)
                    failures = delays()
                except Exception as error:
                    closed_for = next(failures)
                    log.warning("cannot take mails, again in %.1f s: %s", closed_for, type(error).__name__)
                for mail in taken:
                    await waiting.put((mail, taken_at))
            _heed_cancellation()
            if taken:
                look = FIRST_LOOK
                continue
            if await self._called(max(look, closed_for)) and closed_for <= 0:
                look = FIRST_LOOK
            else:
                look = min(look * 2, SAFETY_NET)

    async def _called(self, limit: float) -> bool:
        try:
            async with asyncio.timeout(limit):
                await self.wake.wait()
        except TimeoutError:
            return False
        self.wake.clear()
        return True

    async def _sender(
        self,
        feeds: Feeds[Any],
        stopping: asyncio.Event,
        waiting: asyncio.Queue[tuple[Mail, float] | None],
        ended: asyncio.Queue[Ended | None],
    ) -> None:
        line = Line(self._server)
        now = asyncio.get_running_loop().time
        while (taken := await waiting.get()) is not None:
            mail, taken_at = taken
            if stopping.is_set() or now() - taken_at > LEASE.total_seconds() / 2:
                done = Ended(mail, Unreached())  # the end, or too long in the hand: let it be taken anew
            else:
                done = await self._traced(mail, line)
                feeds.metrics.mail(type(done.answer).__name__.lower())
            await ended.put(done)
            _heed_cancellation()
        await line.close()

    async def _traced(self, mail: Mail, line: Line) -> Ended:
        if self._tracing is None or not self._tracing.takes(1):
            return Ended(mail, await self._sent(mail, line))
        span = self._tracing.start(names.DELIVER, "client", parent=mail.traceparent)
        answer = await self._sent(mail, line)
        attributes: dict[str, str | int] = {
            names.FIRM: mail.firm_id,
            names.REFERRAL: mail.referral_id,
            names.MAIL_ID: mail.message_id.strip("<>"),
            names.ANSWER: type(answer).__name__.lower(),
        }
        if isinstance(answer, Refused | PutOff):
            attributes[names.CODE] = answer.code
        span.end(attributes, None if isinstance(answer, Taken) else type(answer).__name__)
        return Ended(mail, answer, span.traceparent)

    async def _sent(self, mail: Mail, line: Line) -> Answer:
        now = asyncio.get_running_loop().time
        if self._closed_until > now():
            return Unreached()
        try:
            message = written(mail, self._server.sender)
        except Unwritable as error:
            log.error("mail %s cannot be written: %s", mail.message_id, error)
            return Refused(0)
        answer = await line.send(mail.address, message)
        match answer:
            case Taken():
                self._unreached = delays(first=0.5)
            case Unreached() if self._closed_until <= now():
                self._closed_until = now() + next(self._unreached)
            case Refused(code):
                log.error("mail %s was refused for good: %d", mail.message_id, code, extra=about(mail.traceparent))
            case _:
                pass
        return answer

    async def _record(self, feeds: Feeds[Any], stopping: asyncio.Event, ended: asyncio.Queue[Ended | None]) -> None:
        while (first := await ended.get()) is not None:
            together = [first]
            last = False
            while len(together) < TOGETHER and not ended.empty():
                another = ended.get_nowait()
                if another is None:
                    last = True
                    break
                together.append(another)
            await self._settle(feeds, stopping, together)
            _heed_cancellation()
            if last:
                return

    async def _settle(self, feeds: Feeds[Any], stopping: asyncio.Event, together: Sequence[Ended]) -> None:
        """Write it down, however often it takes; a service that ends gives up after a while, and the leases run out."""
        now = asyncio.get_running_loop().time
        failures = delays()
        limit: float | None = None
        while True:
            try:
                await _write(feeds, together)
                return
            except Exception as error:
                if stopping.is_set():
                    limit = limit or now() + LAST_TRIES
                    if now() > limit:
                        log.error("%d mails are not written down and will be sent again", len(together))
                        return
                wait = next(failures)
                log.warning("cannot write mails down, again in %.1f s: %s", wait, type(error).__name__)
                await asyncio.sleep(min(wait, 1.0) if stopping.is_set() else wait)


def _heed_cancellation() -> None:
    """End here if that was asked for: `asyncio.wait_for` before Python 3.12, which our clients use, forgets a
    cancellation that comes together with its result, and a loop that never hears of it would never end."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _write(feeds: Feeds[Any], together: Sequence[Ended]) -> None:
    delivered = [ended.mail for ended in together if isinstance(ended.answer, Taken)]
    unsent = [one for ended in together if (one := _unsent(ended)) is not None]
    spans = {ended.mail.message_id: ended.traceparent for ended in together}
    if delivered:
        async with feeds.work(sorted({mail.firm_id for mail in delivered})) as work:
            marked = await store.mark_sent(work.connection, [mail.message_id for mail in delivered], work.now)
            for sent in marked:
                work.say(told(sent, work.now, spans[sent.message_id]))
        feeds.metrics.fenced("notifier", len(delivered) - len(marked))
    if unsent:
        async with feeds.pool.acquire() as connection:
            ours = await store.mark_unsent(connection, unsent)
        feeds.metrics.fenced("notifier", len(unsent) - ours)


def told(sent: store.Delivered, at: datetime, traceparent: str | None = None) -> Said:
    """That a message was taken. Its own id is the cause: one message is delivered once, however many are told of in a
    transaction."""
    event = NotificationDelivered(
        firm_id=sent.firm_id,
        referral_id=sent.referral_id,
        channel=sent.channel,
        recipient=sent.recipient,
        purpose=sent.purpose,
        message_id=sent.message_id,
        at=at,
    )
    cause = Cause(sent.message_id.strip("<>"), traceparent or sent.traceparent)
    return cause.says(event, firm_id=sent.firm_id)


def _unsent(ended: Ended) -> Unsent | None:
    mail = ended.mail
    match ended.answer:
        case Taken():
            return None
        case Refused(code):
            return Unsent(message_id=mail.message_id, taken=mail.taken, code=code, pause=None, put_off=False)
        case PutOff(code):
            wait = pause(mail.put_off + 1, random.random())
            return Unsent(message_id=mail.message_id, taken=mail.taken, code=code, pause=wait, put_off=True)
        case Unreached():
            return Unsent(message_id=mail.message_id, taken=mail.taken, code=0, pause=timedelta(), put_off=False)

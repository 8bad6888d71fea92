"""What a firm does on its page: looking, which changes nothing, and answering, which counts once.

Programs that examine mail open every link in it, so that opening one must not say anything in the firm's name. An
answer is stored and said in one transaction, under the lock of the firm like everything about it: of two that come at
once, at however many processes, the first is the firm's and the other sees it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.notifier import question_log
from services.notifier.handlers import Notifier
from services.notifier.links import Forged, Link, Links, NoLink, Purpose
from services.notifier.questions import Answer, Given, Question, Seen, Sight, Unreadable, answered, given
from shared.contracts.notifier import OutcomesAnswered, PreferenceAnswered
from shared.feeds.runtime import Feeds
from shared.feeds.speech import Cause, Said


async def look(token: str, links: Links, feeds: Feeds[Notifier]) -> Seen:
    """What the link leads to now. The transaction could not write if it wanted to."""
    link = links.read(token)
    if isinstance(link, NoLink | Forged):
        return _no_link(link)
    async with feeds.pool.acquire() as connection, connection.transaction(readonly=True):
        now = await feeds.clock.now(connection)
        found = await question_log.find(connection, link.purpose, link.id)
    return _seen(link, found, now)


async def take(token: str, form: Mapping[str, Sequence[str]], links: Links, feeds: Feeds[Notifier]) -> Seen:
    """Take the answer, if one can be given still."""
    link = links.read(token)
    if isinstance(link, NoLink | Forged):
        return _no_link(link)
    async with feeds.pool.acquire() as connection, connection.transaction(readonly=True):
        known = await question_log.find(connection, link.purpose, link.id)
    if known is None:
        return Seen(Sight.GONE)
    async with feeds.work([known.firm_id]) as work:
        found = await question_log.find(work.connection, link.purpose, link.id)  # as it is under the lock
        seen = _seen(link, found, work.now)
        said = given(form, link.purpose)
        if seen.question is None:
            return seen
        if isinstance(said, Unreadable):
            return seen if seen.question.answer is not None else Seen(Sight.UNREADABLE, seen.question)
        done = answered(seen.question, said, work.now)
        if done is None:
            return Seen(Sight.STANDS if _same(seen.question, said) else Sight.CONTRARY, seen.question)
        await question_log.save_answer(work.connection, done)
        work.say(told(done, work.now))
    return Seen(Sight.RECORDED, done)


def _seen(link: Link, found: Question | None, now: datetime) -> Seen:
    if now > link.until:
        return Seen(Sight.EXPIRED)
    if found is None:
        return Seen(Sight.GONE)
    return Seen(Sight.ASKED if found.answer is None else Sight.STANDS, found)


def _no_link(why: NoLink | Forged) -> Seen:
    return Seen(Sight.FORGED if isinstance(why, Forged) else Sight.UNKNOWN)


def _same(question: Question, said: Given) -> bool:
    return (question.answer, question.reason) == (said.answer, said.reason)


def told(question: Question, at: datetime) -> Said:
    """What is said of an answer. One answer to one question: its id is that of the question, whoever gave it and
    however often."""
    cause = Cause(f"answer/{question.purpose}/{question.id}", question.traceparent)
    confirmed = question.answer is Answer.YES
    event: OutcomesAnswered | PreferenceAnswered
    match question.purpose:
        case Purpose.OUTCOMES:
            event = OutcomesAnswered(
                firm_id=question.firm_id,
                referral_id=question.id,
                confirmed=confirmed,
                reason=question.reason,
                at=at,
            )
        case Purpose.PREFERENCE:
            event = PreferenceAnswered(
                firm_id=question.firm_id,
                question_id=question.id,
                partner=question.partner,
                confirmed=confirmed,
                at=at,
            )
    return cause.says(event, firm_id=question.firm_id)

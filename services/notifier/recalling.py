"""What the notifier had done before its store was restored, done again from what it had said: mails that went out do
not go again, and what firms answered by their links stands."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from services.notifier import question_log, store
from services.notifier.answering import told as told_of_answer
from services.notifier.handlers import Notifier
from services.notifier.links import Purpose
from services.notifier.mail import told as told_of_mail
from services.notifier.questions import Answer
from shared.contracts.notifier import NotificationDelivered, OutcomesAnswered, PreferenceAnswered
from shared.feeds.speech import Said, Work
from shared.feeds.subscriptions import Word

_READ: dict[str, Callable[[bytes], Any]] = {
    kind.type: msgspec.json.Decoder(kind).decode
    for kind in (NotificationDelivered, OutcomesAnswered, PreferenceAnswered)
}


async def recall(word: Word, work: Work[Notifier]) -> list[Said]:
    """Do again what one of our records tells of. A mail whose message is not there, or a question that is not asked any
    more, leaves nothing to do."""
    if word.type not in _READ:
        return []
    event: NotificationDelivered | OutcomesAnswered | PreferenceAnswered = _READ[word.type](word.data)
    match event:
        case NotificationDelivered():
            sent = await store.mark_sent(work.connection, [event.message_id], event.at)
            return [told_of_mail(one, event.at) for one in sent]
        case OutcomesAnswered():
            return await _answered(Purpose.OUTCOMES, event.referral_id, event, event.reason, work)
        case PreferenceAnswered():
            return await _answered(Purpose.PREFERENCE, event.question_id, event, None, work)


async def _answered(
    purpose: Purpose, id: str, event: OutcomesAnswered | PreferenceAnswered, reason: str | None, work: Work[Notifier]
) -> list[Said]:
    question = await question_log.find(work.connection, purpose, id)
    if question is None:
        return []
    answer = Answer.YES if event.confirmed else Answer.NO
    done = replace(question, answer=answer, reason=reason, answered_at=event.at)
    await question_log.save_answer(work.connection, done)
    return [told_of_answer(done, event.at)]

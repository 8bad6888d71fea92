"""The updates door: a letter as it lies there made an update, or all that is wrong with it. Total: it never raises."""

from services.referral.updates import NOT_SERVED_YET, UPDATED, Content, Update, understand
from shared.contracts.envelope import Broken, Envelope, read_envelope
from shared.contracts.rules import Problem, problem
from shared.feeds.subscriptions import Letter


def read_update(letter: Letter, context: object) -> Update:
    """What a partner wrote to its updates topic. The partner is the topic's, whatever the record says."""
    envelope = read_envelope(letter.value, letter.headers)
    content, problems = _content(envelope, letter)
    return Update(
        partner=letter.partner,
        topic=letter.place.topic,
        partition=letter.place.partition,
        offset=letter.place.offset,
        appended_at=letter.appended_at,
        id=envelope.id,
        source=envelope.source,
        content_hash=envelope.content_hash if isinstance(envelope, Envelope) else None,
        content=content if not problems else None,
        problems=problems,
    )


def _content(envelope: Envelope | Broken, letter: Letter) -> tuple[Content | None, tuple[Problem, ...]]:
    problems = envelope.problems if isinstance(envelope, Broken) else ()
    content = None
    if envelope.type == UPDATED:
        if envelope.data is not None:
            content, more = understand(envelope.data, letter.appended_at)
            problems += more
    elif envelope.type in NOT_SERVED_YET:
        problems += (problem("type-not-served-yet", f"{envelope.type} is not served by this version yet"),)
    elif envelope.type is not None:
        problems += (problem("type-unknown", f"nothing of this type is read here; {UPDATED} is"),)
    return content, problems

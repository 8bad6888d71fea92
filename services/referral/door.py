"""The updates door: a letter as it lies there made an update, or all that is wrong with it. Total: it never raises."""

from services.referral.updates import DATA, UPDATED, Said, Update, referral_named, understand
from shared.agreement import Versions, day_of
from shared.contracts.envelope import Broken, Envelope, read_envelope
from shared.contracts.rules import Problem, bounded, problem
from shared.feeds.subscriptions import Letter


def read_update(letter: Letter, versions: Versions) -> Update:
    """What a partner wrote to its updates topic. The partner is the topic's, whatever the record says."""
    envelope = read_envelope(letter.value, letter.headers)
    content, problems = _content(envelope, letter, versions)
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
        problems=bounded(problems),
        referral_id=referral_named(envelope.data) if envelope.data and envelope.type in (UPDATED, None) else None,
    )


def _content(
    envelope: Envelope | Broken, letter: Letter, versions: Versions
) -> tuple[Said | None, tuple[Problem, ...]]:
    problems = envelope.problems if isinstance(envelope, Broken) else ()
    content = None
    if envelope.type is None:
        return None, problems
    if envelope.type in DATA:
        if envelope.data is not None:
            agreement = versions.on(day_of(letter.appended_at))
            content, more = understand(envelope.type, envelope.data, letter.appended_at, agreement)
            problems += more
    else:
        told = f"type {envelope.type[:64]!r} is not read on an updates topic; read are {', '.join(DATA)}"
        problems += (problem("type-unknown", told),)
    return content, problems

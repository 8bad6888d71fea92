"""What intake hears and says: a record at the firms door, its receipt, and what has changed of the firm."""

from collections.abc import Sequence

from services.intake import domain, store, writing
from services.intake.door import Intake, Opened, firms_of, read_letter
from services.intake.store import Accepted, Known
from shared.contracts.base import Event, FirmId
from shared.contracts.intake import FirmErased, FirmRegistered, FirmRestated, FirmSucceeded
from shared.contracts.receipts import (
    Position,
    SubmissionAccepted,
    SubmissionHeld,
    SubmissionRefused,
)
from shared.contracts.rules import Problem, problem
from shared.contracts.submissions import Refusal, Submission
from shared.feeds.speech import Batch, Heard, Said, Work
from shared.feeds.subscriptions import AtDoor, Restates, Stated
from shared.postgres.pool import Connection


async def receive_submissions(letters: Batch[Opened], work: Work[Intake]) -> list[Said]:
    """Answer each record, in order; tell of each firm whenever what is known of it has changed."""
    known = await store.load(work.connection, letters)
    said: list[Said] = []
    for letter in letters:
        said += _receive(letter, known, work)
    await writing.save(work.connection, known, work.now)
    return said


def _receive(letter: Heard[Opened], known: Known, work: Work[Intake]) -> list[Said]:
    content, partner = letter.event.content, _partner(letter)
    before = known.used(letter)
    if before is not None and before.content_hash == letter.event.content_hash:
        work.repeated(letter)
        warnings = () if isinstance(content, Refusal) else content.warnings
        return [_accept(letter, Accepted(before.content_hash, before.firm_id, "repeated", warnings))]
    problems = list(content.problems) if isinstance(content, Refusal) else []
    if known.lacks_name(letter):
        problems.append(domain.name_required())
    if before is not None:
        told = "this id was accepted with other content: send this under a new id"
        problems.append(problem("id-used-for-other-content", told))
    if problems or isinstance(content, Refusal):
        return [_refuse(letter, problems, work)]
    entered = domain.enter(known.files, letter.event.firms, partner, content, work.context.partners)
    if isinstance(entered.outcome, Problem):
        return [_refuse(letter, [entered.outcome], work)]
    warnings = content.warnings + entered.warnings
    assert letter.event.content_hash is not None, "what holds by itself could be read"
    accepted = Accepted(letter.event.content_hash, letter.event.firms[0], entered.outcome, warnings)
    known.accept(letter, accepted)
    for firm_id in entered.forgotten:
        known.erase(letter, firm_id)
    for registered in entered.registered:
        known.tell(letter, registered)
    changes: tuple[FirmErased | FirmSucceeded | FirmRegistered, ...] = (
        *entered.erased,
        *entered.succeeded,
        *entered.registered,
    )
    return [_accept(letter, accepted), *(letter.says(event, firm_id=event.firm_id) for event in changes)]


def say_held(letter: Heard[Opened | None]) -> Said:
    """The provisional answer to a record that was set aside through our own fault, perhaps before it could be read."""
    id = letter.event.id if letter.event is not None else None
    return _answer(letter, SubmissionHeld(submission_id=id, position=_position(letter)))


def _refuse(letter: Heard[Opened], problems: list[Problem], work: Work[Intake]) -> Said:
    work.refused(letter)
    return _answer(
        letter,
        SubmissionRefused(submission_id=letter.event.id, position=_position(letter), problems=tuple(problems)),
    )


def _accept(letter: Heard[Opened], accepted: Accepted) -> Said:
    content = letter.event.content
    assert letter.event.id is not None, "an accepted record has an id"
    receipt = SubmissionAccepted(
        submission_id=letter.event.id,
        reference=content.assertion.reference if isinstance(content, Submission) else None,
        outcome=accepted.outcome,
        firm_id=accepted.firm_id,
        warnings=accepted.warnings,
        position=_position(letter),
    )
    return _answer(letter, receipt)


def _answer(letter: Heard[Opened] | Heard[Opened | None], receipt: Event) -> Said:
    subject = receipt.firm_id if isinstance(receipt, SubmissionAccepted) else None
    return letter.says(receipt, to=_partner(letter), subject=subject)


def _partner(letter: Heard[Opened] | Heard[Opened | None]) -> str:
    assert letter.partner is not None, "a record at a door has a tenant"
    return letter.partner


def _position(letter: Heard[Opened] | Heard[Opened | None]) -> Position:
    return Position(topic=letter.place.topic, partition=letter.place.partition, offset=letter.place.offset)


SUBSCRIPTIONS = (
    AtDoor(
        topic="partners.{partner}.firms.v1",
        read=read_letter,
        firm_of=firms_of,
        handler=receive_submissions,
        held=say_held,
        says=(SubmissionAccepted, SubmissionRefused, SubmissionHeld, FirmRegistered, FirmSucceeded, FirmErased),
    ),
)


async def present(
    connection: Connection, firm_ids: Sequence[FirmId], intake: Intake, stated: Stated
) -> list[tuple[FirmId, Event]]:
    """Each firm's state as it was said last; nothing of those of whom nothing holds."""
    return [
        (one.state.firm_id, FirmRestated(firm_id=one.state.firm_id, registered_at=one.registered_at, state=one.state))
        for one in await store.states(connection, firm_ids)
    ]


RESTATES = Restates(present, says=(FirmRestated,))

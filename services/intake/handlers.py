"""What intake hears and says: a record at the firms door, its receipt, and the firm where it has changed."""

from services.intake import domain, store
from services.intake.door import Intake, Opened, firms_of, read_letter
from services.intake.store import Accepted, Known
from shared.contracts.base import Event
from shared.contracts.intake import FirmRegistered
from shared.contracts.receipts import (
    Position,
    SubmissionAccepted,
    SubmissionHeld,
    SubmissionOutcome,
    SubmissionRefused,
)
from shared.contracts.rules import Problem, problem
from shared.contracts.submissions import Refusal, Revocation, Submission
from shared.feeds.speech import Batch, Heard, Said, Work
from shared.feeds.subscriptions import AtDoor


async def receive_submissions(letters: Batch[Opened], work: Work[Intake]) -> list[Said]:
    """Answer each record, in order; tell of each firm whenever what is known of it has changed."""
    known = await store.load(work.connection, letters)
    said: list[Said] = []
    for letter in letters:
        said += _receive(letter, known, work)
    await store.save(work.connection, known, work.now)
    return said


def _receive(letter: Heard[Opened], known: Known, work: Work[Intake]) -> list[Said]:
    content, partner = letter.event.content, _partner(letter)
    before = known.before(letter)
    if before is not None and before.content_hash == letter.event.content_hash:
        work.repeated(letter)
        return [_answer(letter, _accepted(letter, "repeated", before.firm_id))]
    problems = list(content.problems) if isinstance(content, Refusal) else []
    if before is not None:
        told = "this id was accepted with other content: send this under a new id"
        problems.append(problem("id-used-for-other-content", told))
    if problems or isinstance(content, Refusal):
        return [_refuse(letter, problems, work)]
    file = known.file(letter)
    if isinstance(content, Submission):
        outcome = domain.submit(file, partner, content)
    else:
        outcome = domain.revoke(file, partner, content)
    if isinstance(outcome, Problem):
        return [_refuse(letter, [outcome], work)]
    known.accept(letter, Accepted(content.envelope.content_hash, file.firm_id, outcome))
    said = [_answer(letter, _accepted(letter, outcome, file.firm_id))]
    registered = domain.register(file, work.context.partners)
    if registered is not None:
        known.tell(letter, registered)
        said.append(letter.says(registered))
    return said


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


def _accepted(letter: Heard[Opened], outcome: SubmissionOutcome, firm_id: str) -> SubmissionAccepted:
    content = letter.event.content
    assert letter.event.id is not None, "an accepted record has an id"
    return SubmissionAccepted(
        submission_id=letter.event.id,
        reference=content.assertion.reference if isinstance(content, Submission) else None,
        outcome=outcome,
        firm_id=firm_id,
        warnings=content.warnings if isinstance(content, Submission | Revocation) else (),
        position=_position(letter),
    )


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
        says=(SubmissionAccepted, SubmissionRefused, SubmissionHeld, FirmRegistered),
    ),
)

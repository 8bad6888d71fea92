"""The firms door: a letter as it lies there made a value, and the firm that it is about named. It never raises."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.intake.domain import firm_id_of
from shared.contracts.base import FirmId
from shared.contracts.submissions import Refusal, Revocation, Submission, read_submission
from shared.feeds.subscriptions import Letter
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Intake:
    """What intake brings with it: the agreement's codes, and the key that firms are named with."""

    partners: tuple[str, ...]
    fronts: frozenset[str]
    firm_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A record, read. `firm_id` is None where the record is refused as it stands: it can change no firm."""

    content: Submission | Revocation | Refusal
    firm_id: FirmId | None

    @property
    def id(self) -> str | None:
        """The id of the event, as far as it could be read."""
        return self.content.id if isinstance(self.content, Refusal) else self.content.envelope.id

    @property
    def source(self) -> str | None:
        return self.content.source if isinstance(self.content, Refusal) else self.content.envelope.source

    @property
    def content_hash(self) -> bytes | None:
        """SHA-256 of what it says; None where it says nothing that could be read."""
        return self.content.content_hash if isinstance(self.content, Refusal) else self.content.envelope.content_hash


def read_letter(letter: Letter, intake: Intake) -> Opened:
    """What a partner wrote to its firms topic."""
    content = read_submission(
        letter.value,
        letter.headers,
        letter.appended_at,
        partners=frozenset(intake.partners),
        fronts=intake.fronts,
    )
    if isinstance(content, Refusal):
        return Opened(content, None)
    return Opened(content, firm_id_of(content.codice_fiscale, intake.firm_key))


async def firms_of(connection: Connection, opened: Sequence[Opened]) -> Sequence[FirmId | None]:
    """The firms that the records are about; their names follow from the records, no store is asked."""
    return [one.firm_id for one in opened]

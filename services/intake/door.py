"""The firms door: a letter as it lies there made a value, and the firms that it is about named. It never raises."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.intake.domain import firm_id_of
from shared.contracts.base import FirmId
from shared.contracts.submissions import Refusal, Succession, Understood, read_submission
from shared.feeds.subscriptions import Letter, Touched
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Intake:
    """What intake brings with it: the agreement's codes, and the key that firms are named with."""

    partners: tuple[str, ...]
    fronts: frozenset[str]
    firm_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A record, read. `firms` are those that it names, its own first; none where it is refused as it stands.

    `content_hash` is SHA-256 of what it says, keyed (HMAC), so that nobody without the key can try contents against it;
    None where it says nothing that could be read. `unnamed` is the firm of a refused submission that gives no name.
    """

    content: Understood | Refusal
    firms: tuple[FirmId, ...]
    content_hash: bytes | None
    unnamed: FirmId | None = None

    @property
    def id(self) -> str | None:
        """The id of the event, as far as it could be read."""
        return self.content.id if isinstance(self.content, Refusal) else self.content.envelope.id

    @property
    def source(self) -> str | None:
        return self.content.source if isinstance(self.content, Refusal) else self.content.envelope.source


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
        unnamed = None if content.unnamed is None else firm_id_of(content.unnamed, intake.firm_key)
        return Opened(content, (), _keyed(content.content_hash, intake), unnamed)
    codes = [content.codice_fiscale]
    if isinstance(content, Succession):
        codes.append(content.successor)
    firms = tuple(firm_id_of(code, intake.firm_key) for code in codes)
    return Opened(content, firms, _keyed(content.envelope.content_hash, intake))


def _keyed(content_hash: bytes | None, intake: Intake) -> bytes | None:
    return None if content_hash is None else hmac.digest(intake.firm_key, content_hash, "sha256")


async def firms_of(connection: Connection, opened: Sequence[Opened]) -> Sequence[Touched]:
    """The firms that the records touch: those that they name, and all that successions link with them."""
    kin = await linked_with(connection, sorted({firm for one in opened for firm in one.firms}))
    touched: list[Touched] = []
    for one in opened:
        more = {firm for named in one.firms for firm in kin.get(named, ())}
        touched.append((*one.firms, *sorted(more.difference(one.firms))) or None)
    return touched


_LINKED = """
WITH RECURSIVE kin (start, firm_id) AS (
    SELECT named, named FROM unnest($1::uuid[]) AS named
    UNION
    SELECT kin.start, CASE WHEN link.firm_id = kin.firm_id THEN link.successor_id ELSE link.firm_id END
    FROM kin JOIN successions AS link ON link.firm_id = kin.firm_id OR link.successor_id = kin.firm_id
)
SELECT start, firm_id FROM kin WHERE firm_id <> start
"""


async def linked_with(connection: Connection, firms: Sequence[FirmId]) -> dict[FirmId, list[FirmId]]:
    """Of each firm those that successions link with it, over however many steps; firms without any are left out."""
    kin: dict[FirmId, list[FirmId]] = {}
    for row in await connection.fetch(_LINKED, firms):
        kin.setdefault(row["start"], []).append(row["firm_id"])
    return kin

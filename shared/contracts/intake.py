"""What intake says to our own services: a firm's merged state whenever it changes, its succession, its erasure."""

from datetime import datetime
from typing import ClassVar

import msgspec

from shared.contracts import topics
from shared.contracts.base import Event, FirmId
from shared.contracts.firm import Consent, Membership, Part, Profile, Publisher, SuccessionKind


class Declaration(Part, frozen=True, kw_only=True):
    """A need of the profile, and the partners (codes, sorted) whose word it is today that the firm declares it.

    For our own services alone: no partner is told who else said what.
    """

    front: str
    import_: bool = msgspec.field(name="import")
    by: tuple[str, ...]
    market: str | None = None

    @property
    def key(self) -> tuple[str, bool, str | None]:
        """The need that is declared: (front, import, market)."""
        return self.front, self.import_, self.market


class FirmRegistered(Event, frozen=True, kw_only=True):
    """What all partners together say of one firm has changed.

    `version` counts 1, 2, 3 … for each firm without gaps. `observed_at` is the observation on which exports are judged:
    the newest among the assertions that give the profile a leaf of its exports, or of any where none does. Memberships
    are verified and active; `not_members` are the bodies that say that the firm is none of theirs. Consents are what no
    revocation has taken away; expiry is the reader's to check. `declarations` tell of each need of the profile who
    declares it.
    """

    type: ClassVar[str] = "it.portolano.firm.registered.v1"
    feed: ClassVar[str] = topics.INTAKE_FIRMS

    firm_id: FirmId
    version: int
    observed_at: datetime
    profile: Profile
    publishers: tuple[Publisher, ...]
    memberships: tuple[Membership, ...] = ()
    consents: tuple[Consent, ...] = ()
    not_members: tuple[str, ...] = ()
    declarations: tuple[Declaration, ...] = ()


class FirmRestated(Event, frozen=True, kw_only=True):
    """What was said last of the firm, said once more by a person's command; nothing has changed.

    For whoever has lost it: it puts right what is kept of the firm, where nothing newer is, and is no reason to do
    anything else. `state` is that `FirmRegistered`, `registered_at` when it was said first.
    """

    type: ClassVar[str] = "it.portolano.firm.restated.v1"
    feed: ClassVar[str] = topics.INTAKE_FIRMS

    firm_id: FirmId
    registered_at: datetime
    state: FirmRegistered


class FirmSucceeded(Event, frozen=True, kw_only=True):
    """Another code stands for the firm from now on: its open referrals follow to `successor_id`.

    `version` is that of the firm's last `FirmRegistered` (0: there was none): no further state is said under the old
    name, unless the successor is itself succeeded by it. The successor's state is its own `FirmRegistered`, on its own
    feed: neither waits for the other. `at` is when it happened, as `said_by` (a partner's code) tells it. Said again
    where a later word names another successor: the last one holds.
    """

    type: ClassVar[str] = "it.portolano.firm.succeeded-by.v1"
    feed: ClassVar[str] = topics.INTAKE_FIRMS

    firm_id: FirmId
    version: int
    successor_id: FirmId
    kind: SuccessionKind
    at: datetime
    said_by: str


class FirmErased(Event, frozen=True, kw_only=True):
    """The firm asked that its personal data go: forget whatever was known of it before this event, at once.

    Intake has emptied its own store. `version` is that of the firm's last `FirmRegistered` (0: there was none); one
    with a higher version, from observations after `requested_at`, is a new beginning. `requested_by` is the partner
    that passed the request on, in its submission `submission_id`.
    """

    type: ClassVar[str] = "it.portolano.firm.erased.v1"
    feed: ClassVar[str] = topics.INTAKE_FIRMS

    firm_id: FirmId
    version: int
    requested_at: datetime
    requested_by: str
    submission_id: str

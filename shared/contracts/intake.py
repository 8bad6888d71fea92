"""What intake says to our own services: a firm's merged state, whole, each time that it changes."""

from datetime import datetime
from typing import ClassVar

from shared.contracts import topics
from shared.contracts.base import Event, FirmId
from shared.contracts.firm import Consent, Membership, Profile, Publisher


class FirmRegistered(Event, frozen=True, kw_only=True):
    """What all partners together say of one firm has changed.

    `version` counts 1, 2, 3 … for each firm without gaps. `observed_at` is the observation on which exports are judged:
    the newest among the assertions that give the profile a leaf of its exports, or of any where none does. Memberships
    are verified and active. Consents are what no revocation has taken away; expiry is the reader's to check.
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

"""What the notifier says: a notification was taken by the other side; what a firm answered on its page; a firm is
forgotten in the last store too."""

from datetime import datetime
from typing import ClassVar, Literal

from shared.contracts import topics
from shared.contracts.base import Event, FirmId

Channel = Literal["mail", "webhook"]
Recipient = Literal["partner", "firm"]


class NotificationDelivered(Event, frozen=True, kw_only=True):
    """The receiving server said yes. `message_id` is the stable one: a repeated delivery carries it again."""

    type: ClassVar[str] = "it.portolano.notification.delivered.v1"
    feed: ClassVar[str] = topics.NOTIFIER_DELIVERIES

    firm_id: FirmId
    referral_id: str
    channel: Channel
    recipient: Recipient
    purpose: str
    message_id: str
    at: datetime


class DeliveryRestated(Event, frozen=True, kw_only=True):
    """A `NotificationDelivered`, said once more by a person's command, for whoever has lost it."""

    type: ClassVar[str] = "it.portolano.notification.delivery-restated.v1"
    feed: ClassVar[str] = topics.NOTIFIER_DELIVERIES

    firm_id: FirmId
    delivered: NotificationDelivered


class OutcomesAnswered(Event, frozen=True, kw_only=True):
    """The firm has said by its link whether what a partner reported of a completed referral is so: said once for a
    referral, the first answer stands.

    `at` is when the page took it, at the latest by the link's end. `reason` is coded, where a firm that disputes gave
    one: not_finished, other_outcomes, never_contacted.
    """

    type: ClassVar[str] = "it.portolano.referral.outcomes-answered.v1"
    feed: ClassVar[str] = topics.NOTIFIER_DELIVERIES

    firm_id: FirmId
    referral_id: str
    confirmed: bool
    at: datetime
    reason: str | None = None


class PreferenceAnswered(Event, frozen=True, kw_only=True):
    """The firm has said by its link whether it wants to be served by the body that says so: the answer to referral's
    `PreferenceAsked`, said once. `at` is when the page took it, at the latest by the link's end."""

    type: ClassVar[str] = "it.portolano.firm.preference-answered.v1"
    feed: ClassVar[str] = topics.NOTIFIER_DELIVERIES

    firm_id: FirmId
    question_id: str
    partner: str
    confirmed: bool
    at: datetime


class NotificationsErased(Event, frozen=True, kw_only=True):
    """The notifier has forgotten the firm: the answer to referral's `CaseErased`, whose members it gives back.

    With it all four stores are empty: each has said so only once it was.
    """

    type: ClassVar[str] = "it.portolano.firm.notifications-erased.v1"
    feed: ClassVar[str] = topics.NOTIFIER_DELIVERIES

    firm_id: FirmId
    version: int
    requested_at: datetime
    requested_by: str
    submission_id: str

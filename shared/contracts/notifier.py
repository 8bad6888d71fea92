"""What the notifier says: a notification has left the house and the other side took it."""

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

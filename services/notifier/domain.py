"""Who is told what of a referral. Pure: events in, notifications out; where an address lacks, that is recorded too.

Every notification has a key (referral, channel, recipient, purpose), and its Message-ID derives from the key: however
often it is decided or sent, it is the same message to whoever gets it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.notifier import wording
from services.notifier.wording import Facts, Language, Words
from shared.agreement import Agreement
from shared.contracts.firm import Contacts
from shared.contracts.ids import derive
from shared.contracts.referral import ReferralMoved, ReferralOpened

MAIL = "mail"

# One mailbox in plain ASCII, as mail servers without extensions take it; anything cleverer is taken for no address.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_LONGEST_ADDRESS = 254


class Recipient(StrEnum):
    PARTNER = "partner"
    FIRM = "firm"


class Purpose(StrEnum):
    """Why somebody is written to; part of the key, so each recipient is told once."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"


class State(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    NO_ADDRESS = "no_address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message to one recipient, as it is decided: waiting to be sent, or without an address."""

    referral_id: str
    firm_id: str
    recipient: Recipient
    purpose: Purpose
    message_id: str
    address: str | None
    language: Language
    words: Words
    channel: str = MAIL

    @property
    def state(self) -> State:
        return State.PENDING if self.address is not None else State.NO_ADDRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """Where the partners' desks are: `<code>@<domain>`, unless an address is given for the code."""

    domain: str
    addresses: Mapping[str, str]

    def address(self, partner: str) -> str:
        return self.addresses.get(partner) or f"{partner}@{self.domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What every message needs beside the event: the accord, the desks, the right-hand side of Message-IDs."""

    agreement: Agreement
    desks: Desks
    mail_domain: str


def announce(opened: ReferralOpened, house: House) -> tuple[Notification, ...]:
    """A referral was opened: the partner's desk and the firm are told."""
    facts = Facts(
        referral_id=opened.referral_id,
        partner=_name(opened.partner, house),
        front=opened.front,
        import_=opened.import_,
        market=opened.market,
        firm_name=opened.firm_name,
    )
    language = _language(opened.contacts)
    return (
        Notification(
            referral_id=opened.referral_id,
            firm_id=opened.firm_id,
            recipient=Recipient.PARTNER,
            purpose=Purpose.REQUESTED,
            message_id=_message_id(opened.referral_id, Recipient.PARTNER, Purpose.REQUESTED, house),
            address=house.desks.address(opened.partner),
            language="it",
            words=wording.to_partner(facts),
        ),
        Notification(
            referral_id=opened.referral_id,
            firm_id=opened.firm_id,
            recipient=Recipient.FIRM,
            purpose=Purpose.REQUESTED,
            message_id=_message_id(opened.referral_id, Recipient.FIRM, Purpose.REQUESTED, house),
            address=_address(opened.contacts),
            language=language,
            words=wording.to_firm(facts, language),
        ),
    )


def follow(moved: ReferralMoved, house: House) -> tuple[Notification, ...]:
    """A referral moved: the firm is told when a partner has taken it up; of other moves nobody is told by mail yet."""
    if moved.status != "accepted":
        return ()
    language = _language(moved.contacts)
    facts = Facts(
        referral_id=moved.referral_id,
        partner=_name(moved.partner, house),
        front="",
        import_=False,
        market=None,
        firm_name=moved.firm_name,
    )
    return (
        Notification(
            referral_id=moved.referral_id,
            firm_id=moved.firm_id,
            recipient=Recipient.FIRM,
            purpose=Purpose.ACCEPTED,
            message_id=_message_id(moved.referral_id, Recipient.FIRM, Purpose.ACCEPTED, house),
            address=_address(moved.contacts),
            language=language,
            words=wording.accepted_to_firm(facts, language),
        ),
    )


def _message_id(referral_id: str, recipient: Recipient, purpose: Purpose, house: House) -> str:
    return f"<{derive('message', referral_id, MAIL, recipient.value, purpose.value)}@{house.mail_domain}>"


def _address(contacts: Contacts | None) -> str | None:
    """The certified mailbox, which every firm must have and read, else the ordinary one."""
    if contacts is None:
        return None
    return next((given for given in (contacts.pec, contacts.email) if given and is_address(given)), None)


def is_address(text: str) -> bool:
    """Whether mail can be sent to `text`: one ASCII mailbox, nothing around it."""
    return len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def _language(contacts: Contacts | None) -> Language:
    return "en" if contacts is not None and contacts.language == "en" else "it"


def _name(partner: str, house: House) -> str:
    """The body's full name; an earlier version's signatory that is none any more goes by its code."""
    return house.agreement.signatory(partner).name if partner in house.agreement.partners else partner

"""Who is told what of a referral. Pure: events in, notifications out; where an address lacks, that is recorded too.

Every notification has a key (referral, channel, recipient, purpose with its occasion), and its Message-ID derives from
the key: however often it is decided or sent, it is the same message to whoever gets it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from services.notifier.links import Links
from services.notifier.links import Purpose as Asking
from services.notifier.questions import Question
from services.notifier.wording import Facts, Language, Letter, Purpose, Recipient, Words, Write
from shared.agreement import Agreement, day_of
from shared.contracts.firm import Contacts
from shared.contracts.ids import derive
from shared.contracts.referral import (
    PreferenceAsked,
    PreferenceRestated,
    ReferralAwaited,
    ReferralMoved,
    ReferralOpened,
    ReferralRestated,
)

MAIL = "mail"

# One mailbox in plain ASCII, as mail servers without extensions take it; anything cleverer is taken for no address.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_LONGEST_ADDRESS = 254


class State(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    NO_ADDRESS = "no_address"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message to one recipient, as it is decided: waiting to be sent, or without an address. `referral_id` is what
    it is about: a referral, or a question of referral's about the firm itself.

    `bare`: it says nothing of the firm, and still goes once the firm is erased.
    """

    referral_id: str
    firm_id: str
    recipient: Recipient
    purpose: Purpose
    message_id: str
    address: str | None
    language: Language
    words: Words
    occasion: str | None = None
    channel: str = MAIL
    bare: bool = False
    question: Question | None = None
    """What the recipient is asked by the link in it."""

    @property
    def kept_as(self) -> str:
        """The purpose as it stands in the key."""
        return _kept_as(self.purpose, self.occasion)

    @property
    def state(self) -> State:
        return State.PENDING if self.address is not None else State.NO_ADDRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """Where the partners' desks are: `<code>@<domain>`, unless an address is given for the code. They read Italian,
    unless another language is given."""

    domain: str
    addresses: Mapping[str, str]
    languages: Mapping[str, Language] = field(default_factory=dict)
    escalations: Mapping[str, str] = field(default_factory=dict)
    """Where what a desk has left waiting is told; the desk itself, unless an address is given for the code."""

    def escalation(self, partner: str) -> str:
        return self.escalations.get(partner) or self.address(partner)

    def address(self, partner: str) -> str:
        return self.addresses.get(partner) or f"{partner}@{self.domain}"

    def language(self, partner: str) -> Language:
        return self.languages.get(partner, "it")


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What every message needs beside the event: the accord, the desks, the right-hand side of Message-IDs, who signs
    links, and who sets the words."""

    agreement: Agreement
    desks: Desks
    mail_domain: str
    links: Links
    write: Write


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a referral was opened for; moves do not say it again, and every letter names it."""

    referral_id: str
    firm_id: str
    partner: str
    role: str
    front: str
    import_: bool
    market: str | None

    @property
    def supporting(self) -> bool:
        """A copy for a body that is not to do anything."""
        return self.role == "supporting"


LETTERS_OF_A_MOVE: Mapping[str, tuple[Letter, ...]] = {
    "accepted": (Letter(Purpose.ACCEPTED, Recipient.FIRM),),
    "completed": (Letter(Purpose.COMPLETED, Recipient.FIRM),),
    "failed": (Letter(Purpose.FAILED, Recipient.FIRM),),
    "cancellation_requested": (Letter(Purpose.CANCELLATION_REQUESTED, Recipient.PARTNER),),
    "cancelled": (Letter(Purpose.CANCELLED, Recipient.PARTNER), Letter(Purpose.CANCELLED, Recipient.FIRM)),
    "entered_in_error": (Letter(Purpose.CANCELLED, Recipient.PARTNER), Letter(Purpose.CANCELLED, Recipient.FIRM)),
}
"""A referral's new status -> who is written to. Of a status that stands not here nobody is told by mail: the partner
said it itself, the firm waits for the same body as before, or it learns from the referral that follows."""

LETTERS_OF_A_STEP: Mapping[str, Letter] = {
    "reminded": Letter(Purpose.REMINDED, Recipient.PARTNER),
    "escalated": Letter(Purpose.ESCALATED, Recipient.PARTNER),
}
"""A step of the ladder -> who is written to. The firm is not: whoever holds the ball is."""

NOT_FOR_THE_FIRM = frozenset(
    {"duplicate", "firm_erased", "firm_merged", "membership_changed", "no_response", "superseded"}
)
"""Why a referral was cancelled, where the firm is not told: another referral goes on with its request, and the firm is
told of that one; an erased firm is not written to at all."""


def task(opened: ReferralOpened | ReferralRestated) -> Task:
    """What is kept of an opened referral."""
    return Task(
        referral_id=opened.referral_id,
        firm_id=opened.firm_id,
        partner=opened.partner,
        role=opened.role,
        front=opened.front,
        import_=opened.import_,
        market=opened.market,
    )


def announce(opened: ReferralOpened, before: Task | None, house: House) -> tuple[Notification, ...]:
    """A referral was opened, in place of `before` where it replaces one: the partner's desk and the firm are told; of a
    supporting one the desk alone."""
    mine = task(opened)
    facts = Facts(
        referral_id=opened.referral_id,
        partner=_name(opened.partner, house),
        firm_name=opened.firm_name,
        front=opened.front,
        import_=opened.import_,
        market=opened.market,
        supporting=mine.supporting,
        rerouted=opened.replaces is not None,
        before=_name(before.partner, house) if before is not None and before.partner != opened.partner else None,
    )
    letters = (Letter(Purpose.REQUESTED, Recipient.PARTNER), Letter(Purpose.REQUESTED, Recipient.FIRM))
    told = letters[:1] if mine.supporting else letters
    return tuple(_notification(letter, opened, facts, house) for letter in told)


def follow(moved: ReferralMoved, known: Task | None, house: House) -> tuple[Notification, ...]:
    """A referral moved. `known` is what it was opened for, None where it was opened before that was kept."""
    in_error = moved.status == "entered_in_error"
    reason = moved.status if in_error else moved.reason
    erased = reason == "firm_erased"
    facts = Facts(
        referral_id=moved.referral_id,
        partner=_name(moved.partner, house),
        firm_name=None if erased else moved.firm_name,
        front=known.front if known else None,
        import_=known.import_ if known else False,
        market=known.market if known else None,
        supporting=known.supporting if known else False,
        reason=reason,
    )
    question = _asked(moved, known)
    if question is not None:
        link = house.links.to(question.link)
        facts = replace(facts, link=link, until=question.until, outcomes=moved.outcomes)
    silent = facts.supporting or (moved.status == "cancelled" and reason in NOT_FOR_THE_FIRM)
    return tuple(
        replace(
            _notification(letter, moved, facts, house),
            bare=erased,
            question=question if letter.recipient is Recipient.FIRM else None,
        )
        for letter in LETTERS_OF_A_MOVE.get(moved.status, ())
        if not (silent and letter.recipient is Recipient.FIRM)
    )


def remind(awaited: ReferralAwaited, known: Task | None, house: House) -> tuple[Notification, ...]:
    """Something has been waited for: the partner's desk is reminded, or whoever stands above it is told. `known` as
    for a move. Each time that something is due is an occasion of its own; the same one is told once."""
    letter = LETTERS_OF_A_STEP[awaited.step]
    facts = Facts(
        referral_id=awaited.referral_id,
        partner=_name(awaited.partner, house),
        firm_name=awaited.firm_name,
        front=known.front if known else None,
        import_=known.import_ if known else False,
        market=known.market if known else None,
        awaits=awaited.awaits,
        until=awaited.due_by,
    )
    occasion = awaited.awaits if awaited.due_by is None else f"{awaited.awaits}/{day_of(awaited.due_by).isoformat()}"
    return (_notification(letter, awaited, facts, house, occasion),)


def ask(asked: PreferenceAsked, house: House) -> tuple[Notification, ...]:
    """A firm is to say whether a wish is its own; nobody is told where it cannot be written to."""
    question = Question(
        purpose=Asking.PREFERENCE,
        id=asked.question_id,
        firm_id=asked.firm_id,
        partner=asked.partner,
        language=_language(asked.contacts),
        until=asked.answer_by,
    )
    facts = Facts(
        referral_id=asked.question_id,
        partner=_name(asked.partner, house),
        firm_name=asked.firm_name,
        link=house.links.to(question.link),
        until=question.until,
    )
    letter, address = Letter(Purpose.PREFERENCE, Recipient.FIRM), _address(asked.contacts)
    return (
        Notification(
            referral_id=asked.question_id,
            firm_id=asked.firm_id,
            recipient=letter.recipient,
            purpose=letter.purpose,
            message_id=_message_id(asked.question_id, letter, house, None),
            address=address,
            language=question.language,
            words=house.write(letter, question.language, facts),
            question=question if address is not None else None,
        ),
    )


def asked_before(restated: ReferralRestated | PreferenceRestated) -> Question | None:
    """What a firm was asked and may still answer; None where nothing was asked, or could not be."""
    if restated.answer_by is None or _address(restated.contacts) is None:
        return None
    match restated:
        case PreferenceRestated():
            return Question(
                purpose=Asking.PREFERENCE,
                id=restated.question_id,
                firm_id=restated.firm_id,
                partner=restated.partner,
                language=_language(restated.contacts),
                until=restated.answer_by,
            )
        case ReferralRestated():
            return Question(
                purpose=Asking.OUTCOMES,
                id=restated.referral_id,
                firm_id=restated.firm_id,
                partner=restated.partner,
                language=_language(restated.contacts),
                until=restated.answer_by,
                front=restated.front,
                import_=restated.import_,
                market=restated.market,
                outcomes=restated.outcomes,
            )
        case _:
            assert_never(restated)


def _asked(moved: ReferralMoved, known: Task | None) -> Question | None:
    """What the firm is asked of a referral that its partner has completed: whether that is so. Nothing where it could
    not be asked."""
    if moved.status != "completed" or moved.answer_by is None or _address(moved.contacts) is None:
        return None
    if known is not None and known.supporting:
        return None
    return Question(
        purpose=Asking.OUTCOMES,
        id=moved.referral_id,
        firm_id=moved.firm_id,
        partner=moved.partner,
        language=_language(moved.contacts),
        until=moved.answer_by,
        front=known.front if known else None,
        import_=known.import_ if known else False,
        market=known.market if known else None,
        outcomes=moved.outcomes,
    )


def _notification(
    letter: Letter,
    event: ReferralOpened | ReferralMoved | ReferralAwaited,
    facts: Facts,
    house: House,
    occasion: str | None = None,
) -> Notification:
    desks = house.desks
    match letter.recipient:
        case Recipient.PARTNER:
            escalated = letter.purpose is Purpose.ESCALATED
            address: str | None = desks.escalation(event.partner) if escalated else desks.address(event.partner)
            language = desks.language(event.partner)
        case Recipient.FIRM:
            contacts = None if isinstance(event, ReferralAwaited) else event.contacts
            address, language = _address(contacts), _language(contacts)
        case _:
            assert_never(letter.recipient)
    return Notification(
        referral_id=event.referral_id,
        firm_id=event.firm_id,
        recipient=letter.recipient,
        purpose=letter.purpose,
        occasion=occasion,
        message_id=_message_id(event.referral_id, letter, house, occasion),
        address=address,
        language=language,
        words=house.write(letter, language, facts),
    )


def _message_id(referral_id: str, letter: Letter, house: House, occasion: str | None) -> str:
    key = derive("message", referral_id, MAIL, letter.recipient.value, _kept_as(letter.purpose, occasion))
    return f"<{key}@{house.mail_domain}>"


def _address(contacts: Contacts | None) -> str | None:
    """The certified mailbox, which every firm must have and read, else the ordinary one."""
    if contacts is None:
        return None
    return next((given for given in (contacts.pec, contacts.email) if given and is_address(given)), None)


def _kept_as(purpose: Purpose, occasion: str | None) -> str:
    """`requested`; of what may be due more than once `reminded/acceptance_due/2026-12-02`."""
    return purpose.value if occasion is None else f"{purpose.value}/{occasion}"


def is_address(text: str) -> bool:
    """Whether mail can be sent to `text`: one ASCII mailbox, nothing around it."""
    return len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def _language(contacts: Contacts | None) -> Language:
    return "en" if contacts is not None and contacts.language == "en" else "it"


def _name(partner: str, house: House) -> str:
    return name_of(partner, house.agreement)


def name_of(partner: str, agreement: Agreement) -> str:
    """The body's full name; an earlier version's signatory that is none any more goes by its code."""
    return agreement.signatory(partner).name if partner in agreement.partners else partner

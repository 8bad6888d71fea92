"""Who is told what, where, and under which Message-ID."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from cli.audit import effects
from services.notifier.domain import (
    LETTERS_OF_A_MOVE,
    LETTERS_OF_A_STEP,
    NOT_FOR_THE_FIRM,
    Notification,
    State,
    announce,
    ask,
    follow,
    is_address,
    remind,
    task,
)
from services.notifier.links import Link
from services.notifier.links import Purpose as Asking
from services.notifier.questions import Question
from services.notifier.wording import LETTERS, Letter, Purpose, Recipient
from shared.contracts.firm import Contacts
from shared.contracts.referral import PreferenceAsked, ReportedOutcome
from tests.unit.notifier.builders import EARLIER, HOUSE, NOW, REFERRAL, awaited, moved, opened
from tests.unit.notifier.builders import FIRM as FIRM_ID

STEPS = ("reminded", "escalated")
PARTNER, FIRM = Recipient.PARTNER, Recipient.FIRM
ANSWER_BY = datetime(2026, 12, 23, 22, 59, 59, tzinfo=UTC)
CANCELLED = {PARTNER: Purpose.CANCELLED, FIRM: Purpose.CANCELLED}


def told(notifications: tuple[Notification, ...]) -> dict[Recipient, Purpose]:
    return {one.recipient: one.purpose for one in notifications}


def to_firm(contacts: Contacts | None) -> Notification:
    return next(one for one in announce(opened(contacts=contacts), None, HOUSE) if one.recipient is FIRM)


def test_partner_and_firm_are_told_of_an_opened_referral() -> None:
    sent = announce(opened(contacts=Contacts(pec="rossi@pec.example")), None, HOUSE)
    assert {one.recipient: one.address for one in sent} == {
        PARTNER: "cna@partners.portolano.example",
        FIRM: "rossi@pec.example",
    }


def test_a_desk_that_is_named_in_the_settings_gets_the_mail_in_its_language() -> None:
    (aice, _), (abroad, _) = (announce(opened(partner=one), None, HOUSE) for one in ("aice", "assocamerestero"))
    assert (aice.address, aice.language) == ("estero@aice.example", "it")
    assert (abroad.address, abroad.language) == ("assocamerestero@partners.portolano.example", "en")
    assert abroad.words.subject.startswith("New referral")


@pytest.mark.parametrize(
    ("contacts", "address"),
    [
        (Contacts(pec="rossi@pec.example", email="rossi@firm.example"), "rossi@pec.example"),
        (Contacts(email="rossi@firm.example"), "rossi@firm.example"),
        (Contacts(pec="not an address", email="rossi@firm.example"), "rossi@firm.example"),
        (Contacts(phone="02 123"), None),
        (None, None),
    ],
)
def test_the_firm_is_written_to_at_its_pec_else_its_email(contacts: Contacts | None, address: str | None) -> None:
    assert to_firm(contacts).address == address


def test_a_firm_without_an_address_leaves_a_record_of_that() -> None:
    assert to_firm(None).state is State.NO_ADDRESS


def test_the_firms_language_is_italian_unless_it_says_english() -> None:
    assert to_firm(Contacts(email="a@b.example")).language == "it"
    assert to_firm(Contacts(email="a@b.example", language="en")).language == "en"


def test_a_partners_mail_holds_no_contacts_of_the_firm() -> None:
    contacts = Contacts(pec="rossi@pec.example", phone="02 123")
    sent = announce(opened(contacts=contacts), None, HOUSE) + follow(moved("cancelled", contacts=contacts), None, HOUSE)
    for one in sent:
        for part in (one.words.subject, one.words.body, one.words.html):
            assert "rossi@pec.example" not in part
            assert "02 123" not in part


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("accepted", None, {FIRM: Purpose.ACCEPTED}),
        ("completed", None, {FIRM: Purpose.COMPLETED}),
        ("failed", "service_ended", {FIRM: Purpose.FAILED}),
        ("cancellation_requested", "firm_request", {PARTNER: Purpose.CANCELLATION_REQUESTED}),
        ("cancelled", "consent_withdrawn", CANCELLED),
        ("cancelled", "a reason of tomorrow", CANCELLED),
        ("cancelled", None, CANCELLED),
        ("entered_in_error", "typed twice", CANCELLED),
        *(
            ("cancelled", reason, {PARTNER: Purpose.CANCELLED})
            for reason in ("firm_erased", "no_response", "superseded", "membership_changed", "firm_merged", "duplicate")
        ),
        *((status, None, {}) for status in ("received", "rejected", "in_progress", "on_hold", "a status of tomorrow")),
    ],
)
def test_a_move_is_told_to_whom_it_is_news(status: str, reason: str | None, expected: dict[Recipient, Purpose]) -> None:
    assert told(follow(moved(status, reason=reason), task(opened()), HOUSE)) == expected


def test_the_auditor_expects_the_messages_that_are_written() -> None:
    written = {
        status: [(one.recipient, one.purpose) for one in letters] for status, letters in LETTERS_OF_A_MOVE.items()
    }
    assert written == effects.TOLD_OF_A_MOVE
    assert effects.NOT_FOR_THE_FIRM == NOT_FOR_THE_FIRM
    steps = {step: (one.recipient, one.purpose) for step, one in LETTERS_OF_A_STEP.items()}
    assert steps == effects.TOLD_OF_A_STEP


def test_of_a_supporting_referral_its_partner_alone_is_told() -> None:
    supporting = opened(role="supporting")
    assert told(announce(supporting, None, HOUSE)) == {PARTNER: Purpose.REQUESTED}
    assert told(follow(moved("cancelled"), task(supporting), HOUSE)) == {PARTNER: Purpose.CANCELLED}


def test_a_later_mail_names_what_the_referral_was_opened_for() -> None:
    known = task(opened(front="finance_and_insurance", import_=True, market="AE"))
    (mail,) = follow(moved("accepted"), known, HOUSE)
    assert "Ambito: strumenti finanziari e assicurativi, importazione strategica\nMercato: AE\n" in mail.words.body
    (unknown,) = follow(moved("accepted"), None, HOUSE)
    assert "Ambito" not in unknown.words.body


def test_of_an_erased_firm_the_partner_is_told_without_its_name_and_that_its_own_copies_must_go() -> None:
    (mail,) = follow(moved("cancelled", reason="firm_erased", firm_name="Rossi"), task(opened()), HOUSE)
    assert "Rossi" not in mail.words.body + mail.words.html
    assert "Cancellate i suoi dati anche presso di voi" in mail.words.body


def test_a_referral_that_was_entered_in_error_is_told_as_cancelled_with_that_reason_and_no_other_word() -> None:
    (partner, _) = follow(moved("entered_in_error", reason="Verdi typed it twice"), None, HOUSE)
    assert "è stata annullata: era stata registrata per errore." in partner.words.body
    assert "Verdi" not in partner.words.body + partner.words.html


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        ("confapi", "si occupa da ora CNA Lombardia, al posto di Confapindustria Lombardia."),
        ("cna", "si occupa da ora CNA Lombardia."),
        ("left", "si occupa da ora CNA Lombardia, al posto di left."),
        (None, "si occupa da ora CNA Lombardia."),
    ],
)
def test_a_firm_that_is_passed_on_reads_from_whom_to_whom(before: str | None, sentence: str) -> None:
    earlier = task(opened(referral_id=EARLIER, partner=before)) if before else None
    partner, firm = announce(opened(replaces=EARLIER), earlier, HOUSE)
    assert sentence in firm.words.body
    assert firm.words.subject == "La vostra richiesta passa a CNA Lombardia"
    assert "Confapi" not in partner.words.body + partner.words.html, "who had it is not the next partner's business"


def test_deciding_again_gives_the_same_messages() -> None:
    assert announce(opened(), None, HOUSE) == announce(opened(), None, HOUSE)


def test_a_message_id_belongs_to_one_referral_recipient_and_purpose() -> None:
    statuses = ("accepted", "completed", "failed", "cancellation_requested", "cancelled")
    sent = [
        one
        for referral in ("00000000-0000-5000-8000-000000000001", EARLIER)
        for one in (
            *announce(opened(referral_id=referral), None, HOUSE),
            *(one for status in statuses for one in follow(moved(status, referral_id=referral), None, HOUSE)),
            *(one for step in STEPS for one in remind(awaited(step, referral_id=referral), None, HOUSE)),
            *ask(PreferenceAsked(firm_id=FIRM_ID, question_id=referral, partner="cna", answer_by=ANSWER_BY), HOUSE),
        )
    ]
    assert {Letter(one.purpose, one.recipient) for one in sent} == set(LETTERS)
    assert len({one.message_id for one in sent}) == len(sent) == 2 * len(LETTERS)


def test_a_message_id_does_not_change_with_what_is_said() -> None:
    renamed = replace(HOUSE, write=lambda letter, language, facts: HOUSE.write(letter, "en", facts))
    one, other = (follow(moved("accepted"), None, house)[0] for house in (HOUSE, renamed))
    assert one.words != other.words
    assert one.message_id == other.message_id


@pytest.mark.parametrize(
    "text",
    [
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example\n",
        "a@b.example, c@d.example",
        "A <a@b.example>",
        "a@b",
        "à@b.example",
        "@b.example",
    ],
)
def test_what_is_more_or_less_than_one_plain_mailbox_is_no_address(text: str) -> None:
    assert not is_address(text)


def asked(**stated: Any) -> Question | None:
    given = {"answer_by": ANSWER_BY, "outcomes": (ReportedOutcome(code="informed"),)} | stated
    (letter,) = follow(moved("completed", **given), task(opened(market="DE")), HOUSE)
    assert (letter.question is None) == ("/answer?link=" not in letter.words.body)
    return letter.question


def test_a_firm_is_asked_by_a_signed_link_whether_what_was_reported_is_so() -> None:
    question = asked(contacts=Contacts(email="r@firm.example", language="en"))
    assert question is not None
    assert (question.id, question.partner, question.language, question.until) == (REFERRAL, "cna", "en", ANSWER_BY)
    assert (question.front, question.market, question.outcomes[0].code) == ("assistance", "DE", "informed")
    (letter,) = follow(moved("completed", answer_by=ANSWER_BY), None, HOUSE)
    (token,) = re.findall(r"\?link=(\S+)", letter.words.body)
    assert HOUSE.links.read(token) == Link(question.purpose, REFERRAL, ANSWER_BY)


def test_a_firm_that_cannot_be_written_to_is_asked_nothing() -> None:
    assert asked(contacts=None) is None
    assert asked(contacts=Contacts(phone="02 123")) is None


def test_nothing_is_asked_of_what_was_completed_before_firms_were_asked() -> None:
    assert asked(answer_by=None) is None


def test_nothing_is_asked_about_a_copy() -> None:
    assert follow(moved("completed", answer_by=ANSWER_BY), task(opened(role="supporting")), HOUSE) == ()


@pytest.mark.parametrize("status", ["accepted", "failed", "cancelled", "cancellation_requested", "entered_in_error"])
def test_nothing_is_asked_about_any_other_move(status: str) -> None:
    for letter in follow(moved(status, answer_by=ANSWER_BY), task(opened()), HOUSE):
        assert letter.question is None


@pytest.mark.parametrize(
    ("step", "partner", "address"),
    [
        ("reminded", "cna", "cna@partners.portolano.example"),
        ("escalated", "cna", "cna@partners.portolano.example"),
        ("reminded", "aice", "estero@aice.example"),
        ("escalated", "aice", "direzione@aice.example"),
    ],
)
def test_the_desk_is_reminded_and_whoever_stands_above_it_is_told_what_it_leaves_waiting(
    step: str, partner: str, address: str
) -> None:
    (letter,) = remind(awaited(step, partner=partner), task(opened()), HOUSE)
    assert (letter.recipient, letter.purpose.value, letter.address) == (PARTNER, step, address)
    assert "Ambito: assistenza e accompagnamento" in letter.words.body


def test_a_reminder_names_the_day_on_which_another_body_is_asked() -> None:
    (letter,) = remind(awaited("reminded"), None, HOUSE)
    assert "entro il 2 dicembre 2026. Dopo quel giorno la richiesta passa a un altro ente." in letter.words.body


def test_each_time_that_something_is_due_is_a_mail_of_its_own_and_the_same_again_is_the_same() -> None:
    occasions = [
        awaited("reminded"),
        awaited("escalated"),
        awaited("escalated", awaits="first_contact_due"),
        awaited("reminded", awaits="update_due"),
        awaited("reminded", awaits="update_due", due_by=NOW),
        awaited("reminded", awaits="update_due", due_by=None),
    ]
    first, again = ([one for event in occasions for one in remind(event, None, HOUSE)] for _ in range(2))
    assert first == again
    assert len({one.message_id for one in first}) == len({one.kept_as for one in first}) == len(occasions)
    assert first[0].kept_as == "reminded/acceptance_due/2026-12-02"
    (later,) = remind(awaited("reminded", at=NOW + timedelta(days=1)), None, HOUSE)
    assert later.message_id == first[0].message_id


def test_a_firm_is_asked_whether_a_wish_is_its_own() -> None:
    asked_of = PreferenceAsked(
        firm_id=FIRM_ID,
        question_id=EARLIER,
        partner="cna",
        answer_by=ANSWER_BY,
        firm_name="Rossi",
        contacts=Contacts(email="r@firm.example", language="en"),
    )
    (letter,) = ask(asked_of, HOUSE)
    assert (letter.recipient, letter.purpose, letter.referral_id) == (FIRM, Purpose.PREFERENCE, EARLIER)
    assert letter.words.subject == "Do you want CNA Lombardia to look after you?"
    (token,) = re.findall(r"\?link=(\S+)", letter.words.body)
    assert HOUSE.links.read(token) == Link(Asking.PREFERENCE, EARLIER, ANSWER_BY)
    assert letter.question is not None
    assert (letter.question.id, letter.question.partner, letter.question.firm_id) == (EARLIER, "cna", FIRM_ID)
    (nobody,) = ask(msgspec.structs.replace(asked_of, contacts=None), HOUSE)
    assert (nobody.state, nobody.question) == (State.NO_ADDRESS, None)

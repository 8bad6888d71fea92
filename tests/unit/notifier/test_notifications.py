"""Who is told what, where, and under which Message-ID."""

import email
from datetime import UTC, datetime
from email import policy

import pytest

from services.notifier.domain import Desks, House, Notification, Recipient, State, announce, follow, is_address
from services.notifier.message import Unwritable, written
from services.notifier.store import Mail
from shared.agreement import load
from shared.contracts.classifier import Segment
from shared.contracts.firm import Contacts
from shared.contracts.referral import ReferralMoved, ReferralOpened

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
REFERRAL = "00000000-0000-5000-8000-000000000001"
HOUSE = House(
    agreement=load(),
    desks=Desks(domain="partners.portolano.example", addresses={"aice": "estero@aice.example"}),
    mail_domain="portolano.example",
)


def opened(*, partner: str = "cna", contacts: Contacts | None = None, name: str | None = "Rossi") -> ReferralOpened:
    return ReferralOpened(
        firm_id="00000000-0000-8000-8000-000000000002",
        referral_id=REFERRAL,
        need_id="00000000-0000-5000-8000-000000000003",
        partner=partner,
        role="responsible",
        front="assistance",
        import_=False,
        segment=Segment(
            status="provisional", agreement="2017.1", possible=("no_experience",), presumptions=(), warnings=()
        ),
        firm_name=name,
        contacts=contacts,
        requested_at=NOW,
    )


def moved(status: str) -> ReferralMoved:
    return ReferralMoved(
        firm_id="00000000-0000-8000-8000-000000000002",
        referral_id=REFERRAL,
        partner="cna",
        was="requested",
        status=status,
        at=NOW,
        contacts=Contacts(email="rossi@firm.example"),
    )


def to_firm(contacts: Contacts | None) -> Notification:
    return next(one for one in announce(opened(contacts=contacts), HOUSE) if one.recipient is Recipient.FIRM)


def mail(*, address: str = "rossi@firm.example", subject: str = "Affidata", body: str = "Città\n") -> Mail:
    return Mail(
        message_id="<one@portolano.example>",
        referral_id=REFERRAL,
        firm_id="00000000-0000-8000-8000-000000000002",
        address=address,
        language="it",
        subject=subject,
        body=body,
        created_at=NOW,
        taken=1,
        put_off=0,
    )


def test_partner_and_firm_are_told_of_an_opened_referral() -> None:
    told = announce(opened(contacts=Contacts(pec="rossi@pec.example")), HOUSE)
    assert {one.recipient: one.address for one in told} == {
        Recipient.PARTNER: "cna@partners.portolano.example",
        Recipient.FIRM: "rossi@pec.example",
    }


def test_a_desk_that_is_named_in_the_settings_gets_the_mail() -> None:
    (partner, _) = announce(opened(partner="aice"), HOUSE)
    assert partner.address == "estero@aice.example"


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


def test_the_partners_mail_holds_no_contacts_of_the_firm() -> None:
    (partner, _) = announce(opened(contacts=Contacts(pec="rossi@pec.example", phone="02 123")), HOUSE)
    assert "rossi@pec.example" not in partner.words.body
    assert "02 123" not in partner.words.body


def test_deciding_again_gives_the_same_message_ids_and_each_recipient_has_its_own() -> None:
    first, again = announce(opened(), HOUSE), announce(opened(), HOUSE)
    assert first == again
    assert len({one.message_id for one in first}) == 2


def test_the_firm_is_told_of_an_acceptance_and_of_no_other_move() -> None:
    assert [one.recipient for one in follow(moved("accepted"), HOUSE)] == [Recipient.FIRM]
    assert follow(moved("rejected"), HOUSE) == ()


@pytest.mark.parametrize(
    "text",
    [
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example, c@d.example",
        "A <a@b.example>",
        "a@b",
        "à@b.example",
        "@b.example",
    ],
)
def test_what_is_more_or_less_than_one_plain_mailbox_is_no_address(text: str) -> None:
    assert not is_address(text)


def test_a_mail_can_be_found_by_its_referral_and_read_back() -> None:
    message = email.message_from_bytes(written(mail(), "hub@portolano.example"), policy=policy.default)
    assert message["X-Portolano-Referral"] == REFERRAL
    assert message["Message-ID"] == "<one@portolano.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().splitlines() == ["Città"]


def test_the_same_notification_is_the_same_bytes() -> None:
    assert written(mail(), "hub@portolano.example") == written(mail(), "hub@portolano.example")


@pytest.mark.parametrize(
    "broken", [mail(subject="Affidata\r\nBcc: all@example.org"), mail(address="a@b.example\r\nBcc: c@d.example")]
)
def test_a_line_break_in_a_header_is_never_written(broken: Mail) -> None:
    with pytest.raises(Unwritable):
        written(broken, "hub@portolano.example")


def test_a_name_with_line_breaks_ends_up_in_one_harmless_subject() -> None:
    (partner, _) = announce(opened(name="Rossi\r\nBcc: all@example.org"), HOUSE)
    message = email.message_from_bytes(
        written(mail(subject=partner.words.subject, body=partner.words.body), "h@b.example")
    )
    assert message["Bcc"] is None

"""The firm at its mailbox: it finds the link in its own mail, and the button on the page that it opens."""

from pathlib import Path

from cli.demo.closing import ANSWERS, Buttons, chosen, link_in
from services.notifier.message import written
from services.notifier.pages import Pages
from services.notifier.questions import Seen, Sight
from shared.agreement import load
from tests.unit.demo.builders import Perfect, script
from tests.unit.notifier.builders import REFERRAL, mail
from tests.unit.notifier.test_pages import QUESTION

LINK = "http://127.0.0.1:1/answer?link=outcomes.x.1.y"


def test_two_referrals_of_different_firms_are_completed() -> None:
    evening = Perfect(script(120))
    picked = chosen(evening.ledger)
    assert len({one.company.number for one in picked}) == len(ANSWERS) == 2
    assert {one.need.front for one in picked} == {"information"}
    assert all(one.company.reachable for one in picked)


def test_the_link_is_that_of_the_newest_mail_about_the_referral(tmp_path: Path) -> None:
    for name, body, about in (
        ("1", "Aprite: http://127.0.0.1:1/answer?link=old\n", REFERRAL),
        ("2", f"Aprite: {LINK}\n", REFERRAL),
        ("3", "no link\n", REFERRAL),
        ("4", "Aprite: http://127.0.0.1:1/answer?link=other\n", "00000000-0000-5000-8000-0000000000aa"),
    ):
        (tmp_path / f"{name}.eml").write_bytes(written(mail(body=body, referral_id=about), "hub@portolano.example"))
    assert link_in(tmp_path, REFERRAL) == LINK
    assert link_in(tmp_path, "00000000-0000-5000-8000-0000000000bb") is None


def test_the_buttons_of_the_real_page_lead_to_its_address() -> None:
    buttons = Buttons(Pages(load())(Seen(Sight.ASKED, QUESTION), "it", "the-link").text)
    assert {answer: buttons.leading_to(answer) for answer in (*ANSWERS, "maybe")} == {
        "yes": "?link=the-link&lang=it",
        "no": "?link=the-link&lang=it",
        "maybe": None,
    }

"""The end of two referrals: the partner reports its work as completed, the firm has its say by the link in its mail.

The firm is played as what it is: somebody with a mailbox and a browser without scripts. It knows the mail in the sink
and the page that the link opens, and nothing else. One firm confirms, the other disputes, and each partner must read
on its own topic first that the firm has not answered yet, and then what it said.
"""

import asyncio
import http.client
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

from cli.demo.desks import Desks
from cli.demo.heard import Requested
from cli.demo.ledger import Ledger
from cli.demo.routes import Reaction, Said

T = TypeVar("T")

WITHIN = 15.0
"""Seconds for all of it."""
_LOOK_EVERY = 0.1
_NEWEST = 100
"""Mails that are looked through; the one that is waited for is among the last."""
_LINK = re.compile(r"https?://\S+/answer\?link=\S+")
ANSWERS = {"yes": "yes", "no": "disputed"}
"""The button that is pressed -> what the partner must read in the end."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How one referral ended. `opened` and `answered` are the page's status codes, 0 where it was never reached."""

    asked: Requested
    button: str
    opened: int = 0
    answered: int = 0
    trouble: str = ""


def chosen(ledger: Ledger) -> list[Requested]:
    """The referrals that are completed: two firms with a mailbox that asked for information, which is given by telling
    it."""
    fit = [
        one
        for one in ledger.requested.values()
        if one.responsible
        and one.need.front == "information"
        and one.company.reachable
        and not one.company.withdraws
        and not one.later
        and one.referral_id in ledger.replied
        and ledger.replied[one.referral_id].said is Said.ACCEPTED
    ]
    firms: dict[int, Requested] = {}
    for one in sorted(fit, key=lambda one: (one.at, one.referral_id)):
        firms.setdefault(one.company.number, one)
    return list(firms.values())[: len(ANSWERS)]


async def end(ledger: Ledger, desks: Desks, mails: Path) -> list[Ending]:
    """Complete them, and let their firms answer; whatever does not come in time is told as it was then."""
    until = time.monotonic() + WITHIN
    picked = chosen(ledger)
    for one in picked:
        desks.say(one.partner, one.referral_id, Reaction(Said.COMPLETED, 0.0))
    endings = [await _end(one, button, mails, until) for one, button in zip(picked, ANSWERS, strict=False)]
    told = {one.asked.referral_id: ANSWERS[one.button] for one in endings}

    def all_told() -> bool | None:
        for fact in desks.drain():
            ledger.apply(fact)
        return all(ledger.closed.get(id, [])[-1:] == [word] for id, word in told.items()) or None

    await _until(all_told, until)
    return endings


async def _end(asked: Requested, button: str, mails: Path, until: float) -> Ending:
    link = await _until(lambda: link_in(mails, asked.referral_id), until)
    if link is None:
        return Ending(asked, button, trouble="the firm has got no mail with a link")
    try:
        return await asyncio.to_thread(answer, asked, button, link)
    except (OSError, http.client.HTTPException) as error:
        return Ending(asked, button, trouble=f"the firm's page cannot be reached: {type(error).__name__}")


async def _until(found: Callable[[], T | None], until: float) -> T | None:
    """What is found before the time is over."""
    while True:
        here = found()
        if here is not None or time.monotonic() > until:
            return here
        await asyncio.sleep(_LOOK_EVERY)


def link_in(mails: Path, referral_id: str) -> str | None:
    """The link in the firm's newest mail about this referral, as its plain text shows it."""
    for path in sorted(mails.glob("*.eml"), reverse=True)[:_NEWEST]:
        raw = path.read_bytes()
        if referral_id.encode() not in raw:
            continue
        mail = message_from_bytes(raw, policy=policy.default)
        body = mail.get_body(("plain",))
        found = _LINK.search(str(body.get_content())) if body is not None else None
        if found is not None:
            return found[0]
    return None


def answer(asked: Requested, button: str, link: str) -> Ending:
    """Open the link, and press the button on the page."""
    opened, page = _browse("GET", link)
    where = Buttons(page).leading_to(button)
    if where is None:
        return Ending(asked, button, opened, trouble=f"the page has no button for {button}")
    answered, _ = _browse("POST", urljoin(link, where), urlencode({"answer": button}))
    return Ending(asked, button, opened, answered)


class Buttons(HTMLParser):
    """The buttons of a page, each with the address to which its form goes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._action = ""
        self._found: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._action = given.get("action") or ""
        elif tag == "button" and given.get("name") == "answer":
            self._found[given.get("value") or ""] = self._action

    def leading_to(self, answer: str) -> str | None:
        return self._found.get(answer)


def _browse(method: str, address: str, form: str | None = None) -> tuple[int, str]:
    parts = urlsplit(address)
    line = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        headers = {"content-type": "application/x-www-form-urlencoded"} if form is not None else {}
        line.request(method, f"{parts.path}?{parts.query}", form, headers)
        answer = line.getresponse()
        return answer.status, answer.read(1_000_000).decode("utf-8", "replace")
    finally:
        line.close()

"""The partners at work: one thread each, with a client of its own, over TLS, under the partner's name and rights.

A desk sends what its partner has to tell when its time comes, reads receipts and referrals, and answers referrals as
the script has it. It knows nothing of the system but its four topics; what it sees it tells as facts through one queue.
"""

import heapq
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeAlias

from cli.demo.facts import Fact, Failed, Got, Kept, Replied, Report, Reported, Sent
from cli.demo.routes import Reaction, Said
from cli.demo.submissions import Submission
from cli.partner.account import Account
from cli.partner.letters import REFERRAL_UPDATED, Heard, Letter, now, write
from cli.partner.reading import Reader
from cli.partner.sending import Sender
from shared.errors import Trouble, Unreachable

React = Callable[[str, Heard], Reaction | None]
"""(partner, a referral that was requested of it) -> what it will say; None where it is none of this evening."""

Work: TypeAlias = Submission | Report | tuple[str, Reaction]
"""What a desk sends: what its partner tells of a firm, more about a referral, or its first answer (referral, what)."""

_LOOK = 0.015
"""Seconds of one look at the topics: what a desk's own waiting adds to a measured time at most."""
_READY_WITHIN = 30.0


class Desks:
    """All desks. They read from the moment on in which they opened, and send of themselves nothing but answers."""

    def __init__(self, accounts: Sequence[Account], react: React) -> None:
        self.facts: SimpleQueue[Fact] = SimpleQueue()
        self._stop = threading.Event()
        self._desks = {account.code: _Desk(account, react, self.facts, self._stop) for account in accounts}

    def open(self) -> None:
        """Return when every desk reads. Raises `Trouble` where a partner cannot sign in."""
        for desk in self._desks.values():
            desk.start()
        until = time.monotonic() + _READY_WITHIN
        for code, desk in self._desks.items():
            if not desk.ready.wait(max(0.0, until - time.monotonic())):
                raise Unreachable(f"{code} could not open its topics within {_READY_WITHIN:.0f} s: `portolano status`")
        for fact in self.drain():
            if isinstance(fact, Failed):
                raise Trouble(fact.why)

    def give(self, plan: Mapping[str, Sequence[tuple[float, Work]]]) -> None:
        """Give every partner what it is to send, with the times (monotonic clock)."""
        for code, desk in self._desks.items():
            if code in plan:
                desk.given.put(tuple(plan[code]))

    def say(self, partner: str, referral_id: str, reaction: Reaction) -> None:
        """Have a partner say this of a referral now."""
        self.give({partner: [(time.monotonic(), (referral_id, reaction))]})

    def drain(self) -> Iterator[Fact]:
        """What has happened since the last call, in the order in which each desk saw it."""
        with suppress(Empty):
            while True:
                yield self.facts.get_nowait()

    def close(self) -> None:
        """End all desks; what was sent is acknowledged or given up within seconds."""
        self._stop.set()
        for desk in self._desks.values():
            if desk.ident is not None:
                desk.join(timeout=8)


class _Desk(threading.Thread):
    def __init__(self, account: Account, react: React, facts: "SimpleQueue[Fact]", stop: threading.Event) -> None:
        super().__init__(name=f"desk-{account.code}", daemon=True)  # a desk that hangs must not keep the command alive
        self.ready = threading.Event()
        self.given: SimpleQueue[Sequence[tuple[float, Work]]] = SimpleQueue()
        self._account, self._react, self._facts, self._stopping = account, react, facts, stop
        self._due: list[tuple[float, int, Work]] = []
        self._order = 0
        self._on_the_way: dict[Letter, Work] = {}
        """What stands behind a letter that was sent; the same words may be sent twice, and are two letters."""

    def run(self) -> None:
        try:
            topics = [self._account.receipts, self._account.referrals]
            with Reader(self._account, topics) as reader, Sender(self._account) as sender:
                self.ready.set()
                while not self._stopping.is_set():
                    self._turn(reader, sender)
        except Trouble as trouble:
            self._facts.put(Failed(self._account.code, str(trouble)))
        except Exception as fault:
            self._facts.put(Failed(self._account.code, f"the desk of {self._account.code} failed: {fault!r}"))
        finally:
            self.ready.set()

    def _turn(self, reader: Reader, sender: Sender) -> None:
        with suppress(Empty):
            for when, work in self.given.get_nowait():
                self._plan(when, work)
        while self._due and self._due[0][0] <= time.monotonic():
            self._send(heapq.heappop(self._due)[2], sender)
        for letter, position in sender.delivered():
            match self._on_the_way.pop(letter):
                case Submission() as submission:
                    self._facts.put(Kept(submission, position))
                case Report() as report:
                    self._facts.put(Reported(self._account.code, report, position, time.monotonic()))
                case (referral_id, reaction):
                    told = Replied(self._account.code, referral_id, reaction, position, time.monotonic())
                    self._facts.put(told)
        for heard in reader.read(_LOOK):
            at = time.monotonic()
            self._facts.put(Got(self._account.code, heard, at))
            if heard.fact == "referral.requested":
                wish = self._react(self._account.code, heard)
                if wish is not None and wish.said is not Said.NOTHING:
                    self._plan(at + wish.after, (str(heard.data.get("referral_id")), wish))

    def _plan(self, at: float, what: Work) -> None:
        self._order += 1
        heapq.heappush(self._due, (at, self._order, what))

    def _send(self, what: Work, sender: Sender) -> None:
        match what:
            case Submission():
                letter = what.letter
                self._facts.put(Sent(what, time.monotonic()))
            case Report():
                letter = self._more(what)
            case (referral_id, reaction):
                letter = self._answer(referral_id, reaction)
        self._on_the_way[letter] = what
        sender.send(letter)

    def _answer(self, referral_id: str, reaction: Reaction) -> Letter:
        data: dict[str, object] = {"referral_id": referral_id, "status": reaction.said.value, "at": now()}
        id = f"demo-{referral_id}"
        if reaction.reason is not None:
            data["reason"] = reaction.reason
        if reaction.said is Said.COMPLETED:
            data["outcomes"] = [{"code": "informed"}]
            id += "-completed"
        return write(self._account.code, REFERRAL_UPDATED, data, id=id)

    def _more(self, report: Report) -> Letter:
        data = {"referral_id": report.referral_id, "status": report.status, "at": now()}
        if report.reason is not None:
            data["reason"] = report.reason
        if report.until is not None:
            data["until"] = report.until.isoformat()
        return write(self._account.code, REFERRAL_UPDATED, data, id=f"demo-{report.referral_id}-{report.status}")

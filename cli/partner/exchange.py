"""Letters and their answers: each record that a partner writes gets exactly one final answer, found by id and position.

The position alone names the record: a broken record may have no readable id, and an id may have been sent before. The
id is compared as well, so that an answer to somebody else's record would be noticed instead of taken.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cli.partner.account import Account
from cli.partner.letters import Heard, Letter, Position
from cli.partner.reading import Reader
from cli.partner.sending import Sender
from shared.errors import Trouble


class Kind(StrEnum):
    """What an answer says. `held` is not final: it is kept and looked at, the final answer follows."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    HELD = "held"


_KINDS = {
    "submission.accepted": Kind.ACCEPTED,
    "submission.refused": Kind.REFUSED,
    "submission.held": Kind.HELD,
    "referral.update-recorded": Kind.ACCEPTED,
    "referral.update-refused": Kind.REFUSED,
    "referral.update-held": Kind.HELD,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one letter."""

    letter: Letter
    kind: Kind
    heard: Heard

    @property
    def is_final(self) -> bool:
        return self.kind is not Kind.HELD


def kind_of(heard: Heard) -> Kind | None:
    """Which kind of answer this is; None where it answers no record."""
    return _KINDS.get(heard.fact)


def answered(heard: Heard) -> tuple[Position | None, str | None]:
    """The position and the id of the record that is answered, as far as the answer names them."""
    position = heard.data.get("position")
    id = heard.data.get("submission_id", heard.data.get("update_id"))
    if not isinstance(position, dict):
        return None, id
    try:
        at = Position(str(position["topic"]), int(position["partition"]), int(position["offset"]))
    except (KeyError, TypeError, ValueError):
        return None, id
    return at, id


def exchange(
    account: Account,
    letters: Iterable[Letter],
    *,
    patience: float = 30.0,
    sent: Callable[[int], None] = lambda count: None,
    unanswered: list[Letter] | None = None,
) -> Iterator[Answer]:
    """Send the letters, and give the answers as they come; ends when each letter has its final answer.

    It also ends after `patience` seconds in which nothing was delivered or answered: what has no final answer by then
    is put into `unanswered`. `sent` is told how many letters the broker has acknowledged.
    """
    with Reader(account, [account.receipts, account.referrals], "now") as reader, Sender(account) as sender:
        open_: dict[Position, Letter] = {}
        early: dict[Position, Heard] = {}  # answers may overtake the broker's word to us that it has the record
        waiting = iter(letters)
        pending: dict[Letter, None] = {}
        acknowledged, more = 0, True
        moved_at = time.monotonic()
        while more or pending:
            while more and sender.under_way() < 2000:
                letter = next(waiting, None)
                if letter is None:
                    more = False
                    break
                sender.send(letter)
                pending[letter] = None
            answers: list[Answer] = []
            for letter, position in sender.delivered():
                open_[position] = letter
                acknowledged += 1
                moved_at = time.monotonic()
                sent(acknowledged)
                if position in early:
                    answers.append(_match(open_, early.pop(position), account))
            for heard in reader.read(0.02 if sender.under_way() else 0.2):
                at, _ = answered(heard)
                if kind_of(heard) is None or at is None:
                    continue
                if at in open_:
                    answers.append(_match(open_, heard, account))
                elif sender.under_way():
                    early[at] = heard
            for answer in answers:
                moved_at = time.monotonic()
                if answer.is_final:
                    del pending[answer.letter]
                yield answer
            if time.monotonic() - moved_at > patience:
                break
        if unanswered is not None:
            unanswered += pending


def _match(open_: dict[Position, Letter], heard: Heard, account: Account) -> Answer:
    """The answer to one of the open letters; a final one closes it."""
    at, id = answered(heard)
    kind = kind_of(heard)
    assert at is not None and kind is not None  # noqa: PT018  # the caller has looked
    letter = open_[at]
    if id is not None and id != letter.id:
        raise Trouble(f"{at} holds {letter.id}, but its answer to {account.code} speaks of {id}: tell the operator")
    if kind is not Kind.HELD:
        del open_[at]
    return Answer(letter, kind, heard)

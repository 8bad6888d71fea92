"""Partners publish: over TLS, each with its own login, all of it acknowledged before anything is measured."""

from collections.abc import Iterable
from contextlib import ExitStack

from cli.demo.submissions import Submission
from cli.partner.account import sign_in
from cli.partner.sending import Sender
from deploy.local.home import Home


def publish(home: Home, submissions: Iterable[Submission], prefix: str) -> int:
    """How many records the broker has acknowledged: all of them. Raises `Trouble` where it refuses one."""
    count = 0
    senders: dict[str, Sender] = {}
    with ExitStack() as stack:
        for submission in submissions:
            code = submission.partner
            if code not in senders:
                senders[code] = stack.enter_context(Sender(sign_in(home, code, prefix)))
            senders[code].send(submission.letter)
            count += 1
        for sender in senders.values():
            sender.flush()
    return count

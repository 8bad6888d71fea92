"""How far a sending is: so many of all sent, so many answered."""

import sys

from cli.partner.exchange import Answer


class Progress:
    """A line that counts, on a terminal where receipts are not shown; where they are, they are the progress."""

    def __init__(self, all_: int, *, receipts_shown: bool) -> None:
        self._all, self._sent, self._answered = all_, 0, 0
        self._shown = sys.stderr.isatty() and not (receipts_shown and sys.stdout.isatty())

    def sent(self, count: int) -> None:
        self._sent = count
        self._show()

    def answered(self, answer: Answer) -> None:
        self._answered += answer.is_final
        self._show()

    def _show(self) -> None:
        if self._shown:
            print(f"\r{self._sent} of {self._all} sent, {self._answered} answered", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._shown:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)

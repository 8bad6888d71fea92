"""The errors that a person reads: one line that says what is wrong, where, and what to do.

    Trouble              the work cannot be done: the command exits with 1, a service does not start
    ├── Troubles         several things at once, a line for each
    └── Unreachable      a part of the system does not answer: the command exits with 3

Errors of the event flow live elsewhere, because the runtime and not a person acts on them: `shared.feeds.failures`.
"""


class Trouble(Exception):
    """Something a person has to act on; the message is that one line."""


class Troubles(Trouble):
    """Several such things at once; the message has a line for each."""


class Unreachable(Trouble):
    """A part of the system does not answer."""

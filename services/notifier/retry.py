"""When a message that could not be sent is tried again, and which answers of a mail server are final. Pure."""

from datetime import timedelta

FIRST = 0.5
"""Seconds before the second attempt."""
LONGEST = 300.0
"""Seconds between attempts of a message that has waited long."""


def pause(put_off: int, chance: float) -> timedelta:
    """How long to wait after having been put off `put_off` times (1 = the first); `chance` in 0–1 spreads the crowd.

    Doubles from 0.5 s to 5 min; between half and the whole of it is waited.
    """
    whole = min(FIRST * 2.0 ** min(put_off - 1, 20), LONGEST)
    return timedelta(seconds=whole * (0.5 + 0.5 * chance))


def is_final(code: int) -> bool:
    """Whether the server has refused for good (RFC 5321, section 4.2.1: 5yz is a permanent negative completion)."""
    return 500 <= code <= 599

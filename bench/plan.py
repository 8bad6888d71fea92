"""Which measurements a run makes, in which order, and which of them are already there. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass

from bench.firms import TOLD

CONTENDERS = ("raw", "portolano", "typical")
"""Compared with each other within a round."""
ROWS = (*CONTENDERS, "needs", "mix", "mails", "latency")
"""Everything that is measured in a round, in its order; even rounds go backwards."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. Results of different sizes are never put into one file.

    `firms`: of raw, portolano, needs and mix. `singles`: firms sent one after another on the idle system. `per_second`
    and `seconds`: the load under which latency is measured.
    """

    rounds: int = 5
    firms: int = 20_000
    typical_firms: int = 1_500
    mail_firms: int = 1_000
    singles: int = 200
    per_second: int = 200
    seconds: int = 30
    rows: tuple[str, ...] = ROWS

    def described(self) -> dict[str, object]:
        """What two runs must have in common to share a file: all but the number of rounds; and what their firms are."""
        own = {name: value for name, value in asdict(self).items() if name != "rounds"}
        return own | {"rows": list(self.rows), "told": dict(TOLD)}


QUICK = Size(rounds=2, firms=3_000, rows=("raw", "portolano"))
"""Enough to see a ratio's order of magnitude in less than two minutes."""


def steps(size: Size, done: Collection[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """(round from 1, row), interleaved: what stands last in one round stands first in the next."""
    for number in range(1, size.rounds + 1):
        rows = size.rows if number % 2 else size.rows[::-1]
        yield from ((number, row) for row in rows if (number, row) not in done)

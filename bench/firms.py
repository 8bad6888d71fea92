"""The firms of a measurement: invented, seeded, different from each other, as letters of partners. Pure.

They are the demo's firms, so that bodies have the size and the variety of real ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random

from cli.demo.firms import FIRST_NUMBER, Kind
from cli.demo.script import write_script
from cli.demo.submissions import Submission, Turn, Writer, id_of
from shared.agreement import load

SEED = 7
WARMING = 24


@dataclass(frozen=True, slots=True)
class Wish:
    """A kind of firm that has exactly one need which its consent covers; `partner` owns that need's front."""

    kind: Kind
    partner: str


WISHES = (Wish(Kind.CONSOLIDATING, "sacesimest"), Wish(Kind.EXPERIENCED, "regione"))
"""Finance and institutional support: needs that the agreement gives to one partner by name, and neither has members who
could bring it more. The other two needs of such a firm wait for its consent."""


def one_need(firms: int, now: datetime, first: int = 0) -> Iterator[Submission]:
    """One submission for each firm, all twelve partners in turn, one referral for each firm. From firm `first` on."""
    partners = load().partners
    writer = Writer(Random(SEED), now)
    for index in range(first, first + firms):
        yield _submission(writer, index, partners[index % len(partners)], WISHES[index // len(partners) % len(WISHES)])


def warming(now: datetime) -> Iterator[Submission]:
    """A few firms that no measurement has: every partner and every need once, so that all connections are open."""
    return one_need(WARMING, now, 4_000_000)


def own_need(firms: int, now: datetime, first: int = 0) -> Iterator[Submission]:
    """Firms told by the very partner that will get their referral, so that it sees both ends. From firm `first` on."""
    writer = Writer(Random(SEED), now)
    for index in range(first, first + firms):
        wish = WISHES[index % len(WISHES)]
        yield _submission(writer, index, wish.partner, wish)


def demo_mix(firms: int, now: datetime) -> Iterator[Submission]:
    """The demo's firms with everything that happens to them: told twice, refused, without consent, with news."""
    submissions = write_script(SEED, firms, FIRST_NUMBER, now).submissions
    return iter(sorted(submissions, key=lambda submission: submission.after))  # a stable sort: turns stay in order


def _submission(writer: Writer, index: int, publisher: str, wish: Wish) -> Submission:
    turn = Turn(index, FIRST_NUMBER + index)
    company = writer.company(turn, wish.kind, publisher, consents=(wish.partner,))
    data = writer.data(company) | {"reference": f"bench-{index}"}
    return writer.submission(publisher, id_of(company.number, 1), data, "registered")

"""The firms of a measurement: invented, seeded, different from each other, as letters of partners. Pure.

They are the demo's firms, so that bodies have the size and the variety of real ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from types import MappingProxyType

from cli.demo.firms import FIRST_NUMBER, Kind, Need
from cli.demo.script import write_script
from cli.demo.submissions import Submission, Turn, Writer, id_of
from shared.agreement import load

SEED = 7
WARMING = 24


@dataclass(frozen=True, slots=True)
class Wish:
    """A kind of firm that has exactly one need which its consent covers; `partner` owns that need's front. `declared`
    is that need, where the firm's segment does not give it."""

    kind: Kind
    partner: str
    declared: tuple[Need, ...] = ()


ONE_NEED = (
    Wish(Kind.LARGE, "sacesimest", (Need("finance_and_insurance"),)),
    Wish(Kind.LARGE, "regione", (Need("institutional_support"),)),
)
"""Each target segment gives two fronts or more by itself; a firm outside the target has the need that it declares and
no other. Finance and institutional support are given to one partner by name, and neither has members who could bring it
more referrals."""
THREE_NEEDS = (Wish(Kind.CONSOLIDATING, "sacesimest"), Wish(Kind.EXPERIENCED, "regione"))
"""The same two needs among the three that the firm's segment gives; the other two wait for its consent."""

TOLD: Mapping[str, str] = MappingProxyType(
    {
        "portolano": "one need each, declared and consented (a firm outside the target segments, to which no other "
        "front is offered)",
        "needs": "firms of a target segment: three needs each, one of them consented, so that rules are asked three "
        "times, three decisions kept and one referral opened",
        "mix": "the demo's firms with everything that happens to them: told twice, refused, without consent, with news",
    }
)
"""What a firm is in each row of ours, in the words of the page. Results carry them: what was measured with other firms
is another measurement."""


def one_need(firms: int, now: datetime, first: int = 0) -> Iterator[Submission]:
    """One submission for each firm, all twelve partners in turn, one need and one referral for each firm. From firm
    `first` on."""
    return _in_turn(ONE_NEED, firms, now, first)


def three_needs(firms: int, now: datetime) -> Iterator[Submission]:
    """The same with firms of a segment: three needs, one referral for each."""
    return _in_turn(THREE_NEEDS, firms, now, 0)


def _in_turn(wishes: Sequence[Wish], firms: int, now: datetime, first: int) -> Iterator[Submission]:
    partners = load().partners
    writer = Writer(Random(SEED), now)
    for index in range(first, first + firms):
        yield _submission(writer, index, partners[index % len(partners)], wishes[index // len(partners) % len(wishes)])


def warming(now: datetime) -> Iterator[Submission]:
    """A few firms that no measurement has: every partner and every need once, so that all connections are open."""
    return one_need(WARMING, now, 4_000_000)


def own_need(firms: int, now: datetime, first: int = 0) -> Iterator[Submission]:
    """Firms told by the very partner that will get their referral, so that it sees both ends. From firm `first` on."""
    writer = Writer(Random(SEED), now)
    for index in range(first, first + firms):
        wish = ONE_NEED[index % len(ONE_NEED)]
        yield _submission(writer, index, wish.partner, wish)


def demo_mix(firms: int, now: datetime) -> Iterator[Submission]:
    """The demo's firms with everything that happens to them: told twice, refused, without consent, with news."""
    submissions = write_script(SEED, firms, FIRST_NUMBER, now).submissions
    return iter(sorted(submissions, key=lambda submission: submission.after))  # a stable sort: turns stay in order


def _submission(writer: Writer, index: int, publisher: str, wish: Wish) -> Submission:
    turn = Turn(index, FIRST_NUMBER + index)
    company = writer.company(turn, wish.kind, publisher, wish.declared, consents=(wish.partner,))
    data = writer.data(company) | {"reference": f"bench-{index}"}
    return writer.submission(publisher, id_of(company.number, 1), data, "registered")

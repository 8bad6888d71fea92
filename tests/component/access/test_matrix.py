"""The matrix of access: every principal × every topic, group and act of an administrator, asked on the wire.

Each cell is one answer of the broker, held against `expected.py`. It is right only where the answer is the very one:
what is granted, or the refusal of that kind of resource.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

import pytest_asyncio
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it re-exports by plain import
    AdminClient,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialDeletion,
)

from deploy.kafka import acls
from deploy.kafka.broker import Broker
from deploy.kafka.desired import desired, grants, users_of
from deploy.kafka.plan import Allow, CreateTopic, CreateUser, Plan, Step
from deploy.local.home import Home
from shared.agreement import load
from shared.contracts.topics import topics_of
from shared.testing.waiting import until
from tests.component.access import asking, knock
from tests.component.access.expected import PARTNERS, SERVICES, TOPICS, may_join, may_read, may_write

YOUNGER = "conf"
"""A thirteenth partner, whose code is the beginning of four others'."""
ALL = (*PARTNERS, YOUNGER)
LEFT = "left"
"""A body that has left: its password still works, its rights are gone."""
GONE = "gone"
"""One whose password was taken away as well."""
NOWHERE = ("partners.nobody.firms.v1", "partners.cna.firms.v1.dlq")
"""Topics that do not exist: a stranger is told of them what it is told of those of others."""
PRINCIPALS = (*SERVICES, *(user for code in ALL for user in users_of(code)), LEFT)
LEAST = 25_000
"""Cells; so that no part of the matrix gets lost without a word."""

LET_IN = {"join": knock.LET_INTO_GROUP, "beat": (25,), "leave": (25,), "find": (0,), "fetch": (0,), "commit": (0,)}
"""What a group answers to its own; 25: it does not know this member."""
TRANSACTION_REFUSED = 53


@dataclass
class Matrix:
    """Counts what was asked and keeps what was answered otherwise than expected."""

    cells: int = 0
    wrong: list[str] = field(default_factory=list)

    def hold(self, user: str, answers: asking.Answers, expected: dict[tuple[str, str], tuple[int, ...]]) -> None:
        self.cells += len(expected)
        assert answers.keys() == expected.keys(), answers.keys() ^ expected.keys()
        for (asked, of), code in answers.items():
            if code not in expected[asked, of]:
                self.wrong.append(f"{user}: {asked} {of}: {code} instead of {expected[asked, of]}")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crowded(home: Home, prefix: str) -> AsyncIterator[str]:
    """The prefix, with a thirteenth partner on it; second users, and two bodies that have left, can log in."""
    younger = grants((YOUNGER,), prefix)
    layout = desired(load(), prefix=prefix).topics[f"{prefix}partners.cna.firms.v1"]
    made = {*(f"{code}.b" for code in PARTNERS), *users_of(YOUNGER), LEFT, GONE}
    steps: tuple[Step, ...] = (
        *(CreateTopic(prefix + topic.name, layout) for topic in topics_of(YOUNGER)),
        *map(CreateUser, sorted(made)),
        *map(Allow, sorted(younger)),
    )
    await Broker(home.kafka_admin(), home.kafka_client).apply(Plan(steps))
    admin = AdminClient({**home.kafka_admin()})
    _forget(admin, [GONE])
    await until(lambda: _all_let_in(home, made - {GONE}), what="the new users")
    yield prefix
    _forget(admin, sorted(made - {GONE}))
    own = [grant for grant in younger if YOUNGER in grant.user or YOUNGER + "." in grant.name]
    for deleted in admin.delete_acls([acls.matching(grant) for grant in own]).values():
        deleted.result(20)
    for gone in admin.delete_topics([prefix + topic.name for topic in topics_of(YOUNGER)]).values():
        gone.result(20)


def _forget(admin: AdminClient, users: Iterable[str]) -> None:
    taken: list[UserScramCredentialAlteration] = [
        UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512) for user in users
    ]
    for future in admin.alter_user_scram_credentials(taken).values():
        future.result(20)


async def _all_let_in(home: Home, users: Iterable[str]) -> bool:
    return all([await knock.is_let_in(home, user) for user in users])


async def _awake(home: Home, groups: list[str]) -> bool:
    """Whether the coordinators of the groups, and who gives out producers' ids, are at work: before, even those who may
    ask are told to come again."""
    async with knock.logged_in(home, "admin") as connection:
        told = await asking.of_groups(connection, groups, "none")
        told |= await asking.of_cluster(connection, "admin", "none")
    return not {14, 15, 16} & set(told.values())


async def test_everybody_gets_what_the_contract_gives_and_nothing_else(home: Home, crowded: str) -> None:
    topics = [
        *(crowded + name for name in (*TOPICS, *NOWHERE)),
        *(crowded + topic.name for topic in topics_of(YOUNGER)),
    ]
    groups = [name for service in SERVICES for name in (crowded + service, service, f"{crowded}{service}.x")]
    groups += [code + end for code in (*ALL, LEFT) for end in ("", ".", ".app", ".b.app", "x.app")]
    await until(lambda: _awake(home, groups), what="the coordinators of the groups")
    matrix = Matrix()
    for user in PRINCIPALS:
        writable, readable = (
            {crowded + name for name in may(user, ALL)} if user != LEFT else set() for may in (may_write, may_read)
        )
        mine = {group for group in groups if user != LEFT and may_join(user, group, crowded)}
        async with knock.logged_in(home, user) as connection:
            matrix.hold(user, await asking.of_topics(connection, topics), _of_topics(topics, writable, readable))
            some = min(readable, default=topics[0])
            matrix.hold(user, await asking.of_groups(connection, groups, some), _of_groups(groups, mine))
            told = await asking.of_cluster(connection, user, f"{crowded}new.v1")
            matrix.hold(user, told, {key: _of_cluster(key[0], bool(writable)) for key in told})
    print(f"{matrix.cells} cells, {len(PRINCIPALS)} principals, {len(matrix.wrong)} otherwise than expected")
    assert matrix.wrong == []
    assert matrix.cells >= LEAST


def _of_topics(topics: Iterable[str], writable: set[str], readable: set[str]) -> dict[tuple[str, str], tuple[int, ...]]:
    own = {"write": writable, "read": readable}
    own |= dict.fromkeys(("see", "describe", "ends"), writable | readable)
    never: set[str] = set()
    return {
        (asked, topic): (knock.DONE if topic in own.get(asked, never) else knock.TOPIC_REFUSED,)
        for asked in ("write", "read", "see", "describe", "ends", "settings", "change", "empty", "widen", "delete")
        for topic in topics
    }


def _of_groups(groups: Iterable[str], mine: set[str]) -> dict[tuple[str, str], tuple[int, ...]]:
    expected: dict[tuple[str, str], tuple[int, ...]] = {}
    for group in groups:
        for asked, granted in (*LET_IN.items(), ("describe", (0, 69)), ("see", (asking.SEEN,))):
            refused = asking.UNSEEN if asked == "see" else knock.GROUP_REFUSED
            expected[asked, group] = granted if group in mine else (refused,)
        expected["delete", group] = (knock.GROUP_REFUSED,)
    return expected


def _of_cluster(asked: str, writes_something: bool) -> tuple[int, ...]:
    if "transaction" in asked:
        return (TRANSACTION_REFUSED,)
    if asked == "idempotence" and writes_something:
        return (knock.DONE,)
    return (knock.TOPIC_REFUSED,) if asked == "create topic" else (knock.CLUSTER_REFUSED,)


async def test_nobody_comes_in_without_the_right_password_by_any_door(home: Home, crowded: str) -> None:
    """With a wrong one, with none, after it was taken away, as a stranger; and none opens the controller's door."""
    let_in = [user for user in (*PRINCIPALS, GONE, "nobody", "admin") if await knock.is_let_in(home, user, "wrong")]
    let_in += [user for user in (GONE, "nobody") if await knock.is_let_in(home, user)]
    let_in += [f"{user} (controller)" for user in PRINCIPALS if await knock.is_let_in_as_controller(home, user)]
    let_in += [f"anonymous ({door})" for door in knock.DOORS if await knock.is_answered_without_login(home, door)]
    assert let_in == []
    assert await knock.is_let_in(home, "cna"), "this way of asking lets in who may come"

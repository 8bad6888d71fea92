"""Passwords: one that works is never changed, one that does not is mended, and a partner's second user is its equal."""

import time

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it re-exports by plain import
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from deploy.kafka.wire import LoginRefused, wire
from deploy.local.home import Home
from deploy.provision import plan, provision
from tests.component.access import knock


def set_password(home: Home, user: str, password: str) -> None:
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    admin = AdminClient({**home.kafka_admin()})
    for future in admin.alter_user_scram_credentials(
        [UserScramCredentialUpsertion(user, info, password.encode())]
    ).values():
        future.result(timeout=20)


async def is_let_in(home: Home, user: str) -> bool:
    try:
        async with wire(home.kafka_client(user)):
            return True
    except LoginRefused:
        return False


async def until_let_in(home: Home, user: str, wanted: bool) -> None:
    """The broker takes up a credential a moment after the controller; a refused login itself takes 100 ms."""
    until = time.monotonic() + 20
    while await is_let_in(home, user) is not wanted:
        assert time.monotonic() < until, f"{user} let in: {not wanted}"


async def test_a_password_that_no_longer_works_is_told_and_set_to_what_the_secrets_hold(
    home: Home, prefix: str
) -> None:
    set_password(home, "cna", "changed by somebody")
    await until_let_in(home, "cna", False)
    line = ["set the password of user cna anew: the one in the secrets does not let it in"]
    assert await plan(home, topic_prefix=prefix, partitions=2) == line
    assert await provision(home, topic_prefix=prefix, partitions=2) == line
    assert await is_let_in(home, "cna")
    assert await plan(home, topic_prefix=prefix, partitions=2) == []


async def test_the_second_user_of_a_partner_has_the_rights_of_the_first(home: Home, prefix: str) -> None:
    set_password(home, "cna.b", home.kafka_password("cna.b"))
    await until_let_in(home, "cna.b", True)
    own, foreign = f"{prefix}partners.cna.", f"{prefix}partners.claai."
    async with knock.logged_in(home, "cna.b") as connection:
        written = await knock.writes(connection, [f"{own}firms.v1", f"{own}receipts.v1", f"{foreign}firms.v1"])
        read = await knock.reads(connection, [f"{own}receipts.v1", f"{own}firms.v1", f"{foreign}receipts.v1"])
        joined = await knock.joins(connection, ["cna.app", "cna.b.app", "claai.app"])
    assert list(written.values()) == [knock.DONE, knock.TOPIC_REFUSED, knock.TOPIC_REFUSED]
    assert list(read.values()) == [knock.DONE, knock.TOPIC_REFUSED, knock.TOPIC_REFUSED]
    assert [answer == knock.GROUP_REFUSED for answer in joined.values()] == [False, False, True]

"""What the broker keeps, and provisioning mends: passwords, limits, rights, and what a stranger may send.

Who may do what is the matrix of `test_matrix.py`.
"""

import time

import pytest
from aiokafka.protocol.admin import DescribeAclsRequest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it re-exports by plain import
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from cli.commands.partner import settings_of
from deploy.kafka import quotas
from deploy.kafka.plan import SetQuota
from deploy.kafka.wire import wire
from deploy.local.home import Home
from deploy.provision import plan, provision
from shared.errors import Trouble
from tests.component.access import knock
from tests.component.access.expected import may_write


@pytest.mark.parametrize("user", ["cna", "intake"])
def test_nobody_but_the_administrator_changes_the_broker(user: str, home: Home, prefix: str) -> None:
    admin = AdminClient({**home.kafka_admin(), "sasl.username": user, "sasl.password": home.kafka_password(user)})
    foreign = AclBinding(
        ResourceType.TOPIC,
        f"{prefix}partners.claai.receipts.v1",
        ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        AclOperation.READ,
        AclPermissionType.ALLOW,
    )
    own = next(iter(may_write(user)))
    password = UserScramCredentialUpsertion(
        "claai", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), b"taken over"
    )
    refused = [
        *admin.create_topics([NewTopic(f"{prefix}new.v1", 1, 1)]).values(),
        *admin.delete_topics([prefix + own]).values(),
        *admin.create_acls([foreign]).values(),
        *admin.alter_user_scram_credentials([password]).values(),
    ]
    names = []
    for future in refused:
        with pytest.raises(KafkaException) as error:
            future.result(timeout=20)
        names.append(error.value.args[0].name())
    assert set(names) <= {"TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED"}
    assert len(names) == 4


@pytest.mark.parametrize("user", ["cna", "intake"])
async def test_nobody_but_the_administrator_sees_who_may_do_what(user: str, home: Home) -> None:
    """Asked on the wire: librdkafka gives back an empty list where the broker refuses to tell."""
    async with knock.logged_in(home, user) as connection:
        answer = await connection.send(DescribeAclsRequest(1, None, 1, None, None, 1, 1))
        assert (answer.error_code, list(answer.resources)) == (knock.CLUSTER_REFUSED, [])
        with pytest.raises(Trouble, match="Kafka does not tell its quotas"):
            await quotas.read(connection)


def test_a_partners_own_client_writes_idempotently_and_reads_its_own_topics_with_its_own_group(
    home: Home, prefix: str
) -> None:
    """No right on the cluster is needed for idempotence, none to describe is granted: both are tried here."""
    settings = partner_settings("cna", home)
    delivered: list[KafkaError | None] = []
    producer = Producer({**settings, "enable.idempotence": True})
    producer.produce(f"{prefix}partners.cna.firms.v1", b"x", on_delivery=lambda error, _: delivered.append(error))
    assert producer.flush(20) == 0
    assert delivered == [None]
    write_as_intake(home, f"{prefix}partners.cna.receipts.v1")
    consumer = Consumer({**settings, "group.id": "cna.app", "auto.offset.reset": "earliest"})
    try:
        consumer.subscribe([f"{prefix}partners.cna.receipts.v1"])
        received = consumer.poll(20)
        assert received is not None
        assert received.error() is None
        consumer.commit(message=received, asynchronous=False)
    finally:
        consumer.close()


def test_a_partner_has_no_transactional_id(home: Home) -> None:
    producer = Producer({**partner_settings("cna", home), "transactional.id": "cna.app", "log_level": 0})
    with pytest.raises(KafkaException) as refused:
        producer.init_transactions(20)
    assert refused.value.args[0].name() == "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"


@pytest.mark.parametrize("changed", [{"sasl.password": "wrong"}, {"sasl.username": "nobody"}])
def test_a_wrong_password_and_a_stranger_are_refused(changed: dict[str, str], home: Home) -> None:
    errors: list[KafkaError] = []
    client = Producer({**partner_settings("cna", home), **changed, "error_cb": errors.append, "log_level": 0})
    until = time.monotonic() + 20
    while not errors and time.monotonic() < until:
        client.poll(0.1)
    assert KafkaError._AUTHENTICATION in {error.code() for error in errors}


async def test_a_partners_bomb_is_measured_unpacked(home: Home, prefix: str) -> None:
    """16 MiB of zeros are 16 KB on the wire. Between our services nothing is unpacked, which shows the difference."""
    bomb = bytes(16 * 1024 * 1024)
    async with knock.logged_in(home, "cna") as partner, knock.logged_in(home, "intake") as service:
        inbound, internal = f"{prefix}partners.cna.firms.v1", f"{prefix}intake.firms.v1"
        assert await knock.writes(partner, [inbound], bomb, gzip=True) == {inbound: knock.TOO_LARGE}
        assert await knock.writes(service, [internal], bomb, gzip=True) == {internal: knock.DONE}


async def test_a_right_given_by_hand_is_seen_told_and_taken_away(home: Home, prefix: str) -> None:
    """Shows that the matrix above can fail, and that provisioning mends what a hand has done."""
    foreign = f"{prefix}partners.claai.receipts.v1"
    rule = AclBinding(
        ResourceType.TOPIC,
        foreign,
        ResourcePatternType.LITERAL,
        "User:cna",
        "*",
        AclOperation.READ,
        AclPermissionType.ALLOW,
    )
    admin = AdminClient({**home.kafka_admin()})
    for future in admin.create_acls([rule]).values():
        future.result(timeout=20)
    line = [f"revoke cna Read on topic {foreign}"]
    assert await plan(home, topic_prefix=prefix, partitions=2) == line
    async with knock.logged_in(home, "cna") as connection:
        assert await knock.reads(connection, [foreign]) == {foreign: knock.DONE}
        assert await provision(home, topic_prefix=prefix, partitions=2) == line
        assert await knock.reads(connection, [foreign]) == {foreign: knock.TOPIC_REFUSED}


async def test_provisioning_again_finds_nothing_to_do(home: Home, prefix: str) -> None:
    assert await provision(home, topic_prefix=prefix, partitions=2) == []
    assert await plan(home, topic_prefix=prefix, partitions=2) == []


async def test_quotas_come_back_as_they_were_set_and_are_mended(home: Home, prefix: str) -> None:
    """Pins the two requests that no client library has, in both directions."""
    wanted = {"producer_byte_rate": 4194304.0, "consumer_byte_rate": 8388608.0, "request_percentage": 50.0}
    async with wire(home.kafka_client("admin")) as connection:
        assert (await quotas.read(connection))["cna"] == wanted
        assert (await quotas.read(connection))["cna.b"] == wanted
        await quotas.apply(connection, [SetQuota("cna", {"producer_byte_rate": 1000.0, "request_percentage": None})])
    assert await provision(home, topic_prefix=prefix, partitions=2) == [
        "limit cna: producer_byte_rate 4194304, request_percentage 50"
    ]
    async with wire(home.kafka_client("admin")) as connection:
        assert (await quotas.read(connection))["cna"] == wanted
        with pytest.raises(Trouble, match="Kafka refuses the quota of cna: "):
            await quotas.apply(connection, [SetQuota("cna", {"no_such_rate": 1.0})])


async def test_another_number_of_partitions_is_told_and_left(home: Home, prefix: str) -> None:
    line = [
        "the internal topics of intake, classifier, referral, notifier have fewer partitions than the 4 that are "
        "wanted: kept; `portolano feeds grow 4` raises them while the system runs"
    ]
    assert await plan(home, topic_prefix=prefix, partitions=4) == line
    assert await provision(home, topic_prefix=prefix, partitions=4) == line
    assert await plan(home, topic_prefix=prefix, partitions=1) == [], "what a store has holds"


def partner_settings(code: str, home: Home) -> dict[str, str | int | bool]:
    address = f"127.0.0.1:{home.port('kafka_partners')}"
    return {**settings_of("librdkafka", code, home.kafka_password(code), address, home.partners_ca)}


def write_as_intake(home: Home, topic: str) -> None:
    own = {"sasl.username": "intake", "sasl.password": home.kafka_password("intake")}
    producer = Producer({**home.kafka_admin(), **own, "enable.idempotence": True})
    producer.produce(topic, b"x")
    assert producer.flush(20) == 0

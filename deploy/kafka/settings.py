"""What a single broker is told at its start, the same wherever it runs: its doors, who may come in, how much it takes.

Broker and controller are one process (KRaft). Of its doors PARTNERS speaks TLS; every client logs in with
SCRAM-SHA-512; nobody reads or writes anything without a grant, and the one super user is `admin`. Pure.
"""

from collections.abc import Mapping

_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


def server_settings(
    *,
    doors: Mapping[str, str],
    controller: str,
    admin_password: str,
    controller_password: str,
    keystore: str,
    authority: str,
    data: str,
) -> dict[str, str]:
    """The `server.properties` of a lone broker.

    `doors`: listener → host:port to bind, INTERNAL and PARTNERS among them; any other is for clients of our own, like
    INTERNAL. `controller` is host:port as well, and has to be on loopback, because passwords go over it in the clear.
    `keystore`: PEM with key, certificate and authority; `authority`: PEM. `data`: the directory of the logs.
    """
    security = {name: "SASL_SSL" if name == "PARTNERS" else "SASL_PLAINTEXT" for name in doors}
    logins = {f"listener.name.{name.lower()}.scram-sha-512.sasl.jaas.config": f"{_SCRAM} required;" for name in doors}
    # The door over which the broker also talks to itself: there it has to log in, not only to let in.
    logins["listener.name.internal.scram-sha-512.sasl.jaas.config"] = (
        f'{_SCRAM} required username="admin" password="{admin_password}";'
    )
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "listeners": ",".join(f"{name}://{where}" for name, where in {**doors, "CONTROLLER": controller}.items()),
        "listener.security.protocol.map": ",".join(
            f"{name}:{protocol}" for name, protocol in {**security, "CONTROLLER": "SASL_PLAINTEXT"}.items()
        ),
        "inter.broker.listener.name": "INTERNAL",
        "controller.listener.names": "CONTROLLER",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        # The controller's users stand in its own log, which it can only read once it runs: so PLAIN, here only.
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": f'{_PLAIN} required username="controller" '
        f'password="{controller_password}" user_controller="{controller_password}";',
        **logins,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": keystore,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:admin;User:controller",
        "allow.everyone.if.no.acl.found": "false",
        "auto.create.topics.enable": "false",
        "log.dirs": data,
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        # Tests let a dead service's partitions go after two seconds instead of six.
        "group.min.session.timeout.ms": "1000",
        # After kill -9 a lone broker is refused until its old session has run out.
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "500",
        # One machine, few clients: fewer threads, fewer files, a cleaner that does not take 128 MB of the heap.
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.num.partitions": "4",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "4",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    }


def as_properties(settings: Mapping[str, str]) -> str:
    """The text of a properties file."""
    return "".join(f"{name}={value}\n".replace("\\", "\\\\") for name, value in settings.items())

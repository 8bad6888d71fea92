"""The real broker: what stands on it, and the steps of a plan done to it.

Every request goes out as the super user `admin`. Users are created when they are absent. Kafka never tells a password,
so whether an existing user's is the one in the secrets is found out by logging in with it; only one that no longer
works is set anew, and the plan says so in a line of its own. Setting all of them blindly each time would cut off,
without a word, a partner whose password was changed on purpose elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it re-exports by plain import
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from deploy.kafka import acls, quotas
from deploy.kafka.plan import Allow, ChangeSetting, CreateTopic, CreateUser, Plan, RenewPassword, Revoke, SetQuota
from deploy.kafka.state import Layout, State
from deploy.kafka.wire import LoginRefused, wire
from shared.errors import Trouble, Unreachable

_ANSWER_WITHIN = 20.0
_ITERATIONS = 4096  # Kafka's least: the passwords are 24 random bytes, so stretching them adds nothing but slow logins

T = TypeVar("T")
S = TypeVar("S")
Client = Mapping[str, str]


class Broker:
    """A running broker, seen by its super user.

    `admin` are confluent's settings for the super user, `client_of` gives aiokafka's for any user, with the
    password that the secrets hold.
    """

    def __init__(self, admin: Mapping[str, str | int | float | bool], client_of: Callable[[str], Client]) -> None:
        self._settings = dict(admin)
        self._client_of = client_of

    async def read(self, users: frozenset[str], prefix: str = "") -> State:
        """What stands on the broker: topics whose name begins with `prefix`, and everybody's rights.

        Of `users`, those that exist are asked whether their password works.

        Raises Unreachable where nobody answers, Trouble where the super user is refused.
        """
        async with wire(self._client_of("admin")) as connection:  # first, because it says at once what is wrong
            limits = await quotas.read(connection)
        admin = self._admin()
        try:
            everyone = admin.describe_user_scram_credentials()
            assert isinstance(everyone, Future)  # a mapping of futures only where users are named
            existing = await _await(everyone)
            known = frozenset(
                name
                for name, described in existing.items()
                if any(info.mechanism is ScramMechanism.SCRAM_SHA_512 for info in described.scram_credential_infos)
            )
            # Told to nobody but a super user: librdkafka would give back an empty list, and every grant looked missing.
            bindings = await _await(admin.describe_acls(acls.EVERY_ONE))
            topics = await self._topics(admin, prefix)
        except (KafkaException, TimeoutError) as refused:
            raise _told("read the state of Kafka", refused) from refused
        logins = await asyncio.gather(*(self._lets_in(name) for name in sorted(known & users)))
        return State(
            topics=topics,
            users=known,
            locked_out=frozenset(name for name, open_ in zip(sorted(known & users), logins, strict=True) if not open_),
            grants=frozenset(acls.grant(binding) for binding in bindings if binding.principal.startswith("User:")),
            quotas=limits,
        )

    async def apply(self, plan: Plan) -> None:
        """Do the steps of a plan, kind by kind, each kind in one request; raises Trouble with the first refusal."""
        admin, steps = self._admin(), plan.steps
        try:
            if revoked := [acls.matching(step.grant) for step in steps if isinstance(step, Revoke)]:
                await _all(admin.delete_acls(revoked))
            if created := [_new_topic(step) for step in steps if isinstance(step, CreateTopic)]:
                await _all(admin.create_topics(created, operation_timeout=_ANSWER_WITHIN))
            if changed := _changed([step for step in steps if isinstance(step, ChangeSetting)]):
                await _all(admin.incremental_alter_configs(changed))
            if users := [step.name for step in steps if isinstance(step, CreateUser | RenewPassword)]:
                await _all(admin.alter_user_scram_credentials([self._credential(name) for name in users]))
            if allowed := [acls.binding(step.grant) for step in steps if isinstance(step, Allow)]:
                await _all(admin.create_acls(allowed))
        except (KafkaException, TimeoutError) as refused:
            raise _told("provision Kafka", refused) from refused
        if limits := [step for step in steps if isinstance(step, SetQuota)]:
            async with wire(self._client_of("admin")) as connection:
                await quotas.apply(connection, limits)

    async def add_partitions(self, topics: Mapping[str, int]) -> None:
        """Give topics that have fewer so many partitions; done when the broker shows them, each with a leader. Whether
        it is this call that gave them or another one beside it makes no difference."""
        admin = self._admin()
        try:
            if topics:
                wanted = admin.create_partitions([NewPartitions(name, total) for name, total in topics.items()])
                for answer in wanted.values():
                    try:
                        await _await(answer)
                    except KafkaException as refused:
                        # Somebody was faster between our look and this. Fewer than there are can be wanted by nobody
                        # who looked, so that the number stands already, or a higher one.
                        if refused.args[0].code() != KafkaError.INVALID_PARTITIONS:
                            raise
            until = time.monotonic() + _ANSWER_WITHIN
            while time.monotonic() < until:
                listed = (await asyncio.to_thread(admin.list_topics, timeout=_ANSWER_WITHIN)).topics
                led = {name: sum(one.leader >= 0 for one in listed[name].partitions.values()) for name in topics}
                if all(led[name] >= total for name, total in topics.items()):
                    return
                await asyncio.sleep(0.05)
        except (KafkaException, TimeoutError) as refused:
            raise _told("give topics more partitions", refused) from refused
        raise Trouble(f"Kafka took more partitions for {', '.join(topics)} and does not show them: look into its log")

    async def partitions(self, topics: Sequence[str]) -> dict[str, int]:
        """How many each of these topics has; nothing of one that is not there."""
        try:
            listed = (await asyncio.to_thread(self._admin().list_topics, timeout=_ANSWER_WITHIN)).topics
        except KafkaException as refused:
            raise _told("ask Kafka for its topics", refused) from refused
        return {name: len(listed[name].partitions) for name in topics if name in listed}

    def _admin(self) -> AdminClient:
        # Its own lines go to the log: on a person's terminal they would drown the one line that matters.
        return AdminClient(self._settings, logger=logging.getLogger(__name__))

    def _credential(self, name: str) -> UserScramCredentialUpsertion:
        password = self._client_of(name)["sasl_plain_password"].encode()
        return UserScramCredentialUpsertion(
            name, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS), password
        )

    async def _lets_in(self, name: str) -> bool:
        try:
            async with wire(self._client_of(name)):
                return True
        except LoginRefused:
            return False

    async def _topics(self, admin: AdminClient, prefix: str) -> dict[str, Layout]:
        listed = await asyncio.to_thread(admin.list_topics, timeout=_ANSWER_WITHIN)
        names = [name for name in listed.topics if name.startswith(prefix) and not name.startswith("__")]
        if not names:
            return {}
        asked = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name) for name in names])
        layouts = {}
        for resource, future in asked.items():
            settings = {entry.name: entry.value for entry in (await _await(future)).values() if entry.value is not None}
            layouts[resource.name] = Layout(len(listed.topics[resource.name].partitions), settings)
        return layouts


async def _await(future: Future[T]) -> T:
    return await asyncio.wait_for(asyncio.wrap_future(future), _ANSWER_WITHIN + 10)


async def _all(futures: Mapping[S, Future[T]]) -> None:
    for future in futures.values():
        await _await(future)


def _told(what: str, refused: KafkaException | TimeoutError) -> Trouble:
    if isinstance(refused, TimeoutError):
        return Unreachable(f"cannot {what}: no answer within {_ANSWER_WITHIN + 10:.0f} s; look at `portolano status`")
    error = refused.args[0]
    kind = Unreachable if error.name() in {"_TRANSPORT", "_TIMED_OUT", "_ALL_BROKERS_DOWN"} else Trouble
    return kind(f"cannot {what}: {error.str()} ({error.name()})")


def _new_topic(step: CreateTopic) -> NewTopic:
    # Replication is the broker's default, so that the same plan serves one machine and a cluster.
    return NewTopic(
        step.name, num_partitions=step.layout.partitions, replication_factor=-1, config=dict(step.layout.settings)
    )


def _changed(steps: Sequence[ChangeSetting]) -> list[ConfigResource]:
    by_topic: dict[str, list[ConfigEntry]] = {}
    for step in steps:
        entry = ConfigEntry(step.setting, step.value, incremental_operation=AlterConfigOpType.SET)
        by_topic.setdefault(step.topic, []).append(entry)
    return [
        ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
        for topic, entries in by_topic.items()
    ]

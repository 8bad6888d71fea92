"""Every request that this suite makes of the broker as one user, each told as the broker's answer: an error code.

What is asked is harmless where it is refused, as it has to be, and what is granted changes nothing that another test
looks at: changes of settings are only validated, offsets are committed in the user's own groups.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol import admin
from aiokafka.protocol.api import Request
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.group import HeartbeatRequest, LeaveGroupRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.transaction import EndTxnRequest, InitProducerIdRequest

from tests.component.access import knock

SEEN, UNSEEN = 0, 29
"""A name in a list, and one that is not there: the second is what a stranger is to meet."""
_TOPIC, _BROKER = 2, 4
_GROUP, _TRANSACTION = 0, 1
_WAIT = 10_000


class _DescribeGroups(Request[admin.DescribeGroupsRequest_v0]):  # type: ignore[misc]  # aiokafka is untyped
    """The oldest version: of the newest that aiokafka speaks it cannot read the answer."""

    API_KEY = 15

    def __init__(self, groups: list[str]) -> None:
        self._groups = groups

    def build(self, struct: type[admin.DescribeGroupsRequest_v0]) -> admin.DescribeGroupsRequest_v0:
        return struct(self._groups)


Answers = dict[tuple[str, str], int]
"""(what was asked, of what) -> error code."""


async def of_topics(connection: AIOKafkaConnection, topics: Sequence[str]) -> Answers:
    """Each request once, with all topics in it."""
    seen = await knock.sees(connection)
    named = await connection.send(MetadataRequest(list(topics), False))
    offsets = await connection.send(OffsetRequest(-1, 0, [(topic, [(0, -1)]) for topic in topics]))
    settings = await connection.send(admin.DescribeConfigsRequest([(_TOPIC, topic, None) for topic in topics]))
    wanted = [("retention.ms", "1000")]
    changed = await connection.send(admin.AlterConfigsRequest([(_TOPIC, topic, wanted) for topic in topics], True))
    emptied = await connection.send(admin.DeleteRecordsRequest([(topic, [(0, 0)]) for topic in topics], _WAIT))
    widened = await connection.send(admin.CreatePartitionsRequest([(t, (9, None)) for t in topics], _WAIT, True))
    deleted = await connection.send(admin.DeleteTopicsRequest(list(topics), _WAIT))
    answers: dict[str, Mapping[str, int]] = {
        "write": await knock.writes(connection, topics),
        "read": await knock.reads(connection, topics),
        "see": {topic: SEEN if topic in seen else UNSEEN for topic in topics},
        "describe": {topic: error for error, topic, *_ in named.topics},
        "ends": {topic: partitions[0][1] for topic, partitions in offsets.topics},
        "settings": {name: error for error, _, _, name, *_ in settings.resources},
        "change": {name: error for error, _, _, name in changed.resources},
        "empty": {topic: partitions[0][2] for topic, partitions, *_ in emptied.topics},
        "widen": {topic: error for topic, error, *_ in widened.topic_errors},
        "delete": {topic: error for topic, error, *_ in deleted.topic_error_codes},
    }
    return {(what, topic): code for what, told in answers.items() for topic, code in told.items()}


async def of_groups(connection: AIOKafkaConnection, groups: Sequence[str], readable: str) -> Answers:
    """Each request for each group. `readable`: a topic that the user may read, to commit an offset of."""
    answers: Answers = {("join", group): code for group, code in (await knock.joins(connection, groups)).items()}
    for group in groups:
        found = await connection.send(FindCoordinatorRequest(group, _GROUP))
        beaten = await connection.send(HeartbeatRequest(group, 1, "nobody"))
        fetched = await connection.send(OffsetFetchRequest(group, None))
        committed = await connection.send(OffsetCommitRequest(group, -1, "", -1, [(readable, [(0, 0, "")])]))
        left = await connection.send(LeaveGroupRequest(group, "nobody"))
        ((_, ((_, code),)),) = committed.topics
        answers |= {
            ("find", group): found.error_code,
            ("beat", group): beaten.error_code,
            ("fetch", group): fetched.error_code,
            ("commit", group): code,
            ("leave", group): left.error_code,
        }
    described = await connection.send(_DescribeGroups(list(groups)))
    answers |= {("describe", one[1]): one[0] for one in described.groups}
    listed = {name for name, *_ in (await connection.send(admin.ListGroupsRequest())).groups}
    answers |= {("see", group): SEEN if group in listed else UNSEEN for group in groups}
    deleted = await connection.send(admin.DeleteGroupsRequest(list(groups)))
    return answers | {("delete", group): code for group, code in deleted.results}


async def of_cluster(connection: AIOKafkaConnection, user: str, topic: str) -> Answers:
    """What only an administrator may; `topic` does not exist."""
    return {(what, "cluster"): code async for what, code in _of_cluster(connection, user, topic)}


async def _of_cluster(connection: AIOKafkaConnection, user: str, topic: str) -> AsyncIterator[tuple[str, int]]:
    rule = (_TOPIC, topic, 3, f"User:{user}", "*", 3, 3)
    made = await connection.send(admin.CreateTopicsRequest([(topic, 1, 1, [], [])], _WAIT, True))
    yield "create topic", made.topic_errors[0][1]
    yield "describe rules", (await connection.send(admin.DescribeAclsRequest(1, None, 1, None, None, 1, 1))).error_code
    yield "create rule", (await connection.send(admin.CreateAclsRequest(*rule))).creation_responses[0][0]
    yield "delete rule", (await connection.send(admin.DeleteAclsRequest(*rule))).filter_responses[0][0]
    yield (
        "broker settings",
        (await connection.send(admin.DescribeConfigsRequest([(_BROKER, "1", None)]))).resources[0][0],
    )
    change = [(_BROKER, "1", [("log.retention.ms", "1000")])]
    yield "change broker", (await connection.send(admin.AlterConfigsRequest(change, True))).resources[0][0]
    yield "quotas", (await connection.send(admin.DescribeClientQuotasRequest([("user", 0, user)], False))).error_code
    yield "moves", (await connection.send(admin.ListPartitionReassignmentsRequest(_WAIT, None, {}))).error_code
    move = admin.AlterPartitionReassignmentsRequest(_WAIT, [], {})
    yield "move", (await connection.send(move)).error_code
    for name in (user, f"{user}.app"):
        yield f"transaction {name}", (await connection.send(InitProducerIdRequest(name, 1000))).error_code
        yield f"find transaction {name}", (await connection.send(FindCoordinatorRequest(name, _TRANSACTION))).error_code
        yield f"end transaction {name}", (await connection.send(EndTxnRequest(name, 1, 0, True))).error_code
    yield "idempotence", (await connection.send(InitProducerIdRequest(None, 1000))).error_code

"""Client quotas by user, in the protocol's own words: DescribeClientQuotas (key 48) and AlterClientQuotas (key 49).

Neither aiokafka nor librdkafka has them. Version 0 of both is enough and is plain: no tagged fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int8, Int16, Int32, Schema, String

from deploy.kafka.plan import SetQuota
from deploy.kafka.wire import Wire
from shared.errors import Trouble

_TEXT = String("utf-8")
_ENTITY = ("entity", Array(("type", _TEXT), ("name", _TEXT)))
_ANY_NAME = 2  # match types: 0 this name, 1 the default entity, 2 whatever has a name

# aiokafka carries no type information, so its classes are Any to a type checker, and these derive from them.


class _DescribeResponse(Response):  # type: ignore[misc]  # aiokafka is untyped
    API_KEY = 48
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("error_message", _TEXT),
        ("entries", Array(_ENTITY, ("values", Array(("key", _TEXT), ("value", Float64))))),
    )


class _DescribeStruct(RequestStruct):  # type: ignore[misc]  # aiokafka is untyped
    API_KEY = 48
    API_VERSION = 0
    RESPONSE_TYPE = _DescribeResponse
    SCHEMA = Schema(
        ("components", Array(("entity_type", _TEXT), ("match_type", Int8), ("match", _TEXT))),
        ("strict", Boolean),
    )


class _AlterResponse(Response):  # type: ignore[misc]  # aiokafka is untyped
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", _TEXT), _ENTITY)),
    )


class _AlterStruct(RequestStruct):  # type: ignore[misc]  # aiokafka is untyped
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _AlterResponse
    SCHEMA = Schema(
        ("entries", Array(_ENTITY, ("ops", Array(("key", _TEXT), ("value", Float64), ("remove", Boolean))))),
        ("validate_only", Boolean),
    )


class _Describe(Request[_DescribeStruct]):  # type: ignore[misc]  # aiokafka is untyped
    API_KEY = 48

    def build(self, struct: type[_DescribeStruct]) -> _DescribeStruct:
        return struct([("user", _ANY_NAME, None)], True)  # strict: entities of user alone, not of user and client


class _Alter(Request[_AlterStruct]):  # type: ignore[misc]  # aiokafka is untyped
    API_KEY = 49

    def __init__(self, changes: Sequence[SetQuota]) -> None:
        self._entries = [
            (
                [("user", change.user)],
                [(key, 0.0 if value is None else value, value is None) for key, value in change.values.items()],
            )
            for change in changes
        ]

    def build(self, struct: type[_AlterStruct]) -> _AlterStruct:
        return struct(self._entries, False)


async def read(connection: Wire) -> dict[str, Mapping[str, float]]:
    """The quotas of every user that has some, by quota name."""
    answer = await connection.send(_Describe())
    if answer.error_code:
        raise Trouble(f"Kafka does not tell its quotas: {answer.error_message or answer.error_code}")
    return {dict(entity)["user"]: dict(values) for entity, values in answer.entries or []}


async def apply(connection: Wire, changes: Sequence[SetQuota]) -> None:
    """Make these changes; raises Trouble with the first that the broker refuses."""
    answer = await connection.send(_Alter(changes))
    for error_code, message, entity in answer.entries:
        if error_code:
            raise Trouble(f"Kafka refuses the quota of {dict(entity)['user']}: {message or error_code}")

"""Looking for words wherever the house could have put them: each column of each store, each record of each topic."""

from collections.abc import Iterable, Sequence
from typing import Any

from cli.audit.evidence import read_topics
from deploy.local.home import SERVICES, Home
from shared.agreement import load
from shared.contracts.topics import topics
from shared.feeds.records import unpack
from tests.component.telemetry.whole import Whole

_COLUMNS = """SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) = 'bytea' AS bytes
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND a.attnum > 0 AND NOT a.attisdropped"""


async def in_stores(whole: Whole, words: Sequence[str]) -> set[str]:
    """`service.table.column` of each column that holds one of the words, whatever its type; outbox rows unpacked."""
    found: set[str] = set()
    for service in SERVICES:
        async with whole.store(service) as store:
            for row in await store.fetch(_COLUMNS):
                table, column = row["table"], row["column"]
                value = f'"{column}"' if row["bytes"] else f'"{column}"::text'
                values = await store.fetch(f'SELECT {value} AS it FROM "{table}" WHERE "{column}" IS NOT NULL')
                if any(holds(one["it"], words, packed=(table, column) == ("outbox", "body")) for one in values):
                    found.add(f"{service}.{table}.{column}")
    return found


def holds(value: str | bytes, words: Iterable[str], *, packed: bool = False) -> bool:
    """Whether one of the words is in a value, also where that is bytes, or an outbox row's body."""
    if packed:
        assert isinstance(value, bytes)
        return any(_in_record(one.key, one.value, one.headers, words) for one in unpack(value))
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return any(word.casefold() in text.casefold() for word in words)


async def in_topics(home: Home, prefix: str, words: Sequence[str]) -> set[str]:
    """Names of the topics, without the prefix, on which a record holds one of the words."""
    names = [prefix + topic.name for topic in topics(load().partners)]
    logs = await read_topics(home, names)
    return {
        name.removeprefix(prefix)
        for (name, _), log in logs.items()
        if any(_in_record(one.key, one.value, one.headers, words) for one in log.records)
    }


def _in_record(key: Any, value: Any, headers: Any, words: Iterable[str]) -> bool:
    parts = [key, value, *(part for _, part in headers)]
    return any(part is not None and holds(bytes(part), words) for part in parts)

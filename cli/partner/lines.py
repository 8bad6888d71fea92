"""A file of JSON lines, read as a partner's letters: each line is the `data` of a firm.submitted, or a whole event.

Whole is what has a member `specversion` (CloudEvents in JSON). The `data` goes out byte for byte as it was written:
what is wrong in it is for the door to say, all at once. Only what could not be sent at all is refused here, before
anything is sent.
"""

import codecs
import uuid
from collections.abc import Iterable, Iterator

import msgspec

from cli.partner.letters import FIRM_SUBMITTED, Letter, now, source_of

MOST_OF_PREFIX = 50
"""Characters: an id has at most 64, and the line's number follows."""
_NAMED = frozenset({"specversion", "id", "source", "type", "time", "traceparent", "data", "datacontenttype"})


class NotALetter(ValueError):
    """A line that cannot be sent; the message names the file, the line and what it lacks."""


def letters(name: str, lines: Iterable[bytes], code: str, id_prefix: str | None = None) -> Iterator[Letter]:
    """The letters of partner `code` in a file called `name`; empty lines are passed over.

    A line without an id of its own gets `<id_prefix>-<number of the line>`, so that sending the file again is a repeat,
    or a new UUID where there is no prefix. Raises `NotALetter`.
    """
    for number, written in enumerate(lines, start=1):
        line = written.removeprefix(codecs.BOM_UTF8).strip()  # some editors begin a file with that mark
        if not line:
            continue
        origin = f"{name}, line {number}"
        try:
            line.decode()  # the parts that are passed on raw are not looked into otherwise
            members = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        except msgspec.ValidationError:
            raise NotALetter(f"{origin}: not a JSON object; a line is the data of a submission or an event") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NotALetter(f"{origin}: not JSON ({error})") from None
        id = f"{id_prefix}-{number}" if id_prefix else str(uuid.uuid4())
        if "specversion" in members:
            yield _event(members, id, code, origin)
        else:
            yield Letter(type=FIRM_SUBMITTED, source=source_of(code), id=id, data=line, time=now(), origin=origin)


def _event(members: dict[str, msgspec.Raw], id: str, code: str, origin: str) -> Letter:
    attributes = {
        name: text
        for name, value in members.items()
        if name not in ("data", "data_base64") and (text := _text(value, name, origin)) is not None
    }
    if "type" not in attributes:
        raise NotALetter(f"{origin}: an event needs a `type`; leave `specversion` out where the line is data alone")
    if "data_base64" in members or "data" not in members:
        raise NotALetter(f"{origin}: an event needs `data`, as JSON")
    return Letter(
        type=attributes["type"],
        source=attributes.get("source", source_of(code)),
        id=attributes.get("id", id),
        data=bytes(members["data"]),
        time=attributes.get("time"),
        traceparent=attributes.get("traceparent"),
        attributes={name: text for name, text in attributes.items() if name not in _NAMED},
        specversion=attributes["specversion"],
        origin=origin,
    )


def _text(value: msgspec.Raw, name: str, origin: str) -> str | None:
    """An attribute in the form that a header has; None where it is null, which means absent."""
    found = msgspec.json.decode(value)
    match found:
        case None:
            return None
        case str():
            return found
        case bool() | int():
            return bytes(value).decode()
        case _:
            raise NotALetter(f"{origin}: `{name}` is no attribute of an event: text, a whole number or a boolean")

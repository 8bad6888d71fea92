"""Times as text: RFC 3339, always with an offset, held in UTC."""

import re
from datetime import UTC, datetime

_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def rfc3339(text: str) -> datetime | None:
    """The instant, in UTC and to the microsecond; None where the text is not a date-time of RFC 3339."""
    matched = _RFC3339.fullmatch(text)
    if matched is None:
        return None
    day, clock, fraction, offset = matched.groups()
    offset = "+00:00" if offset in "Zz" else offset
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None

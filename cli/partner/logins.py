"""With which of its two users a partner logs in: `<code>` or `<code>.b`, same rights, two passwords (contract, 4).

Kept beside the secrets as `partners/<code>.login`; where that is absent, nothing was ever rotated and it is `<code>`.
While a rotation is under way both let in, and `leaving` is the one that goes.
"""

from pathlib import Path

import msgspec

from deploy.kafka.desired import users_of
from deploy.local.home import Home, write_whole
from shared.errors import Trouble


class Logins(msgspec.Struct, frozen=True, kw_only=True):
    """The user that a partner's clients are given now, and the one that they still may have."""

    current: str
    leaving: str | None = None


def logins_of(home: Home, code: str) -> Logins:
    """How partner `code` logs in. Raises `Trouble` where the note of it cannot be read."""
    path = _path(home, code)
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Logins)
    except FileNotFoundError:
        return Logins(current=code)
    except (OSError, msgspec.MsgspecError) as error:
        raise Trouble(f"{path} cannot be read ({error}): it says with which user {code} logs in") from error
    if not {found.current, found.leaving or found.current} <= {*users_of(code)}:
        raise Trouble(f"{path} names a user that is none of {code}'s: {', '.join(users_of(code))}")
    return found


def note_logins(home: Home, code: str, logins: Logins) -> None:
    write_whole(_path(home, code), msgspec.json.encode(logins).decode() + "\n", mode=0o600)


def password_file(home: Home, user: str) -> Path:
    """Where the password of a partner's user is; the file may not be there yet."""
    return home.secrets / "partners" / user


def _path(home: Home, code: str) -> Path:
    return home.secrets / "partners" / f"{code}.login"

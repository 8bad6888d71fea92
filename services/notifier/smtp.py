"""One kept connection to the mail server, and what each of its answers means for a message.

Taken      the server has it (250 after the data)
PutOff     not now: the server said so, or the line broke in the middle; the message waits by itself
Refused    never: a permanent answer to this recipient or this text
Unreached  there is no server to talk to: no message's fault, so none of them is counted as put off
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Literal, TypeAlias

import aiosmtplib
from aiosmtplib.errors import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from services.notifier.retry import is_final

log = logging.getLogger(__name__)

Security: TypeAlias = Literal["none", "starttls", "tls"]
_CONNECTING = 5.0
_ANSWERING = 20.0
_PARTING = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where mail is handed in. The password stays out of `repr`."""

    host: str
    port: int
    sender: str
    security: Security = "none"
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port}, {self.security})"


@dataclass(frozen=True, slots=True)
class Taken:
    pass


@dataclass(frozen=True, slots=True)
class PutOff:
    code: int


@dataclass(frozen=True, slots=True)
class Refused:
    code: int


@dataclass(frozen=True, slots=True)
class Unreached:
    pass


Answer: TypeAlias = Taken | PutOff | Refused | Unreached


class Line:
    """A connection that is opened when it is needed and kept for as long as it holds. For one sender at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: aiosmtplib.SMTP | None = None

    async def send(self, address: str, message: bytes) -> Answer:
        """Hand one message in. Never raises for what a server or a network can do."""
        try:
            client = await self._opened()
        except (SMTPException, OSError) as error:
            log.warning("mail server %s:%d: %s", self._server.host, self._server.port, _told(error))
            self._drop()
            return Unreached()
        try:
            await client.sendmail(self._server.sender, [address], message)
        except SMTPRecipientsRefused as error:
            code = error.recipients[0].code if error.recipients else 0
            return Refused(code) if is_final(code) else PutOff(code)
        except SMTPDataError as error:
            return Refused(error.code) if is_final(error.code) else PutOff(error.code)
        except SMTPResponseException as error:
            # To the greeting, the sender or the state of the session: ours to mend, and no recipient's fault.
            log.warning("mail server %s:%d: %s", self._server.host, self._server.port, _told(error))
            self._drop()
            return PutOff(error.code)
        except (SMTPException, OSError) as error:
            log.warning("mail server %s:%d: %s", self._server.host, self._server.port, _told(error))
            self._drop()
            return PutOff(0)
        except ValueError:  # the client's own check of the address, before anything was sent
            return Refused(0)
        return Taken()

    async def close(self) -> None:
        """Take leave of the server if it still listens."""
        client, self._client = self._client, None
        if client is None or not client.is_connected:
            return
        try:
            async with asyncio.timeout(_PARTING):
                await client.quit()
        except (SMTPException, OSError):
            client.close()

    async def _opened(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        self._drop()
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=_CONNECTING,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            username=server.username,
            password=server.password,
        )
        self._client = client
        await client.connect()
        client.timeout = _ANSWERING
        return client

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def _told(error: Exception) -> str:
    """Kind and code, never the server's words: they quote addresses."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if code is not None else type(error).__name__

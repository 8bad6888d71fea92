"""The end of all mail on this machine: `python -m deploy.local.mail_sink` takes it by SMTP and shows it by HTTP.

What was answered with 250 is on the disk. Nothing is ever sent on.
"""

import asyncio
import errno
import logging
import sys
from collections.abc import Sequence

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.home import Home
from deploy.local.mail_page import MailPage
from deploy.local.mailbox import Mailbox
from shared.errors import Trouble

_LARGEST = 10 * 1024 * 1024
_log = logging.getLogger(__name__)


class Taker:
    """aiosmtpd's handler: the mailbox first, then the answer."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        whole = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content or b""
        try:
            mail = await self._mailbox.take(envelope.mail_from or "", envelope.rcpt_tos, whole)
        except OSError as failed:
            _log.error("a mail was not taken: %s", failed)
            if failed.errno in (errno.ENOSPC, errno.EDQUOT):
                return "452 4.3.1 the disk is full, try again later"
            return "451 4.3.0 the mail could not be stored, try again later"
        return f"250 2.0.0 kept as {mail.id}"


async def serve(home: Home) -> None:
    """Serve both doors until SIGTERM or SIGINT."""
    mailbox = Mailbox(home.mail)
    smtp = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Taker(mailbox), hostname="localhost", data_size_limit=_LARGEST, enable_SMTPUTF8=True),
        host="127.0.0.1",
        port=home.port("smtp"),
    )
    _log.info("%d mails; SMTP on port %d, page on port %d", len(mailbox), home.port("smtp"), home.port("mail_http"))
    page = uvicorn.Server(
        uvicorn.Config(
            MailPage(mailbox),
            host="127.0.0.1",
            port=home.port("mail_http"),
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=2,
        )
    )
    try:
        await page.serve()
    finally:
        smtp.close()


def main(arguments: Sequence[str] = ()) -> int:
    """Run the sink of the home that the environment names."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    # aiosmtpd logs every command with its arguments, people's addresses among them.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    home = Home.from_environment()
    try:
        home.require_free("smtp", "mail_http")
        asyncio.run(serve(home))
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The mail sink in a container: `python -m deploy.compose.mail DIRECTORY` takes mail on port 1025, shows it on 8025.

It listens on all addresses of its container, so that the notifier reaches it; outside only its page is published, on
the machine's loopback. Nothing is ever sent on.
"""

import asyncio
import logging
import sys
from pathlib import Path

import uvicorn
from aiosmtpd.smtp import SMTP

from deploy.local.mail_page import MailPage
from deploy.local.mail_sink import Taker
from deploy.local.mailbox import Mailbox

SMTP_PORT, PAGE_PORT = 1025, 8025
_LARGEST = 10 * 1024 * 1024


async def serve(directory: Path) -> None:
    """Serve both doors until SIGTERM or SIGINT."""
    mailbox = Mailbox(directory)
    smtp = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Taker(mailbox), hostname="mail", data_size_limit=_LARGEST, enable_SMTPUTF8=True),
        host="0.0.0.0",
        port=SMTP_PORT,
    )
    settings = uvicorn.Config(
        MailPage(mailbox),
        host="0.0.0.0",
        port=PAGE_PORT,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    try:
        await uvicorn.Server(settings).serve()
    finally:
        smtp.close()


def main(directory: str) -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    # aiosmtpd logs every command with its arguments, people's addresses among them.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    asyncio.run(serve(Path(directory)))


if __name__ == "__main__":
    main(sys.argv[1])

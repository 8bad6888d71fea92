"""A partner's password changed without an interruption: a second user beside the first, then the first one goes.

`begin` gives the partner's other user a new password and makes it the current one; both let in until `finish`. Each
step can be given again after whatever stopped it: a password is shown only once the broker lets it in, and what is
noted is what is done. Nobody's connection is cut: Kafka asks for a password when a connection opens, not later.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it re-exports by plain import
    AdminClient,
    ScramMechanism,
    UserScramCredentialDeletion,
)

from cli.partner.logins import Logins, logins_of, note_logins, password_file
from deploy.kafka.broker import Broker
from deploy.kafka.desired import users_of
from deploy.kafka.plan import Plan, RenewPassword
from deploy.kafka.wire import LoginRefused, wire
from deploy.local.home import Home, write_whole
from shared.errors import Trouble

_WITHIN = 20.0
"""Seconds within which all of the broker knows of a change; a refused login itself takes 100 ms."""


async def begin(home: Home, code: str) -> tuple[Logins, bool]:
    """Both users of the partner let in, the other one with a new password; and whether that was begun just now.

    Where a rotation is under way already, it is left as it is and told again: the settings were given out. Raises
    `Unreachable` while Kafka does not answer.
    """
    with home.lock(f"rotate-{code}"):
        logins = logins_of(home, code)
        if logins.leaving is not None:
            await _let_in(home, logins.current)
            return logins, False
        (user,) = {*users_of(code)} - {logins.current}
        await _set_anew(home, user)
        begun = Logins(current=user, leaving=logins.current)
        note_logins(home, code, begun)
        return begun, True


async def finish(home: Home, code: str) -> tuple[Logins, str | None]:
    """The user that was left no longer lets in; gives its name, None where no rotation is under way."""
    with home.lock(f"rotate-{code}"):
        logins = logins_of(home, code)
        if logins.leaving is None:
            return logins, None
        await _let_in(home, logins.current)  # or the partner would be left without any
        gone = logins.leaving
        before = home.kafka_client(gone)
        if gone == code:
            # Provisioning keeps this user; it gets a password that is given to nobody.
            await _set_anew(home, gone)
        else:
            # The file first: what remains after a crash is a user whose password we do not have, and not the reverse.
            password_file(home, gone).unlink(missing_ok=True)
            await asyncio.to_thread(_delete, home, gone)
        await _until(before, lets_in=False)
        finished = Logins(current=logins.current)
        note_logins(home, code, finished)
        return finished, gone


async def _set_anew(home: Home, user: str) -> None:
    home.kafka_password(user)  # makes the directory
    write_whole(password_file(home, user), secrets.token_urlsafe(24), mode=0o600)
    await _let_in(home, user)


async def _let_in(home: Home, user: str) -> None:
    """The password in the secrets lets the user in; it is set on the broker where it does not."""
    client = home.kafka_client(user)
    if not await _lets_in(client):
        await Broker(home.kafka_admin(), home.kafka_client).apply(Plan((RenewPassword(user),)))
        await _until(client, lets_in=True)


async def _lets_in(client: Mapping[str, str]) -> bool:
    try:
        async with wire(client):
            return True
    except LoginRefused:
        return False


async def _until(client: Mapping[str, str], *, lets_in: bool) -> None:
    end = time.monotonic() + _WITHIN
    while await _lets_in(client) is not lets_in:
        if time.monotonic() > end:
            user, state = client["sasl_plain_username"], "does not let in" if lets_in else "still lets in"
            raise Trouble(f"Kafka took the change, but {state} {user}: look into its log, then give the command again")
        await asyncio.sleep(0.05)


def _delete(home: Home, user: str) -> None:
    admin = AdminClient(dict(home.kafka_admin()), logger=logging.getLogger(__name__))
    deletion = UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512)
    for future in admin.alter_user_scram_credentials([deletion]).values():
        try:
            future.result(_WITHIN)
        except KafkaException as refused:
            if refused.args[0].name() != "RESOURCE_NOT_FOUND":  # gone already: the last run came so far
                raise Trouble(f"Kafka does not remove the user {user}: {refused.args[0].str()}") from refused

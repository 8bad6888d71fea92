"""What the commands of a person at the Region have in common: how an order is read, carried out and noted."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import click

from cli.held.parts import commanding
from cli.output import plain, say
from deploy.local.home import Home
from shared.agreement import Versions
from shared.contracts.base import FirmId
from shared.errors import Trouble
from shared.feeds.commands import FirmOf
from shared.feeds.speech import Said, Work

Order = TypeVar("Order")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

LONGEST_REASON = 500
LONGEST_NAME = 64


def rehearse_option(command: F) -> F:
    """`--dry-run`, given to the command as `rehearse`."""
    return click.option("--dry-run", "rehearse", is_flag=True, help="Try it and keep nothing of it.")(command)


def identifier(what: str, given: str) -> str:
    """The id of a need or a referral as it was typed. Raises `Trouble` where it is none."""
    try:
        return str(UUID(given.strip()))
    except ValueError:
        raise Trouble(f"there is no {what} {plain(given)}: `portolano explain` shows those of a firm") from None


def words(given: str, option: str, longest: int) -> str:
    """What a person wrote in their own words, without control characters. Raises `click.BadParameter`."""
    given = plain(given).strip()
    if not 0 < len(given) <= longest:
        raise click.BadParameter(f"1 to {longest} characters", param_hint=option)
    return given


def carried_out(
    firm_of: FirmOf,
    errand: Callable[[Order, str, FirmId, Work[Versions]], Awaitable[tuple[T, list[Said]]]],
    order: Order,
    rehearse: bool,
) -> T:
    """What came of `order`, which the referral service's `errand` carries out on the firm that `firm_of` finds."""

    async def carry_out() -> T:
        async with commanding(Home.from_environment(), "referral") as referral:
            done: T = await referral.carry_out(
                firm_of, partial(errand, order, referral.code_version), rehearse=rehearse
            )
            return done

    return asyncio.run(carry_out())


def noted(who: str, why: str, rehearse: bool) -> None:
    """The last line, on stderr: who gave the command and why, or that nothing was kept."""
    say("a dry run: nothing was kept of it" if rehearse else f"noted: {who}, {why}")

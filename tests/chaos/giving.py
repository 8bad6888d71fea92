"""A command, given in a process of its own that may die of it."""

import asyncio
import os
import sys
from dataclasses import dataclass

from deploy.local.home import CHECKOUT, Home


@dataclass(frozen=True, slots=True)
class Given:
    """How a command ended, and what it said to the person."""

    code: int
    words: str


async def give(home: Home, words: str, *more: str, dies: str = "") -> Given:
    """Give the command; `more` are arguments that hold blanks. `dies` names the point and moment of its death."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *(("tests.chaos.dying",) if dies else ()), "cli.main", *words.split(), *more,
        env={**os.environ, "PORTOLANO_HOME": str(home.root), "PORTOLANO_DIES": dies},
        cwd=CHECKOUT, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, told = await asyncio.wait_for(process.communicate(), 120)
    return Given(process.returncode or 0, told.decode())

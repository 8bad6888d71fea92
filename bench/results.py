"""The file of results: written whole after each measurement, so that a run that was broken off goes on where it was."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from bench.plan import Size
from deploy.local.home import write_whole
from shared.errors import Trouble


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement: in which round, of what, and its figures by name.

    Names end in their unit: `_s` seconds, `_ms`, `_bytes`, `_per_second`; the rest are counts.
    """

    round: int
    row: str
    at: str
    """When it began, UTC."""
    figures: dict[str, float] = {}


class Results(msgspec.Struct, kw_only=True):
    """All of a run. `settings` are what makes it durable, `machine` where it ran."""

    size: dict[str, Any]
    settings: dict[str, str] = {}
    machine: dict[str, str] = {}
    measured: list[Measured] = []

    def done(self) -> set[tuple[int, str]]:
        return {(one.round, one.row) for one in self.measured}

    def rounds(self, row: str) -> list[Measured]:
        return sorted((one for one in self.measured if one.row == row), key=lambda one: one.round)

    def figure(self, row: str, name: str) -> dict[int, float]:
        """The figure in each round that has it."""
        return {one.round: one.figures[name] for one in self.rounds(row) if name in one.figures}


def read(path: Path) -> Results:
    """Raises `Trouble` where there is no such file or it is not one of ours."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except FileNotFoundError:
        raise Trouble(f"{path} does not exist: measure first (`make bench`)") from None
    except msgspec.MsgspecError as error:
        raise Trouble(f"{path} holds no results: {error}; remove it to begin anew") from None


def resume(path: Path, size: Size) -> Results:
    """What is there already, or an empty start. Raises `Trouble` where the file is of another size."""
    wanted: Mapping[str, Any] = json.loads(json.dumps(size.described()))
    if not path.exists():
        return Results(size=dict(wanted))
    found = read(path)
    if found.size != wanted:
        raise Trouble(f"{path} was measured with {found.size}, not {wanted}: remove it, or name another with --results")
    return found


def write(path: Path, results: Results) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(results), indent=1).decode()
    write_whole(path, text + "\n")

"""A message that sends somebody to a command sends them to one that exists."""

import re

import click
import pytest

from cli.main import portolano
from tests.architecture.tree import ROOT

_NAMED = re.compile(r"`portolano ([a-z]+)(?: ([a-z]+))?")


def named() -> list[tuple[str, str, str]]:
    """(file, command, next word) for each command that code or pages name in backquotes."""
    files = [
        *ROOT.glob("*.md"),
        *(path for top in ("cli", "deploy", "services", "shared") for path in ROOT.glob(f"{top}/**/*.py")),
    ]
    found = []
    for path in files:
        for match in _NAMED.finditer(path.read_text(encoding="utf-8")):
            found.append((str(path.relative_to(ROOT)), match[1], match[2] or ""))
    return found


@pytest.mark.parametrize(("where", "command", "word"), named())
def test_a_named_command_exists(where: str, command: str, word: str) -> None:
    context = click.Context(portolano)
    found = portolano.get_command(context, command)
    assert found is not None, f"{where} names portolano {command}"
    if isinstance(found, click.Group) and word:
        assert found.get_command(context, word) is not None, f"{where} names portolano {command} {word}"

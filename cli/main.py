"""`portolano`: finds the command, runs it, and turns every way of failing into one line and an exit code.

    0  done                          2    wrong use
    1  the answer is no, or a fault  3    a part is not reachable      130  interrupted

A command is loaded only when it is named: `portolano status` does not import Kafka's admin client.
"""

import os
import pkgutil
import select
import sys
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import click

from cli import commands
from cli.output import home, plain, say
from shared.errors import Trouble, Troubles, Unreachable

LOG_LIMIT = 1_000_000  # bytes; a log of faults that has grown beyond it starts again


class Commands(click.Group):
    """The modules of `cli.commands` as click commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = _modules().get(cmd_name)
        if name is None:
            return None
        module = import_module(f"{commands.__name__}.{name}")
        command: click.Command = module.command
        return command


def _modules() -> dict[str, str]:
    """Each command's name and its module's, which ends in an underscore where Python has the word for itself."""
    names = [module.name for module in pkgutil.iter_modules(commands.__path__)]
    return {name.rstrip("_").replace("_", "-"): name for name in names}


@click.command(
    cls=Commands,
    name="portolano",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 a part is not reachable, 130 interrupted. "
    "Example: portolano up && portolano status",
)
@click.version_option(package_name="portolano", message="%(prog)s %(version)s")
def portolano() -> None:
    """Lombard firms on their way abroad: from the partner that knows them to the one that helps them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry of the console script: runs the command and ends the process with the codes above."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 is no reason to fail
    try:
        code = run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        code = _reader_gone()
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; only `BrokenPipeError` on our own stdout is raised."""
    try:
        # Not `portolano.main`: it takes any broken pipe, a database's socket too, for a reader of stdout that has gone.
        with portolano.make_context("portolano", list(sys.argv[1:] if arguments is None else arguments)) as context:
            result = portolano.invoke(context)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as wrong:
        _explain(wrong)
        return wrong.exit_code
    except click.ClickException as problem:
        say(plain(problem.format_message()))
        return problem.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        return 130
    except BrokenPipeError as error:
        if _stdout_is_closed():
            raise
        return _fault(error)
    except Exception as error:
        return _told(error)


def _explain(wrong: click.UsageError) -> None:
    """One line for wrong use; a command that needs a word and got none shows its help instead."""
    if isinstance(wrong, click.exceptions.NoArgsIsHelpError):
        wrong.show()
        return
    command = wrong.ctx.command_path if wrong.ctx else "portolano"
    told = " ".join(plain(wrong.format_message()).split())
    say(f"{told if told.endswith('?') else told.rstrip('.') + '.'} `{command} --help` tells how.")


def _told(error: Exception) -> int:
    """The exit code of `error`, after its line; a group that holds nothing but troubles is told by its first."""
    leaves = list(_leaves(error))
    if not all(isinstance(leaf, Trouble) for leaf in leaves):
        return _fault(error)
    lines = str(leaves[0]).splitlines() if isinstance(leaves[0], Troubles) else [leaves[0]]
    for line in lines:
        say(plain(line))
    return 3 if any(isinstance(leaf, Unreachable) for leaf in leaves) else 1


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions that a task group wrapped, or `error` itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _fault(error: BaseException) -> int:
    """Keep the traceback for us, tell the person one line. The line names no value: it may hold a firm's data."""
    story = "".join(traceback.format_exception(error))
    where = _keep(story)
    if os.environ.get("PORTOLANO_DEBUG") == "1":
        say(story.rstrip())
    say(f"{type(error).__name__}: this is a fault of Portolano; {where}")
    return 1


def _keep(story: str) -> str:
    """Append `story` to the log of faults, readable by its owner alone; says where it is, or why it is nowhere."""
    log = home() / "log" / "portolano.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if _size(log) > LOG_LIMIT else os.O_APPEND)
        with os.fdopen(os.open(log, flags, 0o600), "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} portolano {_command()}\n{story}\n")
    except OSError as problem:
        return f"its details could not be written to {log} ({problem.strerror}); PORTOLANO_DEBUG=1 shows them here"
    return f"details in {_near(log)}"


def _command() -> str:
    """The command's name alone: its arguments may be a codice fiscale."""
    return next((word for word in sys.argv[1:] if not word.startswith("-")), "")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _near(path: Path) -> str:
    """`path` as the person would type it from where they stand."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _stdout_is_closed() -> bool:
    """Whether the reader of our stdout has gone: a broken pipe may as well be a socket's, and that is a fault."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (OSError, ValueError):  # not a file that can be watched: nobody's pipe
        return False


def _reader_gone() -> int:
    """`portolano audit | head -1` is not an error: leave nothing to flush at exit, end with the shell's own code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141


if __name__ == "__main__":
    main()

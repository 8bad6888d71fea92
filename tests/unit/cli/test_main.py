"""Every way in which a command can end has its exit code and, for a person, one line."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli import commands, main

PREAMBLE = '''
from pathlib import Path
import click
from cli.output import emit, json_option, written
from shared.errors import Trouble, Troubles, Unreachable
@click.command()
@click.option("--count", type=int)
@json_option
def command(count: int | None, as_json: bool) -> int | None:
    """Tries what is tried."""
'''


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTOLANO_HOME", str(tmp_path / "var"))
    monkeypatch.delenv("PORTOLANO_DEBUG", raising=False)
    return tmp_path / "var"


@pytest.fixture
def attempt(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> "Attempt":
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "cli.commands.try_it", raising=False)
    return Attempt(tmp_path / "try_it.py", capsys)


class Attempt:
    """Runs `portolano try-it` with the given body; returns the exit code and the lines on stderr."""

    def __init__(self, module: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.module, self.capsys = module, capsys

    def __call__(self, body: str, *arguments: str) -> tuple[int, list[str]]:
        self.module.write_text(f"{PREAMBLE}    {body}\n", encoding="utf-8")
        code = main.run(["try-it", *arguments])
        return code, self.capsys.readouterr().err.splitlines()


def test_a_command_that_returns_nothing_is_done(attempt: Attempt) -> None:
    assert attempt("return None") == (0, [])


def test_what_a_command_returns_is_the_exit_code(attempt: Attempt) -> None:
    assert attempt("return 1") == (1, [])


def test_trouble_is_told_in_one_line_whatever_it_contains(attempt: Attempt) -> None:
    code, said = attempt(r"raise Trouble('port 9092 is taken\nby \x1b[31mnginx')")
    assert (code, said) == (1, ["port 9092 is taken by  [31mnginx"])


def test_several_troubles_are_told_in_a_line_each(attempt: Attempt) -> None:
    code, said = attempt(r"raise Troubles('line 1: no such front\nline 2: no such \x1b[31mpartner')")
    assert (code, said) == (1, ["line 1: no such front", "line 2: no such  [31mpartner"])


def test_a_part_that_does_not_answer_has_a_code_of_its_own(attempt: Attempt) -> None:
    assert attempt("raise Unreachable('Kafka does not answer')") == (3, ["Kafka does not answer"])


def test_trouble_inside_a_task_group_is_told_like_any_other(attempt: Attempt) -> None:
    assert attempt("raise ExceptionGroup('tasks', [Unreachable('Kafka does not answer')])") == (
        3,
        ["Kafka does not answer"],
    )


def test_wrong_use_is_told_in_one_line(attempt: Attempt) -> None:
    code, said = attempt("return None", "--count", "many")
    assert code == 2
    assert said == ["Invalid value for '--count': 'many' is not a valid integer. `portolano try-it --help` tells how."]


def test_a_hint_that_asks_ends_with_its_question_mark(attempt: Attempt) -> None:
    code, said = attempt("return None", "--cout", "1")
    assert code == 2
    assert said == ["No such option '--cout'. Did you mean '--count'? `portolano try-it --help` tells how."]


def test_a_file_that_cannot_be_written_is_told_with_the_option_that_named_it(attempt: Attempt, tmp_path: Path) -> None:
    file = tmp_path / "gone" / "ties.csv"
    code, said = attempt(f"with written(Path({str(file)!r}), '--ties'): open({str(file)!r}, 'w')")
    assert (code, said) == (
        1,
        [f"cannot write {file}: No such file or directory; name another file with --ties"],
    )


def test_an_unknown_command_is_wrong_use(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["sail"]) == 2
    assert capsys.readouterr().err == "No such command 'sail'. `portolano --help` tells how.\n"


def test_an_interruption_is_no_fault(attempt: Attempt) -> None:
    assert attempt("raise KeyboardInterrupt") == (130, ["interrupted"])


def test_a_fault_of_ours_leaves_its_story_in_a_private_log(attempt: Attempt, home: Path) -> None:
    log = home / "log" / "portolano.log"
    code, said = attempt("raise KeyError('RSSMRA80A01F205X')")
    assert (code, said) == (1, [f"KeyError: this is a fault of Portolano; details in {log}"])
    assert "Traceback" in log.read_text(encoding="utf-8")
    assert log.stat().st_mode & 0o077 == 0


def test_a_broken_connection_is_not_taken_for_a_closed_pipe(attempt: Attempt) -> None:
    code, said = attempt("raise BrokenPipeError(32, 'Broken pipe')")
    assert code == 1
    assert said[0].startswith("BrokenPipeError: this is a fault of Portolano")


def test_a_reader_that_has_read_enough_ends_the_command_quietly(tmp_path: Path) -> None:
    (tmp_path / "try_it.py").write_text(PREAMBLE + "    for n in range(100_000): emit({'n': n})\n", encoding="utf-8")
    script = f"from cli import commands, main; commands.__path__.append({str(tmp_path)!r}); main.main(['try-it'])"
    root = Path(main.__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=root,
        env=dict(os.environ, PORTOLANO_HOME=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b'{"n":0}\n'
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(10) == 141


def test_naming_one_command_does_not_import_the_others(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("cli.commands.")]:
        monkeypatch.delitem(sys.modules, name)
    attempt("return None")
    assert [name for name in sys.modules if name.startswith("cli.commands.")] == ["cli.commands.try_it"]


@pytest.mark.parametrize("name", main.portolano.list_commands(click.Context(main.portolano)))
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([name, "--help"]) == 0
    assert "portolano" in capsys.readouterr().out.split("\n", 1)[1]

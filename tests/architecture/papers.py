"""What the pages say that can be looked up: links, file names, commands, targets, events, topics, settings, addresses.

A page is Markdown. Code is read where it stands in a fence or between backquotes; a word in capitals, `…` or `<word>`
stands for something that the reader fills in.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click

from cli.main import portolano
from tests.architecture.tree import ROOT, files, name

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FILE = re.compile(r"[\w.<>*-]+\.(?:py|md|yml|yaml|json|jsonl|sql|toml|lock|in|properties)")
_FILLED_IN = re.compile(r"[A-Z][A-Z_]*|.*….*|<.*>")
_PUNCTUATION = re.compile(r"[|&;()<>]+")


@dataclass(frozen=True, slots=True)
class Page:
    """A page's text, and its code apart: fences as (language, text), and what stands between backquotes."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def fences(self) -> list[tuple[str, str]]:
        return [(found[1], found[2]) for found in _FENCE.finditer(self.text)]

    @property
    def inline(self) -> list[str]:
        return [found[1] for found in _INLINE.finditer(_FENCE.sub("", self.text))]

    @property
    def links(self) -> list[str]:
        return [found[1] for found in _LINK.finditer(_FENCE.sub("", self.text))]

    @property
    def lines_of_code(self) -> list[str]:
        """What could be typed: the lines of fences without a language, and what stands between backquotes."""
        typed = [line for language, text in self.fences if language in ("", "sh") for line in text.splitlines()]
        return [*typed, *self.inline]

    def __str__(self) -> str:
        return name(self.path)


def dead_links(page: Page) -> Iterator[str]:
    """Links into the project that lead nowhere; an address on the network is not followed."""
    for link in page.links:
        target, _, heading = link.partition("#")
        path = (page.path.parent / target).resolve() if target else page.path
        if "://" in link or link.startswith("mailto:"):
            continue
        if not path.exists() or (heading and heading not in headings(path)):
            yield link


def headings(path: Path) -> set[str]:
    """The anchors of a page's headings, as they are commonly made."""
    found = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def missing_files(page: Page) -> Iterator[str]:
    """Names between backquotes that look like a file or a directory of the project, and are none; of a test in a file,
    the file."""
    known = _known()
    tops = {path.split("/")[0] for path in known}
    for word in page.inline:
        first, slash, _ = word.partition("/")
        if " " in word or not ((slash and first in tops) or _FILE.fullmatch(word)):
            continue
        wanted = re.compile(r"(?:.*/)?" + _as_pattern(word.partition("::")[0].rstrip("/")) + r"(?:/.*)?")
        if not any(wanted.fullmatch(path) for path in known):
            yield word


@cache
def _known() -> list[str]:
    return [name(path) for path in files()]


def _as_pattern(word: str) -> str:
    """A file name as a regular expression: `*` and `<word>` stand for anything within a step."""
    return "".join("[^/]+" if part == "*" or part.startswith("<") else re.escape(part) for part in _steps(word))


def _steps(word: str) -> list[str]:
    return [part for part in re.split(r"(\*|<[^>]*>)", word) if part]


def commands(page: Page) -> Iterator[list[str]]:
    """Every call of `portolano` that the page shows, as words without the command's own name."""
    for line in page.lines_of_code:
        for words in _calls(line):
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words = words[1:]
            if words and words[0] in ("portolano", ".venv/bin/portolano") and len(words) > 1:
                yield words[1:]


def _calls(line: str) -> Iterator[list[str]]:
    """A line of shell in its single calls; what a call is sent to, and a comment, do not belong to it."""
    lexer = shlex.shlex(
        re.sub(r"<(\w[\w ]*)>", lambda found: found[1].upper(), line), posix=True, punctuation_chars=True
    )
    lexer.whitespace_split = True
    call: list[str] = []
    aside = False
    try:
        words = list(lexer)
    except ValueError:
        return
    for word in words:
        if _PUNCTUATION.fullmatch(word):
            aside = word in (">", ">>", "<")
            if not aside:
                yield call
                call = []
        elif not aside:
            call.append(word)
    yield call


def wrong_use(words: Sequence[str]) -> str | None:
    """Why a call of `portolano` would be wrong use; None where it is none. Of values, choices alone are looked at."""
    command: click.Command = portolano
    called = "portolano"
    context = click.Context(portolano)
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        if found is None:
            return f"there is no command {rest[0]}"
        command, called, rest = found, rest[0], rest[1:]
    options = {spelling: option for option in command.params for spelling in option.opts}
    options |= {
        "--help": click.Option(["--help"], is_flag=True),
        "--version": click.Option(["--version"], is_flag=True),
    }
    given: list[str] = []
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            given.append(word)
            continue
        spelling, _, value = word.partition("=")
        option = options.get(spelling)
        if not isinstance(option, click.Option):
            return f"{called} has no option {spelling}"
        if option.is_flag:
            continue
        if not value and not rest:
            return f"{spelling} wants a value"
        if why := _not_a_choice(option, value or rest.pop(0)):
            return why
    return _wrong_arguments(command, called, given)


def _wrong_arguments(command: click.Command, called: str, given: Sequence[str]) -> str | None:
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    if len(given) > len(arguments):
        return f"{called} takes {len(arguments)} arguments, not {len(given)}"
    # Prose names a command without its arguments; with one of them, the others belong to it.
    if given and any(one.required for one in arguments[len(given) :]):
        return f"{called} wants more arguments"
    return next((why for one, word in zip(arguments, given, strict=False) if (why := _not_a_choice(one, word))), None)


def _not_a_choice(parameter: click.Parameter, word: str) -> str | None:
    kind = parameter.type
    if isinstance(kind, click.Choice) and word not in kind.choices and not _FILLED_IN.fullmatch(word):
        return f"{parameter.name} cannot be {word}"
    return None


def targets(page: Page) -> Iterator[str]:
    """Every target of make that the page names."""
    for line in page.lines_of_code:
        for words in _calls(line):
            if words and words[0] == "make":
                yield from (word for word in words[1:] if re.fullmatch(r"[a-z][a-z-]*", word))

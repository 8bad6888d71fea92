"""A YAML document that knows on which line each of its values stands."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import yaml

from shared.errors import Troubles

Location = tuple[str | int, ...]
"""Where in the document something stands: member names and list indices from the root."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C reads the same, many times faster, where the library was built with it."""


class Problem(NamedTuple):
    """What is wrong with a file, and on which line; 0 where it is the file as a whole."""

    path: Path
    line: int
    told: str

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: {self.told}" if self.line else f"{self.path}: {self.told}"


@dataclass(frozen=True, slots=True)
class Document:
    """A document as read: its values, and the nodes that they were made of."""

    path: Path
    root: yaml.Node
    value: object

    def problem(self, location: Location, rule: str) -> Problem:
        """A rule that is broken here; where nothing stands at the location, the line is that of what should hold it."""
        return Problem(self.path, self.line(location), f"{_place(location)}: {rule}")

    def line(self, location: Location) -> int:
        """Where the value begins, with its name if it has one."""
        mark, node = self.root.start_mark, self.root
        for step in location:
            found = _step(node, step)
            if found is None:
                break
            mark, node = found
        return int(mark.line) + 1


def read(path: Path) -> tuple[Document | None, list[Problem]]:
    """The document, or every reason why it is none."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
        if root is None:
            return None, [Problem(path, 0, "it is empty")]
        repeated = [
            Problem(path, node.start_mark.line + 1, f"{_place(location)}: given twice; leave one of them")
            for location, node in _repeated_members(root)
        ]
        if repeated:
            return None, repeated
        return Document(path, root, yaml.SafeLoader("").construct_document(root)), []
    except OSError as error:
        return None, [Problem(path, 0, f"cannot read the agreement: {error.strerror}")]
    except UnicodeDecodeError as error:
        return None, [Problem(path, 0, f"it is not UTF-8 text (byte {error.start})")]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return None, [Problem(path, line, f"not YAML: {error.problem or error.context}")]
    except yaml.YAMLError as error:
        return None, [Problem(path, 0, f"not YAML: {str(error).splitlines()[0]}")]
    except ValueError as error:  # a value that YAML takes for a date and that is none, for example
        return None, [Problem(path, 0, f"a value cannot be read: {str(error).splitlines()[0]}")]
    except RecursionError:
        return None, [Problem(path, 0, "it contains itself (an alias inside its own anchor); write it out")]


def refuse(problems: Iterable[Problem]) -> None:
    """Raise all of them as one Troubles, one line each in the order of the files, if there are any."""
    if told := sorted(set(problems)):
        raise Troubles("\n".join(map(str, told)))


def _step(node: yaml.Node, step: str | int) -> tuple[yaml.Mark, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark, node.value[step]
    return None


def _repeated_members(node: yaml.Node, location: Location = ()) -> Iterator[tuple[Location, yaml.Node]]:
    """Members that stand twice in one mapping; YAML readers silently keep the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield (*location, name), key
            seen.add(name)
            yield from _repeated_members(value, (*location, name))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated_members(item, (*location, index))


def _place(location: Location) -> str:
    """`signatories[3].fronts[0]`"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return text.removeprefix(".") or "the document"

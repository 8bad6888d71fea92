"""Finds what makes a decision depend on more than its arguments: clocks, chance, the environment, files.

Works on the syntax tree, so it sees names and not values: `import time as t; t.monotonic()` is found, a clock that is
handed in under another name is not. What it cannot see, and reviewers must: the order of a set of strings, which is
chance too.
"""

import ast
from collections.abc import Iterator

# A whole module, or one name of it.
FORBIDDEN = (
    "time",
    "random",
    "secrets",
    "os",
    "uuid.uuid1",
    "uuid.uuid4",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "pathlib.Path",
)
FORBIDDEN_BUILTINS = {
    "hash": "differs from process to process for text",
    "id": "is an address of this process",
    "open": "reads or writes a file",
    "input": "waits for a person",
    "__import__": "hides what is imported",
}
# On whatever object: a clock's face is known by its hands.
FORBIDDEN_METHODS = {"now", "utcnow", "today"}


def impurities(source: str) -> list[str]:
    """One line `<line number>: <what>` for each impurity in the module's source, in the order of the lines."""
    tree = ast.parse(source)
    found = {*_imported(tree), *_used(tree, _aliases(tree)), *_builtins(tree)}
    return [f"{line}: {what}" for line, what in sorted(found)]


def _aliases(tree: ast.AST) -> dict[str, str]:
    """What each imported local name stands for, `uuid4` → `uuid.uuid4`."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if _is_forbidden(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            full = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from ((node.lineno, name) for name in full if _is_forbidden(name))


def _used(tree: ast.AST, aliases: dict[str, str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            full = _dotted(node, aliases)
            if full and _is_forbidden(full):
                yield node.lineno, full
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            full = aliases.get(node.id, "")
            if full and "." in full and _is_forbidden(full):
                yield node.lineno, full
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in FORBIDDEN_METHODS
            and not _is_forbidden(_dotted(node.func, aliases) or "")
        ):
            yield node.lineno, f".{node.func.attr}()"


def _builtins(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """A builtin that the module has not bound to something of its own (a field or an argument called `hash`)."""
    nodes = list(ast.walk(tree))
    own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or node.id not in FORBIDDEN_BUILTINS:
            continue
        if id(node) in called or node.id not in own:
            yield node.lineno, f"{node.id}() {FORBIDDEN_BUILTINS[node.id]}"


def _dotted(node: ast.expr, aliases: dict[str, str]) -> str | None:
    """`datetime.now` → `datetime.datetime.now` where `datetime` was imported from `datetime`."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in aliases:
        return None
    return ".".join([aliases[node.id], *reversed(parts)])


def _is_forbidden(name: str) -> bool:
    return any(name == banned or name.startswith(f"{banned}.") for banned in FORBIDDEN)

"""Where a process can die with something half done: found in the code, so that a new place cannot be forgotten.

A point stands before and after everything that leaves the process: a commit, a sending, its acknowledgement, a moved
cursor, the hint to Kafka, a mail, a fired timer, what a command changes in Kafka. It is called by module, function,
effect and a number where a function has several: `shared.feeds.relay Relay._flush cursor 1`.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEARCHED = ("shared/feeds", "services", "cli")

AWAITED = (
    ("send_batch", "", "send"),
    ("while_ours", "session", "ack"),
    ("move", "session", "cursor"),
    ("commit", "_consumer", "hint"),
    ("commit", "_transaction", "commit"),
    ("sendmail", "", "mail"),
    ("take", "timers", "timer"),
    ("add_partitions", "_broker", "partitions"),
    ("_remove_records", "", "removal"),
)
"""Method or function, how its receiver ends, and the effect of awaiting it."""
TRANSACTIONS = ("transaction", "changing")
"""What is entered and left as a transaction."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place, without its before and after."""

    module: str
    function: str
    effect: str
    number: int

    def __str__(self) -> str:
        return f"{self.module} {self.function} {self.effect} {self.number}"


class Marker(ast.NodeTransformer):
    """Wraps every effect of a module in a call to `here`, which dies there if it was told to; remembers the points."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._scope: list[str] = []
        self._seen: Counter[tuple[str, str]] = Counter()
        self.points: list[Point] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._inside(node, node.name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._inside(node, node.name)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._inside(node, node.name)

    def _inside(self, node: ast.AST, name: str) -> ast.AST:
        self._scope.append(name)
        self.generic_visit(node)
        self._scope.pop()
        return node

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        self.generic_visit(node)
        called = [(item, _method(item.context_expr)) for item in node.items]
        transactions = [item for item, name in called if name in TRANSACTIONS]
        for item in filter(_writes, transactions):
            item.context_expr = self._wrapped("commit", item.context_expr, "transaction")
        if not transactions:
            # Statements outside of a transaction commit each for itself.
            for item in [item for item, name in called if name == "acquire"]:
                item.context_expr = self._wrapped("statements", item.context_expr, "statements")
        return node

    def visit_Await(self, node: ast.Await) -> ast.AST:
        self.generic_visit(node)
        if name := _method(node.value):
            assert isinstance(node.value, ast.Call)
            called = node.value.func
            receiver = ast.unparse(called.value) if isinstance(called, ast.Attribute) else ""
            for method, ending, effect in AWAITED:
                if name == method and receiver.endswith(ending):
                    node.value = self._wrapped(effect, node.value, "around")
                    break
        return node

    def _wrapped(self, effect: str, inner: ast.expr, with_: str) -> ast.expr:
        function = ".".join(self._scope)
        self._seen[function, effect] += 1
        point = Point(self._module, function, effect, self._seen[function, effect])
        self.points.append(point)
        here = ast.Attribute(ast.Name("__here__", ast.Load()), with_, ast.Load())
        return ast.copy_location(ast.Call(here, [inner, ast.Constant(str(point))], []), inner)


def _writes(item: ast.withitem) -> bool:
    return "readonly=True" not in ast.unparse(item.context_expr)


def _method(node: ast.expr) -> str:
    """The name of the method or function that is called; nothing where none is."""
    called = node.func if isinstance(node, ast.Call) else None
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def marked(module: str, source: str) -> tuple[ast.Module, list[Point]]:
    """The module with its points, ready to be compiled."""
    tree = ast.parse(source)
    marker = Marker(module)
    tree = marker.visit(tree)
    if marker.points:
        after = sum(
            (isinstance(node, ast.ImportFrom) and node.module == "__future__")
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            for node in tree.body[:3]
        )  # fmt: skip
        tree.body.insert(after, ast.parse("from tests.chaos import here as __here__").body[0])
    return ast.fix_missing_locations(tree), marker.points


def points() -> Iterator[Point]:
    """Every point of the services, of their runtime and of the commands."""
    for place in SEARCHED:
        for path in sorted((ROOT / place).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield from marked(module, path.read_text())[1]

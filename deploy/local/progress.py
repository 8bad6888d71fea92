"""Progress for people, on stderr: a bar where somebody looks on, a line now and then where nobody does."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_WIDTH = 30


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[], None]]:
    """Yield a function to call once per finished step, from any thread."""
    on_terminal = sys.stderr.isatty()
    lock = threading.Lock()
    done = 0

    def show(text: str, end: str) -> None:
        print(text, end=end, file=sys.stderr, flush=True)

    def advance() -> None:
        nonlocal done
        with lock:
            done += 1
            if on_terminal:
                filled = _WIDTH * done // total
                show(f"\r{title} [{'#' * filled}{'.' * (_WIDTH - filled)}] {done}/{total}", end="")
            elif done == total or done % max(1, total // 4) == 0:
                show(f"{title}: {done} of {total}", end="\n")

    if not on_terminal:
        show(f"{title}: {total} to go", end="\n")
    try:
        yield advance
    finally:
        if on_terminal:
            show("", end="\n")

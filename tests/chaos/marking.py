"""Once this is imported, what is imported of services, their runtime and the commands has its points."""

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence

from tests.chaos.points import marked

_MARKED = ("shared.feeds.", "services.", "cli.")


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles a module with its points; what is compiled already is not looked at."""

    def get_code(self, fullname: str) -> types.CodeType | None:
        source = self.get_source(fullname)
        return compile(marked(fullname, source or "")[0], self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith(_MARKED):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


sys.meta_path.insert(0, _Finder())

"""A plugin for pytest that tells whoever started the run what came of each test, and which code it was that ran."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

WHERE = "PORTOLANO_WITNESS"
"""The file that it writes."""
PACKAGES = ("cli", "deploy", "services", "shared", "tests")


class Witness:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._tests: list[dict[str, str]] = []
        self._uncollected: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._uncollected.append(f"{report.nodeid}: {_said(report)}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            said = "" if report.passed else _said(report)
            self._tests.append({"test": report.nodeid, "when": report.when, "outcome": report.outcome, "said": said})

    def pytest_sessionfinish(self) -> None:
        loaded = [module for name, module in sorted(sys.modules.items()) if name.partition(".")[0] in PACKAGES]
        code = [module.__file__ for module in loaded if getattr(module, "__file__", None)]
        told = {"tests": self._tests, "uncollected": self._uncollected, "code": code}
        self._path.write_text(json.dumps(told))


def _said(report: Any) -> str:
    """What failed, in one line or some, without the code around it."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash is not None else report.longrepr)


def pytest_configure(config: pytest.Config) -> None:
    if path := os.environ.get(WHERE):
        config.pluginmanager.register(Witness(Path(path)))

"""A decision is recomputed from its receipt: domain and contracts see neither clock, chance nor environment."""

import tomllib
from pathlib import Path

import pytest

from tests.architecture.impurities import impurities
from tests.architecture.tree import ROOT, name

# The rooms of a service that meet the world; whatever else a service has is a rule, and pure.
ROOMS_WITH_A_DOOR = {
    "__init__",
    "__main__",
    "answering",
    "app",
    "handlers",
    "http",
    "mail",
    "pages",
    "rendering",
    "settings",
    "store",
    "terms",
    "webhooks",
}


def pure_modules() -> list[Path]:
    rules = [path for path in ROOT.glob("services/*/*.py") if path.stem not in ROOMS_WITH_A_DOOR]
    return sorted([*rules, *ROOT.glob("shared/contracts/**/*.py")])


def test_every_module_of_a_service_stands_in_a_layer_and_every_rule_among_the_pure() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in linter if one["name"].startswith("Inside a service"))
    pure = next(one["source_modules"] for one in linter if one["name"].startswith("Rules and contracts"))
    placed = {word.strip("() ") for layer in layers for word in layer.split(":")}
    rules = {word.strip("() ") for word in layers[-1].split(":")}
    modules = {path.stem for path in ROOT.glob("services/*/*.py")} - {"__init__", "settings"}
    assert modules - placed == set(), "give it a layer in pyproject.toml"
    assert {f"services.*.{rule}" for rule in rules} == set(pure) - {"shared.contracts"}


def test_there_are_contracts_to_look_at() -> None:
    assert any(path.is_relative_to(ROOT / "shared" / "contracts") for path in pure_modules())


@pytest.mark.parametrize("path", pure_modules(), ids=name)
def test_a_decision_depends_on_its_arguments_alone(path: Path) -> None:
    assert impurities(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "offence",
    [
        "from datetime import datetime\nat = datetime.now()",
        "from datetime import datetime as dt\nat = dt.utcnow()",
        "import datetime\nat = datetime.datetime.today()",
        "from datetime import date\nat = date.today()",
        "def f(clock):\n    return clock.now()",
        "import time",
        "import time as t\nt.monotonic()",
        "from time import monotonic",
        "def f():\n    import random\n    return random.random()",
        "from random import choice",
        "import secrets",
        "import uuid\nx = uuid.uuid4()",
        "from uuid import uuid1 as new",
        "from uuid import uuid4\nfrom dataclasses import field\nx = field(default_factory=uuid4)",
        "x = hash('it')",
        "x = sorted(['a'], key=hash)",
        "def f(hash):\n    return 1\ny = hash('a')",
        "import os\nhome = os.environ['HOME']",
        "from os import environ",
        "from os import getenv as setting",
        "import os.path",
        "x = open('policy.yml')",
        "from pathlib import Path\nx = Path('policy.yml').read_text()",
        "x = id(object())",
        "__import__('time')",
    ],
)
def test_an_offence_is_found(offence: str) -> None:
    assert impurities(offence) != []


@pytest.mark.parametrize(
    "innocent",
    [
        "from datetime import datetime, timedelta\nx = datetime(2017, 6, 7) + timedelta(days=1)",
        "from datetime import datetime\ndef f(now: datetime) -> datetime:\n    return now",
        "from uuid import UUID, uuid5\nx = uuid5(UUID(int=0), 'cause')",
        "import hashlib\nx = hashlib.sha256(b'it').hexdigest()",
        "class Tie:\n    hash: str\ndef f(tie: Tie) -> str:\n    return tie.hash",
        "def f(hash: str) -> str:\n    return hash",
        "def f(event):\n    return event.time, event.id",
        "from zlib import crc32\nx = crc32(b'firm') % 12",
        "from zoneinfo import ZoneInfo\nx = ZoneInfo('Europe/Rome')",
    ],
)
def test_a_pure_decision_passes(innocent: str) -> None:
    assert impurities(innocent) == []

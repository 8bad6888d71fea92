"""The compose file says what it has to, without an engine to run it: walls, limits, secrets, and settings that fit.

Whether it works is seen by `make compose-check`; what can be told from the text fails here, minutes sooner.
"""

import os
import re
import shutil
import stat
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.compose.ports import PUBLISHED, published
from deploy.compose.prepare import INSIDE, prepare
from deploy.local.home import SERVICES, Home
from shared.contracts.topics import SERVICES as DECLARED
from shared.errors import Trouble
from shared.settings import ServiceSettings, read_settings
from tests.architecture.tree import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
PARTS: dict[str, dict[str, Any]] = COMPOSE["services"]
JOBS = {name for name, part in PARTS.items() if part["restart"] == "no"}
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements" / "runtime.lock").read_text(encoding="utf-8")
HOME = "${PORTOLANO_COMPOSE_HOME:-./var/compose}"
each_part = pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
each_service = pytest.mark.parametrize("service", SERVICES)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("compose"))
    prepare(home, published({}))
    return home


def without_variables(text: str) -> str:
    """The text as compose reads it where no variable is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def mounted(part: dict[str, Any]) -> dict[str, str]:
    """Where the part's secrets are in its container → the file of the home."""
    found = {}
    for given in part.get("secrets", ()):
        source, target = (given, given) if isinstance(given, str) else (given["source"], given["target"])
        found[f"/run/secrets/{target}"] = COMPOSE["secrets"][source]["file"].removeprefix(f"{HOME}/")
    return found


def test_every_service_runs_in_a_container() -> None:
    assert {*SERVICES} == {*DECLARED}
    assert {*SERVICES} <= PARTS.keys()
    assert sorted(JOBS) == ["provision"]


@each_part
def test_a_container_can_change_nothing_and_become_nobody(part: dict[str, Any]) -> None:
    assert part["read_only"] is True
    assert part["cap_drop"] == ["ALL"]
    assert "cap_add" not in part
    assert "privileged" not in part
    assert part["security_opt"] == ["no-new-privileges:true"]
    user, group = part["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0


@each_part
def test_a_container_is_bounded(part: dict[str, Any]) -> None:
    limits = part["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0
    assert re.fullmatch(r"\d+[MG]", limits["memory"])
    assert 0 < limits["pids"] <= 512
    assert {"max-size", "max-file"} <= part["logging"]["options"].keys()


@each_part
def test_an_image_is_pinned(part: dict[str, Any]) -> None:
    name, _, tag = without_variables(part["image"]).partition(":")
    assert name
    assert re.match(r"\d", tag), f"{part['image']} names no version"


@pytest.mark.parametrize("name", sorted(PARTS.keys() - JOBS))
def test_what_stays_up_is_asked_how_it_is_and_comes_back(name: str) -> None:
    assert PARTS[name]["healthcheck"]["test"][0] == "CMD"
    assert PARTS[name]["restart"] == "unless-stopped"


@each_part
def test_nothing_is_published_beyond_loopback(part: dict[str, Any]) -> None:
    assert [port for port in part.get("ports", ()) if not port.startswith("127.0.0.1:")] == []
    assert part.get("network_mode") is None


def test_the_published_ports_are_those_that_the_commands_are_told() -> None:
    said = {port for part in PARTS.values() for port in part.get("ports", ())}
    inside = {"kafka_partners": 9094, "kafka_internal": 9095, "postgres": 5432, "mail_http": 8025}
    inside["notifier_page"] = int(PARTS["notifier"]["environment"]["NOTIFIER_PAGE_PORT"])
    assert without_variables(PARTS["notifier"]["environment"]["NOTIFIER_PUBLIC_URL"]) == (
        f"http://127.0.0.1:{published({})['notifier_page']}"
    )
    assert said == {
        f"127.0.0.1:${{{variable}:-{default}}}:{inside[name]}" for name, (variable, default) in PUBLISHED.items()
    }
    assert {INSIDE["kafka_partners"], INSIDE["kafka_operator"], INSIDE["postgres"]} <= {*inside.values()}


def test_whoever_knocks_is_told_the_address_of_that_door() -> None:
    told = without_variables(PARTS["kafka"]["environment"]["ADVERTISED"])
    ports = published({})
    assert told.split(",") == [
        f"INTERNAL://kafka:{INSIDE['kafka']}",
        f"PARTNERS://127.0.0.1:{ports['kafka_partners']}",
        f"OPERATOR://127.0.0.1:{ports['kafka_internal']}",
    ]


@pytest.mark.parametrize("given", ["0", "65536", "http", "-1", "8080x"])
def test_a_variable_that_holds_no_port_is_told(given: str) -> None:
    with pytest.raises(Trouble, match=r"PORTOLANO_MAIL_PORT=.* is no port: give 1 to 65535"):
        published({"PORTOLANO_MAIL_PORT": given})


def test_the_services_and_the_job_have_no_way_out() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    published = {"notifier": ["inside", "door"]}  # its page is; what is said there does not come from inside
    assert {name: PARTS[name]["networks"] for name in (*SERVICES, "provision")} == {
        name: published.get(name, ["inside"]) for name in (*SERVICES, "provision")
    }
    assert COMPOSE["networks"]["door"]["driver_opts"] == {"com.docker.network.bridge.enable_ip_masquerade": "false"}


@each_service
def test_a_service_waits_for_the_provisioning(service: str) -> None:
    assert PARTS[service]["depends_on"]["provision"] == {"condition": "service_completed_successfully"}


@each_part
def test_no_secret_is_in_the_environment(part: dict[str, Any]) -> None:
    names = [name for name in part.get("environment", ()) if re.search(r"PASSWORD|KEY|TOKEN|SECRET", name)]
    assert [name for name in names if not name.endswith(("_FILE", "_SECRETS"))] == []


@each_part
def test_every_secret_is_made_and_can_be_read_in_its_container(part: dict[str, Any], home: Home) -> None:
    for file in mounted(part).values():
        assert file.startswith("secrets/")
        assert (home.root / file).read_text()
        assert stat.S_IMODE((home.root / file).stat().st_mode) == 0o644


def test_nobody_else_on_the_machine_gets_to_the_secrets(home: Home) -> None:
    assert stat.S_IMODE(home.secrets.stat().st_mode) == 0o700
    assert stat.S_IMODE((home.secrets / "certificates" / "ca-key.pem").stat().st_mode) == 0o600


def test_the_authoritys_key_is_given_to_no_container() -> None:
    assert not any("ca-key" in file for part in PARTS.values() for file in mounted(part).values())
    binds = [v["source"] for part in PARTS.values() for v in part.get("volumes", ()) if isinstance(v, dict)]
    assert sorted(binds) == [f"{HOME}/secrets/partners", "./deploy/compose/kafka"]


def test_preparing_again_changes_no_secret(home: Home) -> None:
    before = {path: path.read_bytes() for path in home.secrets.rglob("*") if path.is_file()}
    prepare(home, published({}))
    assert {path: path.read_bytes() for path in home.secrets.rglob("*") if path.is_file()} == before


@each_service
def test_a_service_is_given_its_own_secrets_and_no_other(service: str, home: Home) -> None:
    own = {f"secrets/{service}/{path.name}" for path in (home.secrets / service).iterdir()}
    assert {*mounted(PARTS[service]).values()} == own


@each_service
def test_a_service_takes_the_settings_that_it_is_given(
    service: str, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = next(
        found
        for found in vars(import_module(f"services.{service}.settings")).values()
        if isinstance(found, type) and issubclass(found, ServiceSettings) and found is not ServiceSettings
    )
    prefix = f"{service.upper()}_"
    for name in [name for name in os.environ if name.startswith(prefix)]:
        monkeypatch.delenv(name)
    given = PARTS[service]["environment"]
    unknown = {name.removeprefix(prefix).lower() for name in given} - {*kind.model_fields, "secrets"}
    assert unknown == set()
    for target, file in mounted(PARTS[service]).items():
        shutil.copy(home.root / file, tmp_path / Path(target).name)
    for name, value in given.items():
        monkeypatch.setenv(name, without_variables(value))
    monkeypatch.setenv(f"{prefix}SECRETS", str(tmp_path))
    settings = read_settings(kind)
    assert settings.kafka == f"kafka:{INSIDE['kafka']}"
    assert settings.http_port == int(PARTS[service]["healthcheck"]["test"][-2])
    assert settings.kafka_password.get_secret_value() == home.kafka_password(service)


def test_the_broker_is_given_the_files_that_it_is_told_of(home: Home) -> None:
    script = (ROOT / "deploy" / "compose" / "kafka" / "start.sh").read_text(encoding="utf-8")
    settings = (home.secrets / "kafka" / "server.properties").read_text()
    assert {*re.findall(r"/run/secrets/[\w./-]+", script + settings)} == mounted(PARTS["kafka"]).keys()


def test_the_broker_is_closed_as_it_is_on_one_machine(home: Home) -> None:
    lines = (home.secrets / "kafka" / "server.properties").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines)
    assert settings["listener.security.protocol.map"] == (
        "INTERNAL:SASL_PLAINTEXT,PARTNERS:SASL_SSL,OPERATOR:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT"
    )
    assert "CONTROLLER://127.0.0.1:" in settings["listeners"]
    assert settings["sasl.enabled.mechanisms"] == "SCRAM-SHA-512"
    assert settings["authorizer.class.name"].endswith(".StandardAuthorizer")
    assert settings["allow.everyone.if.no.acl.found"] == "false"


def test_the_scripts_can_be_run() -> None:
    scripts = [*(ROOT / "deploy" / "compose" / "kafka").glob("*.sh")]
    assert len(scripts) == 2
    assert [path.name for path in scripts if not os.access(path, os.X_OK)] == []


def test_the_image_is_that_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = {PARTS[name]["image"] for name in (*SERVICES, "provision", "mail")}
    assert ours == {f"${{PORTOLANO_IMAGE:-portolano:{project['version']}}}"}


def test_the_image_is_made_of_hashed_wheels_and_runs_as_nobody_in_particular() -> None:
    assert "--require-hashes --only-binary :all:" in DOCKERFILE
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE)[-1] == PARTS["intake"]["user"]
    assert {*re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)} == {"${PYTHON_IMAGE}"}
    (left_out,) = re.findall(r"/\^\(([\w|-]+)\)==/", DOCKERFILE)
    assert [name for name in left_out.split("|") if f"\n{name}==" not in LOCK] == []


def test_an_image_holds_no_secret_and_no_state() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    assert allowed == {"agreement", "deploy", "services", "shared", "pyproject.toml", "requirements/runtime.lock"}

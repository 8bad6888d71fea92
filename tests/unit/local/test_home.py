"""A home: ports that stay, secrets that stay secret, and environments without a password in them."""

import json
import multiprocessing
import os
import socket
import stat
from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.home import SERVICES, Home, database_name, write_whole
from shared.errors import Trouble


def test_ports_are_chosen_once_and_remembered_by_every_later_home(tmp_path: Path) -> None:
    first = {name: Home(tmp_path).port(name) for name in ports.NAMES}
    assert len(set(first.values())) == len(ports.NAMES)
    assert {name: Home(tmp_path).port(name) for name in ports.NAMES} == first


def test_ports_lie_where_the_kernel_serves_no_outgoing_connection(tmp_path: Path) -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert Home(tmp_path).port("postgres") < max(lowest, 32_768)


def test_a_taken_port_is_told_with_its_name_its_holder_and_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with socket.create_server(("127.0.0.1", home.port("smtp"))), pytest.raises(Trouble) as told:
        home.require_free("postgres", "smtp")
    assert str(told.value).startswith(f"port {home.port('smtp')} (smtp) is taken by ")
    assert f"(pid {os.getpid()})" in str(told.value)
    assert "ports.json" in str(told.value)
    home.require_free("postgres", "smtp")


def test_a_damaged_ports_file_is_one_line_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("{")
    with pytest.raises(Trouble, match=r"ports\.json cannot be read .* delete it"):
        Home(tmp_path).port("smtp")


def test_a_secret_is_made_once_and_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    made = home.kafka_password("intake")
    path = home.secrets / "intake" / "intake_kafka_password"
    assert (Home(tmp_path).kafka_password("intake"), path.read_text()) == (made, made)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.secrets.stat().st_mode) == stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_two_processes_that_make_the_same_secret_at_once_get_the_same(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert len(set(pool.map(Home(tmp_path).kafka_password, ["cna"] * 16))) == 1


def test_a_secret_has_no_way_out_of_its_directory(tmp_path: Path) -> None:
    for name in ("../ports.json", "partners/../../x", "/etc/passwd", "partners//x", ""):
        with pytest.raises(ValueError, match="not the name of a secret"):
            Home(tmp_path).secret(name)


def test_no_service_finds_a_password_in_its_environment(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for service in SERVICES:
        environment = json.dumps(home.service_environment(service))
        for path in home.secrets.rglob("*"):
            assert path.is_dir() or path.read_text() not in environment


def test_a_topic_prefix_serves_for_topics_and_in_its_spelling_for_databases(tmp_path: Path) -> None:
    environment = Home(tmp_path).service_environment("referral", topic_prefix="t1.a-b.")
    assert environment["REFERRAL_TOPIC_PREFIX"] == "t1.a-b."
    assert environment["REFERRAL_DATABASE_NAME"] == database_name("referral", "t1.a-b.") == "t1_a_b_referral"


def test_a_file_is_replaced_whole_and_nothing_else_stays(tmp_path: Path) -> None:
    write_whole(tmp_path / "x", "old")
    write_whole(tmp_path / "x", "new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"x": "new"}


def test_time_may_be_moved_only_where_that_was_allowed_and_only_for_who_has_deadlines(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert not any("MOVED_CLOCK" in name for service in SERVICES for name in home.service_environment(service))
    home.let_clock_be_moved()
    moved = [name for service in SERVICES for name in home.service_environment(service) if "MOVED_CLOCK" in name]
    assert moved == ["REFERRAL_MOVED_CLOCK"]


def test_a_permission_to_move_time_is_taken_back_unless_it_was_used(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.keep_real_time()
    home.let_clock_be_moved()
    home.keep_real_time()
    assert not home.clock_may_be_moved
    home.let_clock_be_moved()
    home.clock_was_moved()
    home.let_clock_be_moved()
    home.keep_real_time()
    assert home.clock_may_be_moved

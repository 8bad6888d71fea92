"""The one line that a person gets comes from the right run of the right log."""

from pathlib import Path

import pytest

from deploy.local.home import Home
from deploy.local.logs import LogMark, open_log, reason


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("starting\n2026 FATAL:  could not bind\nshut down\n", "2026 FATAL:  could not bind"),
        ("Traceback (most recent call last):\n  ...\nValueError: no such port\n", "ValueError: no such port"),
        ('{"level": "ERROR", "text": "INTAKE_KAFKA: missing"}\n', "INTAKE_KAFKA: missing"),
        ('{"level": "ERROR", "text": "failed", "exception": "Traceback\\nOSError: 5"}\n', "failed: OSError: 5"),
        ("write failed: No space left on device\n", "the disk is full (write failed: No space left on device)"),
        ("just a word\n", "just a word"),
        ("", "its log tells no reason"),
    ],
)
def test_the_reason_is_the_last_complaint_in_words(tmp_path: Path, said: str, told: str) -> None:
    (tmp_path / "a.log").write_text(said)
    assert reason(None, LogMark(tmp_path / "a.log", 0)) == told


def test_what_an_earlier_run_complained_of_is_no_reason_for_this_one(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("FATAL: yesterday\n")
    mark = LogMark.at_end(log)
    assert mark.complaint() == ""
    log.write_text("FATAL: new\n")  # begun anew, and shorter than the mark
    assert mark.complaint() == "FATAL: new"


def test_a_log_that_has_grown_too_long_makes_place_and_one_older_is_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with open_log(home, "part") as log:
        log.truncate(9 * 1024 * 1024)
    with open_log(home, "part") as log:
        log.write(b"new\n")
    assert (home.log / "part.log").read_bytes() == b"new\n"
    assert (home.log / "part.log.1").stat().st_size == 9 * 1024 * 1024

"""Eight thousand damaged inputs through every reader; `tests/prove/fuzz_door.py` tries a million."""

from services.referral.updates import DATA as UPDATES
from shared.contracts.submissions import DATA
from tests.prove.damage import good
from tests.prove.fuzz_door import MOST_GROWTH, run, written

INPUTS = 8_000
LONG = 200_000
"""Bytes."""


def test_no_damaged_input_escapes_its_reader_and_memory_stays_flat() -> None:
    assert {event["type"] for door in ("firms", "updates") for event in good()[door]} == {*DATA, *UPDATES}
    found = run(INPUTS)
    assert found.escaped is None, found.escaped
    assert found.ends.total() == INPUTS
    every = ("Submission", "Succession", "Revocation", "ErasureRequest", "Refusal", "Update", "Refused update", "Held")
    assert min(found.ends[kind] for kind in (*every, "Batch", "FirmRegistered", "FirmAssessed", "ReferralOpened")) > 10
    assert found.grown < MOST_GROWTH, f"{found.grown:.1f} MiB more after the second half"


def test_an_input_is_made_again_from_its_number_alone() -> None:
    some = [written(3, n) for n in range(50)]
    assert [written(3, n) for n in reversed(range(50))] == some[::-1]
    assert some != [written(4, n) for n in range(50)]


def test_some_inputs_are_as_long_as_a_record_may_be() -> None:
    assert any(len(written(1, n).value or b"") > LONG for n in range(INPUTS))

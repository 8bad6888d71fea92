"""Twenty thousand damaged events through the door's reader; `tests/prove/fuzz_door.py` does ten times as many."""

from shared.contracts.submissions import DATA
from tests.prove.fuzz_door import GOOD, run


def test_no_damaged_event_escapes_the_door_and_memory_stays_flat() -> None:
    assert GOOD.keys() == DATA.keys()
    ends, grown = run(20_000)
    assert sum(ends.values()) == 20_000
    assert min(ends[kind] for kind in ("Submission", "Succession", "Revocation", "ErasureRequest", "Refusal")) > 200
    assert grown < 8, f"{grown:.1f} MiB more after the second half"

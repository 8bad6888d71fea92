"""Segments and missing sets are those that trying every completion finds."""

import random
from collections import Counter

import pytest

from services.classifier import missing, segments
from tests.unit.classifier import drawing, oracle
from tests.unit.classifier.comparing import compare, differences, firms


@pytest.mark.parametrize("seed", range(8))
def test_possible_segments_and_missing_sets_are_what_brute_force_finds(seed: int) -> None:
    """2,000 firms in all; a hundred thousand: `tests/prove/oracle_segments.py`."""
    sizes, different = compare(f"test {seed}", 250, most_completions=6_000)
    assert different == []
    assert sizes[0] < 200, "most firms are settled: nothing would be compared"


def test_the_generated_firms_have_every_trait_that_is_hard() -> None:
    traits: Counter[str] = Counter()
    dice = random.Random(1)
    for _ in range(500):
        firm = drawing.firm(dice)
        entries, size = firm["exports"].get("years", []), firm.get("size", {})
        traits["ranges of shares"] += any(isinstance(one.get("share"), dict) for one in entries)
        traits["amounts without a share"] += any("eur" in one and "share" not in one for one in entries)
        traits["contradictory figures"] += any(
            one.get("share") == 0 and oracle.ends(one.get("eur"))[0] > 0 for one in entries
        )
        traits["stakes without a share"] += any(
            one["kind"] == "stake" and "share" not in one for one in firm.get("presence_abroad", [])
        )
        traits["holdings"] += bool(size.get("holdings"))
        traits["partner holdings without a share"] += any(
            one["kind"] == "partner" and "share" not in one for one in size.get("holdings", [])
        )
        traits["a previous year"] += "previous" in size
        traits["a late start"] += "started_on" in firm
        traits["nothing that counts"] += not oracle.window(firm, drawing.OBSERVED)[2]
    assert {trait for trait, count in traits.items() if count < 5} == set()
    assert len(traits) == 9


def test_brute_force_notices_an_answer_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison can fail: a service that forgets the dearest fact of each set is found out."""
    source = firms("mutation", 6_000)
    monkeypatch.setattr("tests.unit.classifier.comparing.missing", lambda of: missing.missing(of)[1:])
    assert any(differences(next(source))[2] for _ in range(50))


def test_brute_force_notices_a_segment_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.unit.classifier.comparing.possible", lambda *_: segments.RANKED)
    source = firms("mutation", 6_000)
    assert all(differences(next(source))[2] for _ in range(20))

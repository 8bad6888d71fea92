"""Service and brute force on the same generated firms."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from services.classifier.domain import ignorance
from services.classifier.facts import window
from services.classifier.missing import missing
from services.classifier.segments import possible
from shared.contracts.firm import Profile
from shared.contracts.times import rfc3339
from tests.unit.classifier import drawing, oracle
from tests.unit.classifier.builders import IN_FORCE


def firms(seed: int | str, most_completions: int) -> Iterator[dict[str, Any]]:
    """Generated firms whose completions brute force can afford; the same for the same seed."""
    dice = random.Random(seed)
    while True:
        firm = drawing.firm(dice)
        if oracle.completions(firm, drawing.OBSERVED) <= most_completions:
            yield firm


def differences(firm: dict[str, Any]) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...], list[str]]:
    """What the service finds (segments, missing set), and where brute force finds something else."""
    profile = msgspec.convert(firm, Profile)
    observed = rfc3339(f"{drawing.OBSERVED}-11-23T09:00:00Z")
    assert observed is not None
    known = ignorance(profile, window(profile, observed), IN_FORCE)
    codes = possible(known.cases, known.large_firms)
    asked = tuple(sorted((fact.member - 1, fact.place) for fact in missing(known)))
    brute_codes, brute_asked = oracle.judge(firm, drawing.OBSERVED)
    found = []
    if set(codes) != brute_codes:
        found.append(f"possible {sorted(codes)}, by brute force {sorted(brute_codes)}: {firm}")
    elif asked != brute_asked:
        found.append(f"missing {asked}, by brute force {brute_asked}: {firm}")
    return codes, asked, found


def compare(seed: int | str, count: int, most_completions: int) -> tuple[Counter[int], list[str]]:
    """How many firms had a missing set of each size, and every difference."""
    sizes: Counter[int] = Counter()
    found: list[str] = []
    source = firms(seed, most_completions)
    for _ in range(count):
        _, asked, different = differences(next(source))
        sizes[len(asked)] += 1
        found += different
    return sizes, found

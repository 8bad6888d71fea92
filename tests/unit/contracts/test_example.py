"""The example that the README points to is one that the door takes as it is."""

import json
from datetime import UTC, datetime

from shared.agreement import load
from shared.contracts.submissions import Submission, read_submission
from shared.testing.builders import headers
from tests.architecture.tree import ROOT


def test_the_example_firm_is_accepted_without_a_warning() -> None:
    agreement = load()
    for line in (ROOT / "docs" / "example-firm.jsonl").read_text(encoding="utf-8").splitlines():
        read = read_submission(
            json.dumps(json.loads(line)).encode(),
            headers(),
            datetime(2026, 11, 23, tzinfo=UTC),
            partners=frozenset(agreement.partners),
            fronts=frozenset(front.code for front in agreement.fronts),
        )
        assert isinstance(read, Submission), read
        assert read.warnings == ()

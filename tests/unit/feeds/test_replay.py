"""What is decided otherwise than it was said is told by the names of what differs, and by nothing of its contents."""

import pytest

from shared.feeds.replay import differing


@pytest.mark.parametrize(
    ("now", "names"),
    [
        (b'{"firm": {"name": "Alfa", "vat": 1}, "on": [1, 2]}', []),
        (b'{"on": [1, 2], "firm": {"vat": 1, "name": "Alfa"}}', []),
        (b'{"firm": {"name": "Beta", "vat": 1}, "on": [1, 2]}', ["firm.name"]),
        (b'{"firm": {"name": "Alfa"}, "on": [2, 1]}', ["firm.vat", "on"]),
        (b'{"firm": null, "on": [1, 2], "more": 1}', ["firm", "more"]),
        (b"[]", ["all of it"]),
    ],
)
def test_only_the_names_of_the_members_that_differ_are_told(now: bytes, names: list[str]) -> None:
    assert differing(b'{"firm": {"name": "Alfa", "vat": 1}, "on": [1, 2]}', now) == names

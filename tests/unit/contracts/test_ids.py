"""Names follow from what they name, by the rule that everybody else has for UUIDs of version 5."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.ids import _NAMESPACE, derive, need_id


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_a_name_is_a_uuid_of_version_5(parts: list[str]) -> None:
    parts = [part.encode("utf-8", "replace").decode() for part in parts]
    assert derive(*parts) == str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


def test_each_thing_that_makes_a_need_another_gives_it_another_name() -> None:
    names = {
        need_id(firm, front, import_=import_, market=market)
        for firm in ("f-1", "f-2")
        for front in ("information", "assistance")
        for import_ in (False, True)
        for market in (None, "DE")
    }
    assert len(names) == 16

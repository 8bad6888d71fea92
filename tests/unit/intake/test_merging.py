"""The profile is the same whoever spoke first, and each leaf is the newest word on it."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.intake.merging import Asserted, merge
from shared.contracts.firm import Profile
from shared.testing.builders import submission


def says(partner: str, firm: dict[str, Any], *, at: str = "2026-11-20", id: str = "e-1") -> Asserted:
    return Asserted(partner, id, submission(firm, observed_at=f"{at}T08:00:00Z").assertion)


def merged(*asserted: Asserted) -> Profile:
    profiles = [merge(order).profile for order in permutations(asserted)]
    assert all(profile == profiles[0] for profile in profiles)
    return profiles[0]


def test_the_newest_word_on_a_member_holds_and_silence_takes_nothing_back() -> None:
    old = says("cna", {"rea": "BG-1", "artisan": True}, at="2026-11-01")
    new = says("aice", {"rea": "BG-2"}, at="2026-11-02")
    profile = merged(old, new)
    assert (profile.rea, profile.artisan) == ("BG-2", True)


def test_at_the_same_moment_the_greater_partner_holds() -> None:
    assert merged(says("cna", {"partita_iva": "00743110157"}), says("aice", {"partita_iva": None})).partita_iva
    contradicting = [says(code, {"imports": {"strategic": code == "cna"}}) for code in ("cna", "aice")]
    imports = merged(*contradicting).imports
    assert imports is not None
    assert imports.strategic is True


def test_the_business_register_beats_newer_words_on_registry_members_only() -> None:
    register = says("unioncamere", {"name": "Rossi S.r.l.", "preferred_partner": "cna"}, at="2026-01-01")
    newer = says("cna", {"name": "Rossi", "preferred_partner": "aice"}, at="2026-11-01")
    profile = merged(register, newer)
    assert (profile.name, profile.preferred_partner) == ("Rossi S.r.l.", "aice")


def test_exports_are_merged_year_by_year_and_mode_and_since_each_by_itself() -> None:
    one = says(
        "cna", {"exports": {"years": [{"year": 2024, "share": 0.1}, {"year": 2025, "share": 0.2}], "since": 2001}}
    )
    two = says("aice", {"exports": {"years": [{"year": 2025, "eur": 5}], "mode": "direct"}}, at="2026-11-21")
    exports = merged(one, two).exports
    assert exports is not None
    assert exports.years is not None
    assert [(year.year, year.share, year.eur) for year in exports.years] == [(2024, 0.1, None), (2025, None, 5)]
    assert (exports.mode, exports.since) == ("direct", 2001)


def test_presence_and_needs_are_joined_by_their_keys() -> None:
    one = says(
        "cna",
        {
            "presence_abroad": [{"country": "DE", "kind": "office"}, {"country": "FR", "kind": "stake", "share": 0.05}],
            "needs": [{"front": "assistance", "market": "DE"}],
        },
    )
    two = says(
        "aice",
        {
            "presence_abroad": [{"country": "FR", "kind": "stake", "share": 0.2}],
            "needs": [{"front": "assistance", "market": "DE", "unit": "BG-2"}, {"front": "assistance"}],
        },
        at="2026-11-21",
    )
    profile = merged(one, two)
    assert profile.presence_abroad is not None
    assert [(p.country, p.kind, p.share) for p in profile.presence_abroad] == [
        ("DE", "office", None),
        ("FR", "stake", 0.2),
    ]
    assert profile.needs is not None
    assert [(need.front, need.market, need.unit) for need in profile.needs] == [
        ("assistance", None, None),
        ("assistance", "DE", "BG-2"),
    ]


def test_an_empty_list_takes_back_only_its_publishers_own() -> None:
    none = says("aice", {"presence_abroad": [], "local_units": []}, at="2026-11-21")
    some = says("cna", {"presence_abroad": [{"country": "DE", "kind": "office"}], "local_units": [{"province": "MI"}]})
    both = merged(none, some)
    assert both.presence_abroad is not None
    assert both.local_units is not None
    assert (len(both.presence_abroad), len(both.local_units)) == (1, 1)
    alone = merged(none, says("cna", {}))
    assert (alone.presence_abroad, alone.local_units) == ((), ())


def test_exports_are_judged_on_the_newest_observation_that_gives_a_leaf_of_them() -> None:
    exports = {"exports": {"years": [{"year": 2025, "share": 0.1}]}}
    silent = says("aice", {}, at="2026-11-22")
    overruled = says("assolombarda", exports, at="2026-01-01")
    giving = says("cna", exports, at="2026-11-01")
    assert merge([giving, silent, overruled]).observed_at == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert merge([silent, says("cna", {})]).observed_at == datetime(2026, 11, 22, 8, tzinfo=UTC)


_FIRMS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["A", "B", "C"]),
        "artisan": st.booleans(),
        "ateco": st.sampled_from([[], [{"code": "62.10"}], [{"code": "10.51"}]]),
        "exports": st.fixed_dictionaries(
            {},
            optional={
                "years": st.lists(
                    st.fixed_dictionaries({"year": st.integers(2023, 2025), "eur": st.integers(0, 2)}),
                    max_size=2,
                    unique_by=lambda year: year["year"],
                ),
                "since": st.integers(2000, 2002),
            },
        ),
        "needs": st.lists(
            st.fixed_dictionaries(
                {"front": st.sampled_from(["information", "assistance"])},
                optional={"market": st.sampled_from(["DE", "FR"]), "import": st.booleans()},
            ),
            max_size=3,
        ),
    },
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["cna", "aice", "unioncamere", "regione"]), _FIRMS, st.integers(1, 3)),
        min_size=1,
        max_size=4,
        unique_by=lambda one: one[0],
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_partners_speak_changes_nothing(spoken: list[Any], shuffled: Any) -> None:
    asserted = [says(partner, firm, at=f"2026-11-0{day}") for partner, firm, day in spoken]
    other = list(asserted)
    shuffled.shuffle(other)
    assert merge(asserted) == merge(other)

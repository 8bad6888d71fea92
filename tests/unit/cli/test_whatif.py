"""What another policy would make of the firms: the rules' own word, remembered without being changed."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import msgspec
import pytest

from cli.main import run
from cli.whatif.comparison import NO_NEED, Comparison
from cli.whatif.replay import NO_SUCH_FRONT, NOBODY, Replay, Routed
from shared.agreement import CURRENT, Agreement
from shared.contracts.firm import Consent, DeclaredNeed, Membership
from shared.contracts.intake import FirmRegistered
from tests.unit.cli.whatif_firms import ACCORD, AT, firms, named, stricter, without_signing

FIRMS = sorted(firms(600), key=lambda firm: firm.firm_id)
STRICTER = stricter(shares=(0.2, 0.3, 0.5))


def compared(candidate: Agreement, some: list[FirmRegistered] = FIRMS, samples: int = 3) -> Comparison:
    comparison = Comparison(Replay(ACCORD, AT), Replay(candidate, AT), samples)
    for firm in some:
        comparison.add(firm)
    return comparison


@pytest.mark.parametrize("policy", [ACCORD, STRICTER, without_signing("cna")])
def test_what_is_remembered_of_one_firm_is_what_the_rules_say_of_the_next(policy: Agreement) -> None:
    replay, tied, kept = Replay(policy, AT), 0, 0
    for firm in firms(3000, seed=2):
        remembered = replay.ask(firm).needs
        receipts = replay.receipts(firm)
        assert list(remembered) == list(receipts)
        for key, receipt in receipts.items():
            beside = (*receipt.supporting, *([receipt.executor] if receipt.executor else []))
            holder = receipt.partner or receipt.outcome.value
            assert remembered[key] == Routed(holder, receipt.rule, receipt.partner, beside)
            tied += receipt.tie is not None
            kept += 1
    assert tied > 20
    assert len(replay._known) < kept * 0.8  # or nothing was remembered, and nothing is shown


def test_a_firm_of_two_bodies_is_not_taken_for_another_one() -> None:
    plain = next(one for one in FIRMS if one.profile.status is None and not one.profile.declared_memberships)
    alike = [
        msgspec.structs.replace(
            plain,
            firm_id=other.firm_id,
            memberships=tuple(Membership(partner=body, since=date(2020, 1, 1)) for body in ("cna", "confartigianato")),
            consents=(Consent(to="any", purpose="referral", given_at=AT),),
            profile=msgspec.structs.replace(plain.profile, needs=(DeclaredNeed(front="finance_and_insurance"),)),
        )
        for other in FIRMS[:20]
    ]
    replay = Replay(ACCORD, AT)
    key = ("finance_and_insurance", False, None)
    found = [replay.ask(firm).needs[key].beside for firm in alike]
    assert set(found) == {("cna",), ("confartigianato",)}  # the hash alone chooses whom the firm's copy goes to
    assert found == [replay.receipts(firm)[key].supporting for firm in alike]


def test_the_policy_in_force_changes_nothing_under_another_name() -> None:
    found = compared(named())
    assert found.firms == len(FIRMS)
    assert (found.changed, found.assessments, found.beside, found.rules) == (0, 0, 0, 0)
    assert not found.segments
    assert not found.flows
    assert found.samples == []
    assert found.before == found.after


def test_other_thresholds_move_firms_between_segments_and_none_is_lost() -> None:
    found = compared(STRICTER)
    assert found.segments["consolidating", "light_presence"] > 0
    assert found.before.segments.total() == found.after.segments.total() == len(FIRMS)
    assert not any(before == after for before, after in found.segments)


def test_what_a_partner_loses_others_gain() -> None:
    found = compared(without_signing("cna"))
    lost = found.before.holders["cna"] - found.after.holders["cna"]
    assert lost > 0
    assert lost == sum(needs for flow, needs in found.flows.items() if flow.before == "cna")
    assert found.before.holders.total() == found.after.holders.total()
    assert not any(flow.before == flow.after for flow in found.flows)


def test_the_load_before_and_after_differs_by_what_flows() -> None:
    for candidate in (STRICTER, without_signing("confartigianato")):
        found = compared(candidate)
        moved = found.before.holders.copy()
        for flow, needs in found.flows.items():
            moved[flow.before] -= needs
            moved[flow.after] += needs
        del moved[NO_NEED]
        assert {who: n for who, n in moved.items() if n} == {who: n for who, n in found.after.holders.items() if n}


def test_needs_newly_without_a_partner_are_counted_by_why() -> None:
    routing = ACCORD.routing.model_copy(update={"order": ("consent", "owner_of_front")})
    found = compared(named(routing=routing))
    assert set(found.newly()) == {"manual"}
    assert found.newly()["manual"] == sum(n for flow, n in found.flows.items() if flow.before not in NOBODY)


def test_a_declared_need_on_a_front_that_the_candidate_lacks_goes_nowhere() -> None:
    fronts = tuple(front for front in ACCORD.fronts if front.code != "institutional_support")
    found = compared(named(fronts=fronts))
    assert {(flow.front, flow.after) for flow in found.flows} == {("institutional_support", NO_SUCH_FRONT)}


def test_samples_are_the_same_in_every_run_and_name_no_firm() -> None:
    one, other = compared(STRICTER).samples, compared(STRICTER).samples
    assert one == other
    assert [sample.firm_id for sample in one] == sorted(sample.firm_id for sample in one)
    assert len(one) == 3
    told = msgspec.json.encode(one).decode()
    assert one[0].firm_id in told
    for firm in FIRMS:
        assert firm.profile.codice_fiscale not in told
        assert str(firm.profile.name) not in told


def test_an_invalid_candidate_is_refused_with_every_file_and_line_and_no_store_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTOLANO_HOME", str(tmp_path))
    policy = tmp_path / "candidate.yml"
    text = CURRENT.read_text(encoding="utf-8")
    policy.write_text(text.replace("fallback: unioncamere", "fallback: nobody").replace("owner: aice", "owner: aiche"))
    assert run(["whatif", str(policy)]) == 1
    told = capsys.readouterr().err
    lines = policy.read_text(encoding="utf-8").splitlines()
    for wrong in ("fallback: nobody", "  owner: aiche"):
        assert f"candidate.yml, line {lines.index(wrong) + 1}: " in told


def test_without_a_store_the_exit_code_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTOLANO_HOME", str(tmp_path))
    assert run(["whatif", str(CURRENT)]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_could_send_is_loaded() -> None:
    asked = "import sys, cli.commands.whatif; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert "asyncpg" in loaded
    assert not {"aiokafka", "confluent_kafka", "faststream", "aiosmtplib"} & set(loaded)

"""The plan for the broker: least rights, nothing to do where nothing differs, and what is never done by itself."""

from dataclasses import replace

import pytest

from deploy.kafka.desired import desired, ours
from deploy.kafka.plan import diff
from deploy.kafka.state import GROUP, TOPIC, Grant, Layout, State
from shared.agreement import load

AGREEMENT = load()
WANTED = desired(AGREEMENT)


def lines(actual: State, prefix: str = "") -> list[str]:
    wanted = desired(AGREEMENT, prefix=prefix)
    return diff(wanted, ours(actual, AGREEMENT, prefix=prefix)).lines()


def with_grants(*grants: Grant) -> State:
    return replace(WANTED, grants=WANTED.grants | {*grants})


def test_where_all_is_as_wanted_nothing_is_planned() -> None:
    assert lines(WANTED) == []


def test_an_empty_broker_gets_everything_and_rights_after_what_they_are_about() -> None:
    plan = lines(State())
    verbs = [line.split()[0] for line in plan]
    assert verbs == sorted(verbs, key=["create", "grant", "limit"].index)
    assert "create topic intake.firms.v1 with 12 partitions" in plan
    assert "create topic partners.cna.firms.v1 with 1 partition" in plan
    assert "create user cna" in plan
    assert "create user cna.b" not in plan
    assert "limit cna.b: producer_byte_rate 4194304, consumer_byte_rate 8388608, request_percentage 50" in plan


@pytest.mark.parametrize("user", ["cna", "cna.b"])
def test_a_partner_has_these_five_rights_and_no_other(user: str) -> None:
    assert {str(grant) for grant in WANTED.grants if grant.user == user} == {
        f"{user} Write on topic partners.cna.firms.v1",
        f"{user} Write on topic partners.cna.updates.v1",
        f"{user} Read on topic partners.cna.receipts.v1",
        f"{user} Read on topic partners.cna.referrals.v1",
        f"{user} Read on group cna.*",
    }


def test_the_notifier_reads_events_and_writes_deliveries() -> None:
    assert {str(grant) for grant in WANTED.grants if grant.user == "notifier"} == {
        "notifier Read on topic referral.events.v1",
        "notifier Write on topic notifier.deliveries.v1",
        "notifier Read on topic notifier.deliveries.v1",  # its relay looks at the last record
        "notifier Read on group notifier",
    }


def test_every_topic_has_one_writer() -> None:
    for name in WANTED.topics:
        writers = {
            grant.user.removesuffix(".b") for grant in WANTED.grants if (grant.name, grant.operation) == (name, "Write")
        }
        assert len(writers) == 1, name


def test_no_right_is_on_the_cluster_on_a_transaction_or_on_everything() -> None:
    assert {grant.resource for grant in WANTED.grants} == {TOPIC, GROUP}
    assert {grant.operation for grant in WANTED.grants} == {"Read", "Write"}
    assert not [grant for grant in WANTED.grants if "*" in grant.name]
    assert {grant.resource for grant in WANTED.grants if grant.prefixed} == {GROUP}


def test_no_partners_groups_begin_like_anothers() -> None:
    beginnings = {grant.name for grant in WANTED.grants if grant.resource == GROUP and grant.prefixed}
    assert not [(a, b) for a in beginnings for b in beginnings if a != b and a.startswith(b)]


def test_inbound_topics_are_unpacked_and_stamped_by_the_broker() -> None:
    assert WANTED.topics["partners.cna.firms.v1"].settings == {
        "cleanup.policy": "delete",
        "retention.ms": str(21 * 86_400_000),
        "segment.ms": "86400000",
        "max.message.bytes": "4194304",
        "message.timestamp.type": "LogAppendTime",
        "compression.type": "uncompressed",
    }


def test_a_right_given_by_hand_to_one_of_ours_is_taken_away_first() -> None:
    actual = with_grants(
        Grant("cna", "Read", TOPIC, "partners.claai.receipts.v1"), Grant("intake", "Alter", "broker", "x")
    )
    assert lines(actual) == [
        "revoke cna Read on topic partners.claai.receipts.v1",
        "revoke intake Alter on broker x",
    ]


def test_the_rights_of_another_prefix_are_left_to_it_but_not_what_nobody_would_give() -> None:
    actual = with_grants(
        *desired(AGREEMENT, prefix="t1.").grants,
        Grant("cna", "Write", TOPIC, "t1.partners.claai.firms.v1"),
    )
    assert lines(actual) == ["revoke cna Write on topic t1.partners.claai.firms.v1"]


def test_a_body_that_has_left_loses_its_rights_and_a_strangers_are_not_ours() -> None:
    actual = with_grants(
        Grant("formerly", "Write", TOPIC, "partners.formerly.firms.v1"),
        Grant("formerly.b", "Read", TOPIC, "partners.formerly.receipts.v1"),
        Grant("formerly", "Read", GROUP, "formerly.", prefixed=True),
        Grant("monitor", "Read", TOPIC, "partners.cna.firms.v1"),
        Grant("monitor", "Read", GROUP, "monitor.", prefixed=True),
    )
    assert lines(actual) == [
        "revoke formerly Read on group formerly.*",
        "revoke formerly Write on topic partners.formerly.firms.v1",
        "revoke formerly.b Read on topic partners.formerly.receipts.v1",
    ]


def test_a_denial_made_by_hand_is_told_and_kept() -> None:
    plan = diff(WANTED, ours(with_grants(Grant("cna", "Write", TOPIC, "*", denies=True)), AGREEMENT))
    assert plan.steps == ()
    assert plan.remarks == ("denied by hand: cna Write on topic *: kept; delete the rule yourself when it has served",)


def test_a_topic_is_never_deleted_and_partitions_are_never_changed() -> None:
    actual = replace(
        WANTED,
        topics={
            **WANTED.topics,
            "intake.firms.v1": replace(WANTED.topics["intake.firms.v1"], partitions=24),
            "partners.formerly.firms.v1": Layout(1, {}),
            "somebody.elses.v1": Layout(3, {}),
        },
    )
    plan = diff(WANTED, ours(actual, AGREEMENT))
    assert plan.steps == ()
    assert len(plan.remarks) == 2
    assert plan.remarks[0].startswith("topic intake.firms.v1 has 24 partitions, 12 are wanted: kept, ")
    assert plan.remarks[1].startswith("topic partners.formerly.firms.v1 belongs to no signatory: kept; ")


def test_a_setting_that_differs_is_set_and_says_what_it_was() -> None:
    layout = WANTED.topics["partners.cna.firms.v1"]
    changed = Layout(1, {**layout.settings, "retention.ms": "1", "retention.bytes": "5"})
    actual = replace(WANTED, topics={**WANTED.topics, "partners.cna.firms.v1": changed})
    assert lines(actual) == ["set retention.ms=1814400000 on topic partners.cna.firms.v1 (was 1)"]


def test_a_password_is_only_changed_where_it_does_not_work_and_the_line_says_so() -> None:
    actual = replace(WANTED, locked_out=frozenset({"cna"}))
    assert lines(actual) == ["set the password of user cna anew: the one in the secrets does not let it in"]


def test_a_quota_that_is_no_longer_wanted_goes_and_a_strangers_stays() -> None:
    quotas = {**WANTED.quotas, "cna": {"producer_byte_rate": 1.0}, "intake": {"x_rate": 2.0}, "monitor": {"y": 3.0}}
    assert lines(replace(WANTED, quotas=quotas)) == [
        "limit cna: producer_byte_rate 4194304, consumer_byte_rate 8388608, request_percentage 50",
        "limit intake: x_rate none",
    ]


@pytest.mark.parametrize("prefix", [".", "T1.", "t1 ", "t_1.", "-", "t" * 70])
def test_a_prefix_that_could_not_be_told_apart_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="the topic prefix"):
        desired(AGREEMENT, prefix=prefix)

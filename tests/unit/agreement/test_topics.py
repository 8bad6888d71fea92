"""Names of topics, and whose they are."""

import pytest

from shared.contracts import topics
from shared.contracts.topics import Kind, NotAPartnersTopic, Partitions, partner_of


def test_a_partner_writes_two_topics_and_reads_two() -> None:
    table = {(t.name, t.kind, t.writer, t.readers) for t in topics.topics_of("cna")}
    assert table == {
        ("partners.cna.firms.v1", Kind.INBOUND, "cna", ("intake",)),
        ("partners.cna.updates.v1", Kind.INBOUND, "cna", ("referral",)),
        ("partners.cna.receipts.v1", Kind.OUTBOUND, "intake", ("cna",)),
        ("partners.cna.referrals.v1", Kind.OUTBOUND, "referral", ("cna",)),
    }


def test_only_internal_topics_are_spread_over_partitions() -> None:
    many = {topic.name for topic in topics.topics(["cna"]) if topic.partitions is Partitions.INTERNAL}
    assert many == {
        "intake.firms.v1",
        "classifier.assessments.v1",
        "referral.events.v1",
        "notifier.deliveries.v1",
    }


@pytest.mark.parametrize("prefix", ["", "t1."])
@pytest.mark.parametrize("noun", [topics.firms, topics.updates, topics.receipts, topics.referrals])
def test_the_tenant_is_read_from_the_name(prefix: str, noun: object) -> None:
    assert callable(noun)
    assert partner_of(prefix + noun("cna"), prefix) == "cna"


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("partners.cna.firms.v1.dlq", ""),
        ("partners.cna.firms.v2", ""),
        ("partners.cna.b.firms.v1", ""),
        ("partners.CNA.firms.v1", ""),
        ("partners..firms.v1", ""),
        ("xpartners.cna.firms.v1", ""),
        ("t1.partners.cna.firms.v1", ""),
        ("partners.cna.firms.v1", "t1."),
        ("t1.t1.partners.cna.firms.v1", "t1."),
        ("partners.cna.firms.v1\n", ""),
        ("intake.firms.v1", ""),
    ],
)
def test_a_name_that_merely_looks_alike_has_no_tenant(name: str, prefix: str) -> None:
    with pytest.raises(NotAPartnersTopic):
        partner_of(name, prefix)


@pytest.mark.parametrize(
    "code", ["", "c", "c.na", "c-na", "c_na", "CNA", "1cna", "intake", "admin", "controller", "cnà"]
)
def test_a_code_that_could_be_taken_for_something_else_is_none(code: str) -> None:
    with pytest.raises(ValueError, match="cannot be a partner's code"):
        topics.firms(code)

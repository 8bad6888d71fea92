"""What is counted is told as Prometheus text, and only what the register names."""

from prometheus_client.parser import text_string_to_metric_families

from shared.contracts.submitted import ERASURE_REQUESTED, REVOKED, SUBMITTED, SUCCEEDED
from shared.feeds.speech import Outcome
from shared.telemetry import names
from shared.telemetry.metrics import Metrics, Sample


def told(metrics: Metrics, *samples: Sample) -> dict[tuple[str, str], float]:
    """Value by name and labels, `service` left out."""
    return {
        (one.name, " ".join(value for label, value in sorted(one.labels.items()) if label != "service")): one.value
        for family in text_string_to_metric_families(metrics.text(samples).decode())
        for one in family.samples
    }


def test_outcomes_are_counted_by_source_and_batches_by_size() -> None:
    metrics = Metrics("intake")
    for _ in range(2):
        metrics.batch({"partners.cna.firms.v1": {Outcome.APPLIED: 3, Outcome.HELD: 1, Outcome.REPEATED: 0}}, 0.03)
    said = told(metrics)
    assert said["portolano_records_total", "applied partners.cna.firms.v1"] == 6
    assert said["portolano_records_total", "held partners.cna.firms.v1"] == 2
    assert ("portolano_records_total", "repeated partners.cna.firms.v1") not in said
    assert said["portolano_batch_records_bucket", "5.0"] == 2
    assert said["portolano_batch_seconds_bucket", "0.02"] == 0


def test_figures_of_the_moment_stand_beside_what_was_counted() -> None:
    metrics = Metrics("notifier")
    metrics.mail("taken")
    said = told(metrics, Sample(names.HELD, 4, {"state": "queued"}), Sample(names.SPANS_DROPPED, 7))
    assert said["portolano_mails_total", "taken"] == 1
    assert said["portolano_held_records", "queued"] == 4
    assert said["portolano_spans_dropped_total", ""] == 7
    assert ("portolano_held_records", "queued") not in told(metrics), "a figure that is no longer asked is gone"


def test_who_comes_too_late_is_counted_by_what_it_came_as_and_who_does_not_is_not() -> None:
    metrics = Metrics("notifier")
    metrics.fenced("reader", 0)
    metrics.fenced("relay", 12)
    metrics.fenced("relay", 1)
    said = told(metrics)
    assert said["portolano_fenced_total", "relay"] == 13
    assert said["portolano_fenced_total", "reader"] == 0, (
        "it is there from the start: else the first one is no increase"
    )


def test_what_the_page_can_show_is_told_before_it_was_shown() -> None:
    metrics = Metrics("notifier")
    metrics.pages(["asked", "recorded"])
    metrics.page("asked")
    said = told(metrics)
    assert said["portolano_pages_total", "asked"] == 1
    assert said["portolano_pages_total", "recorded"] == 0


def test_two_services_in_one_process_count_apart() -> None:
    one, other = Metrics("intake"), Metrics("referral")
    one.published(5)
    assert told(other)["portolano_relay_published_total", ""] == 0


def test_names_in_the_register_are_prometheuss_own_kind_of_names_and_stand_once() -> None:
    assert len({metric.name for metric in names.METRICS}) == len(names.METRICS)
    for metric in names.METRICS:
        assert metric.name.startswith("portolano_")
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert metric.help.endswith(".")
    named = {value for value in vars(names).values() if isinstance(value, names.Metric)}
    assert named == set(names.METRICS)


def test_the_types_that_are_told_of_a_door_are_those_of_the_contract() -> None:
    assert {SUBMITTED, SUCCEEDED, REVOKED, ERASURE_REQUESTED} <= names.DOOR_TYPES

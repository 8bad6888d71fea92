"""Counting in memory, told as Prometheus text. The batch loop adds a few numbers per batch; everything that must be
asked for (lag, outbox, held records) is asked when somebody scrapes, see `shared.feeds.gauges`.

One registry per service and not one per process, so that several services can run in one test.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from shared.telemetry import names

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves this one without types
CONTENT_TYPE = CONTENT_TYPE_LATEST
Fenced: TypeAlias = Literal["reader", "relay", "timer", "notifier"]
"""As what somebody comes too late."""
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0)


@dataclass(frozen=True, slots=True)
class Sample:
    """A figure as it is at this moment; `labels` are those of the register, `service` apart."""

    metric: names.Metric
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


class Metrics:
    """The counters of one service."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._records = self._counter(names.RECORDS)
        self._failures = self._counter(names.FAILURES)
        self._backoff = self._counter(names.BACKOFF).labels(service)
        self._gaps = self._counter(names.GAPS_MET)
        self._published = self._counter(names.PUBLISHED).labels(service)
        self._publish_failures = self._counter(names.PUBLISH_FAILURES)
        self._fenced = self._counter(names.FENCED)
        for as_ in get_args(Fenced):  # at 0 from the start: else the first one is no increase
            self._fenced.labels(service, as_)
        self._mails = self._counter(names.MAILS)
        self._pages = self._counter(names.PAGES)
        self._batch_records = self._histogram(names.BATCH_RECORDS, _SIZES)
        self._batch_seconds = self._histogram(names.BATCH_SECONDS, _SECONDS)
        self._known: dict[tuple[str, str], Counter] = {}

    def batch(self, outcomes: Mapping[str, Mapping[Any, int]], seconds: float) -> None:
        """A committed batch: per source (topic without prefix) how its records ended."""
        consumed = 0
        for source, counts in outcomes.items():
            for outcome, n in counts.items():
                if n > 0:
                    consumed += n
                    self._outcome(source, outcome).inc(n)
        self._batch_records.observe(consumed)
        self._batch_seconds.observe(seconds)

    def _outcome(self, source: str, outcome: str) -> Counter:
        known = self._known.get((source, outcome))
        if known is None:
            known = self._known[source, outcome] = self._records.labels(self._service, source, outcome)
        return known

    def failed(self, kind: str, pause: float) -> None:
        """A try of a batch that comes again after `pause` seconds."""
        self._failures.labels(self._service, kind).inc()
        self._backoff.inc(pause)

    def gap(self, source: str) -> None:
        self._gaps.labels(self._service, source).inc()

    def published(self, n: int) -> None:
        self._published.inc(n)

    def publish_failed(self, kind: str) -> None:
        self._publish_failures.labels(self._service, kind).inc()

    def fenced(self, as_: Fenced, n: int) -> None:
        """So many times this process came too late with what somebody else had in hand already."""
        if n > 0:
            self._fenced.labels(self._service, as_).inc(n)

    def mail(self, answer: str) -> None:
        self._mails.labels(self._service, answer).inc()

    def pages(self, sights: Iterable[str]) -> None:
        """What the page can show: each is told from now on, at 0 until it was shown."""
        for sight in sights:
            self._pages.labels(self._service, sight)

    def page(self, sight: str) -> None:
        """A request at the firms' page, and what it got to see."""
        self._pages.labels(self._service, sight).inc()

    def text(self, samples: Iterable[Sample]) -> bytes:
        """Everything in Prometheus's text format, with these figures of the moment."""
        families = {family.name: family for family in self._families(samples)}
        moment = CollectorRegistry(auto_describe=False)
        moment.register(_Told(families.values()))
        return generate_latest(self._registry) + generate_latest(moment)

    def _families(self, samples: Iterable[Sample]) -> Iterable[Metric]:
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
        for one in samples:
            metric = one.metric
            family = families.get(metric.name)
            if family is None:
                kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
                family = families[metric.name] = kind(metric.name, metric.help, labels=("service", *metric.labels))
            family.add_metric([self._service, *(one.labels[label] for label in metric.labels)], one.value)
        return families.values()

    def _counter(self, metric: names.Metric) -> Counter:
        return Counter(metric.name, metric.help, ("service", *metric.labels), registry=self._registry)

    def _histogram(self, metric: names.Metric, buckets: tuple[float, ...]) -> Histogram:
        labels = ("service", *metric.labels)
        return Histogram(metric.name, metric.help, labels, buckets=buckets, registry=self._registry).labels(
            self._service
        )


class _Told(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families

"""Making spans with OpenTelemetry's SDK. Only a service that is to be traced imports this module.

The runtime knows spans by their `traceparent`, which is what travels; the SDK's objects stay here. A span's ids can be
given from outside, so that they follow from the cause of what it records.
"""

import random
from collections.abc import Mapping, Sequence

from opentelemetry.context import Context as Carrier
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as AnySpan

from shared.telemetry import names
from shared.telemetry.context import Context, read, span_id_of, trace_id_of
from shared.telemetry.outlet import Outlet, close, open_outlet

Value = str | int
_KINDS = {"internal": SpanKind.INTERNAL, "consumer": SpanKind.CONSUMER, "producer": SpanKind.PRODUCER}
_KINDS["client"] = SpanKind.CLIENT
_NOWHERE = Carrier()


class _Ids(IdGenerator):
    """Ids by chance, unless the next ones were given. Spans are begun in the loop's thread alone."""

    def __init__(self) -> None:
        self.trace: int | None = None
        self.span: int | None = None

    def generate_span_id(self) -> int:
        given, self.span = self.span, None
        return given if given is not None else random.getrandbits(64) or 1

    def generate_trace_id(self) -> int:
        given, self.trace = self.trace, None
        return given if given is not None else random.getrandbits(128) or 1


class _Counter(SpanProcessor):
    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self._outlet.made()


class Recorded:
    """A span under way. Nobody sees it before it has ended; one that never ends leaves no mark."""

    __slots__ = ("_span", "traceparent")

    def __init__(self, span: AnySpan) -> None:
        self._span = span
        context = span.get_span_context()
        self.traceparent = str(Context(context.trace_id, context.span_id, context.trace_flags))

    def link(self, traceparent: str | None, joins: str) -> None:
        """Point to a span of another trace; one of the same trace needs no pointer."""
        context = _context(traceparent)
        if context is not None and context.trace_id != self._span.get_span_context().trace_id:
            self._span.add_link(context, {names.JOINS: joins})

    def event(self, name: str, error: str) -> None:
        self._span.add_event(name, {names.ERROR: error})

    def end(self, attributes: Mapping[str, Value], error: str | None = None, at: int | None = None) -> None:
        """`error` is a kind, never words; `at` is in nanoseconds since 1970."""
        if self._span.is_recording():
            self._span.set_attributes(attributes)
            if error is not None:
                self._span.set_attribute(names.ERROR, error)
                self._span.set_status(StatusCode.ERROR)
        self._span.end(at)


class Tracing:
    """The spans of one service."""

    def __init__(self, service: str, version: str, processors: Sequence[SpanProcessor], outlet: Outlet | None) -> None:
        self._service = service
        self._ids = _Ids()
        self._outlet = outlet
        # The environment's own words about the resource (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) go before ours.
        ours = Resource({"service.name": service, "service.namespace": "portolano", "service.version": version})
        said = Resource.create()
        if said.attributes.get("service.name", "").__str__().startswith("unknown_service"):
            said = Resource({name: value for name, value in said.attributes.items() if name != "service.name"})
        self._provider = TracerProvider(
            resource=ours.merge(said), id_generator=self._ids, shutdown_on_exit=False
        )  # the sampler and the limits it reads from OTEL_TRACES_SAMPLER and OTEL_SPAN_* by itself
        for processor in processors:
            self._provider.add_span_processor(processor)
        self._processors = processors
        self._tracer = self._provider.get_tracer("portolano", version)

    def takes(self, n: int) -> bool:
        """Whether about `n` spans are worth making now."""
        return self._outlet is None or self._outlet.takes(n)

    @property
    def dropped(self) -> int:
        return 0 if self._outlet is None else self._outlet.dropped

    def start(
        self,
        name: str,
        kind: str,
        *,
        parent: str | None = None,
        cause: str | None = None,
        joins: "Recorded | None" = None,
        at: int | None = None,
    ) -> Recorded:
        """Begin a span under `parent` (a traceparent), or a new trace where that is none.

        With a `cause` the ids follow from it. `joins` is the batch that the span is part of. `at` is in nanoseconds
        since 1970; now, without.
        """
        above = _context(parent)
        if cause is not None:
            self._ids.span = span_id_of(self._service, cause)
            self._ids.trace = trace_id_of(cause) if above is None else None
        carrier = _NOWHERE if above is None else set_span_in_context(NonRecordingSpan(above), _NOWHERE)
        links = [] if joins is None else [Link(joins._span.get_span_context(), {names.JOINS: "batch"})]
        return Recorded(self._tracer.start_span(name, carrier, _KINDS[kind], None, links, at))

    async def close(self) -> None:
        """Hand over what is left, within a limit."""
        for processor in self._processors:
            if isinstance(processor, BatchSpanProcessor):
                await close(processor)


def _context(traceparent: str | None) -> SpanContext | None:
    found = read(traceparent)
    if found is None:
        return None
    return SpanContext(found.trace_id, found.span_id, is_remote=True, trace_flags=TraceFlags(found.flags))


def from_environment(service: str, version: str) -> Tracing:
    """Traces over OTLP as the standard variables say."""
    outlet, processor = open_outlet()
    return Tracing(service, version, (_Counter(outlet), processor), outlet)

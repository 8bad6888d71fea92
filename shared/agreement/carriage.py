"""How the agreement is carried by Kafka: topics and what one partner may take of the broker."""

from pydantic import Field

from shared.agreement.parts import Count, Part


class Keep(Part):
    """How long a record can be read, in days."""

    partners: Count
    internal: Count


class Carriage(Part):
    """How topics are laid out: partitions of the internal ones, keep, span of a segment in hours."""

    internal_partitions: int = Field(ge=1, le=1000)
    keep_days: Keep
    segment_hours: Count


class Quota(Part):
    """What one partner may take of the broker; `request_percent` is of one broker thread's time."""

    producer_bytes_per_second: Count
    consumer_bytes_per_second: Count
    request_percent: Count

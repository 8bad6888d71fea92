"""Whether the log that a feed is published on is the one that it was, and still has what was published. Pure.

A number is given an offset of its own each time it is published, so in a topic that begins with number b, number n
stands at offset n - b or later. A log that ends before that has lost its last records; a topic with another id was
deleted and made again. What was published on either is not there, and nothing more is said on it until a person has
had it published again: a new topic must not begin in the middle.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Log:
    """A partition as the broker has it: its topic's id, its first offset, and the offset after its last record."""

    topic_id: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Published:
    """A feed as its store knows it: on which topic (None where nobody has looked yet), with which number that topic
    begins, and up to which number it was published."""

    topic_id: str | None
    begins: int
    published: int

    @property
    def end(self) -> int:
        """The least offset at which the log can end."""
        return max(self.published - self.begins + 1, 0)


def fault(feed: str, known: Published, log: Log) -> str | None:
    """What is wrong, in a line for a person with what to do; None where the log has what was published on it."""
    topic = feed.rpartition("/")[0]
    if known.topic_id is not None and known.topic_id != log.topic_id and known.published > 0:
        return (
            f"{feed} is another topic than the one it was published on (it was deleted and made again): "
            f"nothing more is said there until `portolano feeds accept {topic} --reason …`."
        )
    if log.end < known.end:
        return lost(feed, known)
    return None


def lost(feed: str, known: Published) -> str:
    """A log that ends too early, in a line for a person."""
    topic = feed.rpartition("/")[0]
    return (
        f"{feed} was published up to number {known.published}, and the end of its log is gone: nothing more is said "
        f"there until `portolano feeds republish {topic}`."
    )

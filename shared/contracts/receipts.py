"""Receipts: the one final answer to each record that a partner wrote to its firms topic."""

from typing import ClassVar, Literal

import msgspec

from shared.contracts.base import Event, FirmId
from shared.contracts.rules import Problem

SubmissionOutcome = Literal[
    "registered", "updated", "unchanged", "succeeded", "revoked", "erasure_accepted", "repeated"
]
"""Relative to what this partner said before, never to what others told us."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where the answered record stands in Kafka."""

    topic: str
    partition: int
    offset: int


class SubmissionAccepted(Event, frozen=True, kw_only=True):
    """The record took effect, or says what an earlier one said. `submission_id` is the id of the event answered."""

    type: ClassVar[str] = "it.portolano.submission.accepted.v1"
    feed: ClassVar[str] = "partners.{partner}.receipts.v1"

    submission_id: str
    outcome: SubmissionOutcome
    firm_id: FirmId
    warnings: tuple[Problem, ...]
    position: Position
    reference: str | None = None


class SubmissionRefused(Event, frozen=True, kw_only=True):
    """The record changed nothing; all its problems at once. Its id is not used up."""

    type: ClassVar[str] = "it.portolano.submission.refused.v1"
    feed: ClassVar[str] = "partners.{partner}.receipts.v1"

    position: Position
    problems: tuple[Problem, ...]
    submission_id: str | None = None


class SubmissionHeld(Event, frozen=True, kw_only=True):
    """Our fault: the record is kept and looked at; the final answer follows."""

    type: ClassVar[str] = "it.portolano.submission.held.v1"
    feed: ClassVar[str] = "partners.{partner}.receipts.v1"

    position: Position
    submission_id: str | None = None

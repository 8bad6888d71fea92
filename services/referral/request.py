"""What partners are asked about a firm beside their tasks: whether it is a member, and what is missing of it. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from shared.contracts.classifier import Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A body was asked whether the firm is its member, as the firm had declared. Silence beyond `answer_by` (UTC) means
    no; a later answer counts all the same. `member` is None until it is answered."""

    query_id: str
    firm_id: str
    partner: str
    asked_at: datetime
    answer_by: datetime
    member: bool | None = None
    since: date | None = None
    answered_at: datetime | None = None


class Closing(StrEnum):
    """Why the answer to a request for information is waited for no longer."""

    ANSWERED = "answered"
    """The firm's segment is settled, whoever told what settles it."""
    SUPERSEDED = "superseded"
    """New data came, and something else is missing now: that is asked for instead."""
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    FIRM_CEASED = "firm_ceased"
    """It ceased, or is being wound up: such a firm gets no needs."""
    FIRM_MERGED = "firm_merged"
    AGREEMENT_ENDED = "agreement_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a partner was asked to find out of a firm until `answer_by` (UTC). `number` counts the firm's requests from
    1; one at most is open. `declined` are the partner's own words, personal data, the first ones it gave, also where
    the request was closed by then."""

    request_id: str
    firm_id: str
    number: int
    partner: str
    missing: tuple[Missing, ...]
    asked_at: datetime
    answer_by: datetime
    closed: Closing | None = None
    closed_at: datetime | None = None
    declined: str | None = None
    declined_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.closed is None

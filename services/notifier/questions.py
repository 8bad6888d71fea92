"""What a firm is asked on its page, and what becomes of its answer. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.notifier.links import Link, Purpose
from services.notifier.wording import Language
from shared.contracts.base import FirmId
from shared.contracts.referral import ReportedOutcome

REASONS = ("not_finished", "other_outcomes", "never_contacted")
"""Why a firm disputes what was reported, coded: free words of a person are not asked for."""


class Answer(StrEnum):
    """What a firm can say."""

    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something that a firm may answer once, until its link ends (UTC). `id` is what the link names.

    What its page shows stands here as it was when it was asked; the firm's name does not, because a link may be passed
    on. `front` is None of a referral that was opened before the notifier kept such things.
    """

    purpose: Purpose
    id: str
    firm_id: FirmId
    partner: str
    language: Language
    until: datetime
    front: str | None = None
    import_: bool = False
    market: str | None = None
    outcomes: Sequence[ReportedOutcome] = ()
    traceparent: str | None = None
    answer: Answer | None = None
    reason: str | None = None
    answered_at: datetime | None = None

    @property
    def link(self) -> Link:
        return Link(self.purpose, self.id, self.until)


@dataclass(frozen=True, slots=True)
class Given:
    """What a firm has sent off: an answer, and beside a no one of `REASONS`, or none."""

    answer: Answer
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What was sent is no answer: none of the buttons was pressed, or it says what no button says."""


def given(form: Mapping[str, Sequence[str]], purpose: Purpose) -> Given | Unreadable:
    """The fields of a form as an answer. A reason counts beside a no to what was reported alone, as it stands there."""
    answers, reasons = form.get("answer", ()), form.get("reason", ())
    if len(answers) != 1 or answers[0] not in tuple(Answer) or len(reasons) > 1:
        return Unreadable()
    answer = Answer(answers[0])
    reason = reasons[0] if reasons and reasons[0] else None
    if answer is Answer.YES:
        return Given(answer)
    known = REASONS if purpose is Purpose.OUTCOMES else ()
    return Given(answer, reason) if reason is None or reason in known else Unreadable()


def answered(question: Question, given: Given, at: datetime) -> Question | None:
    """The question with its answer; None where one stands already, or the link has ended at `at`."""
    if question.answer is not None or at > question.until:
        return None
    return replace(question, answer=given.answer, reason=given.reason, answered_at=at)


class Sight(StrEnum):
    """What whoever opens a link, or answers by it, gets to see."""

    ASKED = "asked"
    """The question, with its buttons."""
    STANDS = "stands"
    """The answer that was given before."""
    RECORDED = "recorded"
    """The answer, taken just now."""
    CONTRARY = "contrary"
    """Another answer was given before, and stands."""
    UNREADABLE = "unreadable"
    """The question again: what was sent is no answer."""
    EXPIRED = "expired"
    GONE = "gone"
    """A good link to what is not asked any more: withdrawn, or erased."""
    FORGED = "forged"
    UNKNOWN = "unknown"
    """No link of ours."""
    NOT_FOUND = "not_found"
    """No page of ours."""
    FAILED = "failed"
    """Our fault: to be tried again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A sight, and the question where it shows one."""

    sight: Sight
    question: Question | None = None

"""What would be said of a letter, without sending it: read by the doors' own readers, placed by the classifier's rules.

Pure but for what it imports: no store, no broker. What depends on earlier records is told as a condition; the segment
is that of this assertion alone, as if nobody else spoke of the firm.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from cli.explain.casework import what
from cli.explain.english import ENGLISH
from cli.partner.letters import ON_UPDATES, Letter
from services.classifier import domain as classifier
from services.intake.merging import Asserted, merge
from services.referral.door import read_update
from shared.agreement import Agreement, Versions
from shared.contracts import topics
from shared.contracts.classifier import Need, Segment
from shared.contracts.intake import FirmRegistered
from shared.contracts.rules import Problem
from shared.contracts.submissions import Refusal, Submission, read_submission
from shared.feeds.speech import Place
from shared.feeds.subscriptions import Letter as Record

NOBODY = "00000000-0000-0000-0000-000000000000"
"""Stands for the firm's id, which needs the installation's key and decides no segment."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """The answer that would come. `conditions` tell what the stores decide; a refused letter has neither segment nor
    needs, and so has one that asserts nothing of a firm."""

    accepted: bool
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    conditions: tuple[str, ...] = ()
    segment: Segment | None = None
    needs: tuple[Need, ...] = ()


def rehearse(letter: Letter, code: str, agreement: Agreement, at: datetime) -> Trial:
    """The receipt that partner `code` would get for this letter, if it arrived at `at` (UTC)."""
    headers = tuple((name, _bytes(value)) for name, value in letter.headers())
    if letter.type in ON_UPDATES:
        place = Place(topics.updates(code), 0, 0)
        record = Record(code, place, at, letter.id.encode(), letter.data, headers)
        problems = read_update(record, Versions((agreement,))).problems
        return Trial(
            accepted=not problems,
            problems=problems,
            conditions=()
            if problems
            else ("refused where it is not your referral, or does not move so from its state",),
        )
    content = read_submission(
        letter.data,
        headers,
        at,
        partners=frozenset(agreement.partners),
        fronts=frozenset(front.code for front in agreement.fronts),
    )
    if isinstance(content, Refusal):
        return Trial(accepted=False, problems=content.problems)
    if not isinstance(content, Submission):
        condition = "refused (firm-unknown) unless you have submitted the firm before"
        return Trial(accepted=True, warnings=content.warnings, conditions=(condition,))
    assertion = content.assertion
    merged = merge([Asserted(code, letter.id, assertion)])
    alone = FirmRegistered(
        firm_id=NOBODY, version=1, observed_at=merged.observed_at, profile=merged.profile, publishers=()
    )
    assessed = classifier.assess(alone, agreement)
    unnamed = "refused (name-required) if this is your first submission of the firm"
    return Trial(
        accepted=True,
        warnings=content.warnings,
        conditions=() if assertion.firm.name is not None else (unnamed,),
        segment=assessed.segment,
        needs=assessed.needs,
    )


def trial_lines(trial: Trial) -> Iterator[str]:
    """The trial in words, line by line, for the person at the keyboard."""
    for one in trial.problems:
        yield f"{one.pointer or '(the record)'}: {one.message} ({one.rule})"
    for one in trial.warnings:
        yield f"warning: {one.pointer or '(the record)'}: {one.message} ({one.rule})"
    yield from trial.conditions
    if trial.segment is None:
        return
    segment = trial.segment
    stands = ENGLISH.either(segment.possible) if segment.status == "provisional" else ENGLISH.code(segment.value or "?")
    granted = f"; taken for granted: {ENGLISH.either(segment.presumptions, 'and')}" if segment.presumptions else ""
    yield f"likely segment: {segment.status.replace('_', ' ')}, {stands}{granted}"
    for warning in segment.warnings:
        yield f"contradiction: {warning}"
    needs = [what(need.front, need.import_, need.market) for need in trial.needs]
    yield f"likely needs: {'; '.join(needs) or 'none'}"


def now() -> datetime:
    """The moment at which a letter would arrive."""
    return datetime.now(UTC)


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value

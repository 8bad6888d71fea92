"""How needs are routed and referrals live: the order of the rules, the codes that partners use, the deadlines."""

from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from shared.agreement.parts import Code, Count, Many, Part

RoutingStep = Literal["consent", "owner_of_front", "owner_of_import", "membership", "eligibility", "tie", "fallback"]


class Routing(Part):
    """The rules in the order in which they are asked; how often a need is handed on before a person takes it.

    A candidate policy may leave a rule out, but never the firm's consent, and nothing is asked before it.
    """

    order: Many[RoutingStep]
    most_hops: Count

    @model_validator(mode="after")
    def _consent_comes_first(self) -> "Routing":
        if self.order[0] != "consent":
            raise ValueError("consent is always asked, and before any other rule")
        if len(set(self.order)) < len(self.order):
            raise ValueError("a rule stands in the order twice")
        if "tie" in self.order and "eligibility" not in self.order:
            raise ValueError("a tie is between those that eligibility leaves, and eligibility is not asked")
        return self


def _distinct(codes: tuple[str, ...]) -> tuple[str, ...]:
    for place, code in enumerate(codes):
        if code in codes[:place]:
            raise ValueError(f"{code!r} is given twice")
    return codes


Distinct = Annotated[Many[Code], AfterValidator(_distinct)]


class Failure(Part):
    """Why a partner ends work without a result; `reroutes`: the need goes to somebody else, it is not the firm's."""

    code: Code
    reroutes: bool = False


def _distinct_failures(failures: tuple[Failure, ...]) -> tuple[Failure, ...]:
    _distinct(tuple(failure.code for failure in failures))
    return failures


class Codes(Part):
    """What a partner may give as a reason or a result, and why the hub ends a referral. The contract knows the same."""

    reject: Distinct
    hold: Distinct
    fail: Annotated[Many[Failure], AfterValidator(_distinct_failures)]
    outcome: Distinct
    ended: Distinct


class Ladder(Part):
    """What happens to a referral that nobody accepts, in working days after it was requested."""

    remind: Count
    escalate: Count
    reroute: Count

    @model_validator(mode="after")
    def _climb(self) -> "Ladder":
        if not self.remind < self.escalate < self.reroute:
            raise ValueError("first the reminder, then the escalation, then the re-route")
        return self


class Deadlines(Part):
    """In working days of the calendar; the day of the event does not count."""

    accept: Ladder
    contact: Count
    information: Count
    no_update: Count
    membership_query: Count
    longest_hold: Count
    cancellation: Count
    """Of silence, after which a cancellation that was asked for stands."""
    firm_answer: Count
    """For the firm to say whether a completed referral was, by the link that it got; then the link has expired."""
    after_outage: Count
    """After an outage of ours, before what fell due in it is judged."""

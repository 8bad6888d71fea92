"""All that the desks told, kept in order: what was sent, what came back, and when.

What belongs to other traffic on the same system (a firm that is not of the cast) is left out.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cli.demo.facts import Fact, Failed, Got, Kept, Replied, Report, Reported, Sent
from cli.demo.firms import Company
from cli.demo.heard import (
    STEPS,
    Queried,
    Requested,
    Step,
    company_of,
    need_of,
    number_in,
    queried,
    rule_of,
    step_of,
    when,
    words_of,
)
from cli.demo.routes import Reaction, Said, asked_through, in_time, react
from cli.demo.submissions import Script, Submission
from cli.partner.exchange import Kind, answered, kind_of
from cli.partner.letters import Heard, Position

RECENT = 50


@dataclass(frozen=True, slots=True)
class Line:
    """Something worth telling on the board."""

    at: float
    partner: str
    text: str
    tone: str = ""


@dataclass(slots=True)
class Ledger:
    """`companies` by codice fiscale, `titles` the partners' names for people."""

    script: Script
    companies: Mapping[str, Company]
    sent_at: dict[int, float] = field(default_factory=dict)
    """When a firm was first told, by running number."""
    last_sent_at: float = 0.0
    kept: dict[Position, Submission] = field(default_factory=dict)
    receipts: dict[Position, list[Heard]] = field(default_factory=dict)
    """Final answers to submissions by the position that they answer; one each, if all is well."""
    held: set[Position] = field(default_factory=set)
    firm_ids: dict[str, Company] = field(default_factory=dict)
    """The firms that were registered, by the id that the receipt gave them."""
    requested: dict[str, Requested] = field(default_factory=dict)
    inquired: dict[str, list[str]] = field(default_factory=dict)
    """Who was asked what is missing of a firm, by its codice fiscale."""
    closed: dict[str, list[str]] = field(default_factory=dict)
    """What the firm says of a completed referral, each time that its partner was told."""
    steps: dict[str, list[Step]] = field(default_factory=dict)
    """What the hub said of each referral by itself, in order."""
    queries: dict[str, list[Queried]] = field(default_factory=dict)
    """Which bodies were asked about a membership of a firm, by its codice fiscale."""
    days_pass: bool = False
    """Whether the first day is over: who is asked from then on accepts."""
    replies: dict[Position, Replied] = field(default_factory=dict)
    replied: dict[str, Reaction] = field(default_factory=dict)
    """What the partners said of a referral, by its id."""
    ordered: list[Report] = field(default_factory=list)
    """What partners are to say of referrals after their first answer."""
    reports: dict[Position, Reported] = field(default_factory=dict)
    reply_answers: dict[Position, list[Heard]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    """What the clients noticed: gaps in their feeds, answers to nobody's record, a client that failed."""
    broken: bool = False
    """Whether a client has given up: then not everything can arrive any more."""
    told: Counter[str] = field(default_factory=Counter)
    referred: Counter[str] = field(default_factory=Counter)
    said: Counter[tuple[str, Said]] = field(default_factory=Counter)
    """Answers given, by (partner, what it said)."""
    given: list[Submission] = field(init=False)
    """All that the partners have been given to tell so far."""
    _by_number: dict[int, Company] = field(init=False)
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=RECENT))

    def __post_init__(self) -> None:
        self.given = list(self.script.submissions)
        self._by_number = {company.number: company for company in self.companies.values()}

    def apply(self, fact: Fact) -> None:
        match fact:
            case Sent(submission, at):
                self.sent_at.setdefault(number_in(submission.letter.id), at)
                self.last_sent_at = at
            case Kept(submission, position):
                self.kept[position] = submission
                self.told[submission.partner] += 1
            case Got(partner, heard, at):
                self._got(partner, heard, at)
            case Replied(partner, referral_id, reaction, position, at):
                self._replied(partner, referral_id, reaction, position, at)
            case Reported(partner, report, position, at):
                self.reports[position] = fact
                self._line(at, partner, report.referral_id, report.status.replace("_", " "))
            case Failed(_, why):
                self.troubles.append(why)
                self.broken = True

    def _got(self, partner: str, heard: Heard, at: float) -> None:
        if heard.missing:
            where = heard.position.topic
            self.troubles.append(f"{partner} missed {heard.missing} records before number {heard.sequence} of {where}")
        if heard.fact.startswith("submission."):
            self._receipt(partner, heard, at)
        elif heard.fact == "referral.requested":
            self._asked(partner, heard, at)
        elif heard.fact == "referral.information-requested":
            self._inquired(partner, heard, at)
        elif heard.fact == "referral.closed":
            word = str(heard.data.get("confirmed_by_firm"))
            self.closed.setdefault(str(heard.data.get("referral_id")), []).append(word)
        elif heard.fact in STEPS:
            referral_id, step = str(heard.data.get("referral_id")), step_of(heard)
            self.steps.setdefault(referral_id, []).append(step)
            told = f"is told {step.fact.replace('-', ' ')} ({step.reason.replace('_', ' ')}):"
            self._line(at, partner, referral_id, told, "yellow")
        elif heard.fact == "referral.membership-queried":
            code = str(heard.data.get("codice_fiscale"))
            self.queries.setdefault(code, []).append(queried(partner, heard))
        elif kind_of(heard) is not None:
            position, _ = answered(heard)
            if position is not None:
                if kind_of(heard) is Kind.HELD:
                    self.held.add(position)
                else:
                    self.reply_answers.setdefault(position, []).append(heard)

    def _inquired(self, partner: str, heard: Heard, at: float) -> None:
        company = self.companies.get(str(heard.data.get("codice_fiscale")))
        if company is not None:
            self.inquired.setdefault(company.codice_fiscale, []).append(partner)
            missing = len(heard.data.get("missing", ()))
            self.lines.append(Line(at, partner, f"is asked {missing} question(s) about {company.short}"))

    def _receipt(self, partner: str, heard: Heard, at: float) -> None:
        position, id_ = answered(heard)
        if position is None:
            return
        if kind_of(heard) is Kind.HELD:
            self.held.add(position)
            self.lines.append(Line(at, partner, f"submission {id_} is held", "red"))
            return
        self.receipts.setdefault(position, []).append(heard)
        number = number_in(id_ or "")
        company = self._by_number.get(number)
        firm_id = heard.data.get("firm_id")
        if company is not None and isinstance(firm_id, str):
            self.firm_ids[firm_id] = company
        name = company.short if company else f"firm {number}"
        if kind_of(heard) is Kind.REFUSED:
            rules = ", ".join(str(problem.get("rule")) for problem in heard.data.get("problems", ()))
            self.lines.append(Line(at, partner, f"was refused {id_}: {rules}", "red"))
        elif heard.data.get("outcome") in ("updated", "repeated", "unchanged"):
            self.lines.append(Line(at, partner, f"told {name} again: {heard.data['outcome']}"))

    def _asked(self, partner: str, heard: Heard, at: float) -> None:
        company = company_of(heard, self.companies)
        if company is None:
            return  # somebody else's firm
        id_ = str(heard.data.get("referral_id"))
        need = need_of(heard)
        role = str(heard.data.get("role"))
        asked = Requested(
            referral_id=id_,
            partner=partner,
            company=company,
            need=need,
            role=role,
            by=rule_of(heard),
            at=at,
            asked_at=when(heard, "at"),
            accept_by=when(heard, "accept_by") if heard.data.get("accept_by") else None,
            later=self.days_pass,
        )
        self.requested[id_] = asked
        self.referred[partner] += asked.responsible
        told = "is asked to help" if asked.responsible else "gets a copy for"
        self.lines.append(Line(at, partner, f"{told} {company.short}: {words_of(need)}"))

    def _replied(self, partner: str, referral_id: str, reaction: Reaction, position: Position, at: float) -> None:
        self.replies[position] = Replied(partner, referral_id, reaction, position, at)
        if reaction.said is Said.COMPLETED:
            return  # it has answered before
        self.replied[referral_id] = reaction
        self.said[partner, reaction.said] += 1
        asked = self.requested.get(referral_id)
        name = asked.company.short if asked else "a firm"
        if reaction.said is Said.REJECTED:
            self.lines.append(Line(at, partner, f"rejects {name}: {reaction.reason}", "yellow"))
        else:
            self.lines.append(Line(at, partner, f"accepts {name}", "green"))

    def _line(self, at: float, partner: str, referral_id: str, told: str, tone: str = "") -> None:
        """A line about a referral of the cast; none about anybody else's."""
        asked = self.requested.get(referral_id)
        if asked is not None:
            self.lines.append(Line(at, partner, f"{told} {asked.company.short}: {words_of(asked.need)}", tone))

    def give(self, submissions: Sequence[Submission]) -> None:
        """Submissions beyond those of the first day."""
        self.given += submissions

    def will(self, asked: Requested) -> Reaction:
        """What the partner says to it, sooner or later."""
        first = react(self.script.seed, asked.company, asked.need, asked.partner, asked.by)
        return in_time(first.after) if asked.later else first

    def open_submissions(self) -> list[Submission]:
        """What the broker has and intake has not answered."""
        return [submission for position, submission in self.kept.items() if position not in self.receipts]

    def open_answers(self) -> list[Requested]:
        """Referrals that a partner will still answer, or whose answer is not answered yet."""
        unsaid = [
            asked
            for asked in self.requested.values()
            if asked.responsible and asked.referral_id not in self.replied and self.will(asked).said is not Said.NOTHING
        ]
        return unsaid + self.unanswered()

    def open_inquiries(self) -> list[Company]:
        """Firms of which nobody has been asked yet what is missing."""
        return [
            company
            for company in self.firm_ids.values()
            if asked_through(company) is not None and company.codice_fiscale not in self.inquired
        ]

    def settled(self) -> frozenset[str] | None:
        """The referrals that came, where the partners have nothing left to do and wait for nothing; else None."""
        all_sent = len(self.kept) == len(self.given) and len(self.reports) == len(self.ordered)
        if not all_sent or self.open_submissions() or self.open_answers() or self.open_inquiries():
            return None
        return frozenset(self.requested)

    def unanswered(self) -> list[Requested]:
        """Referrals that a partner has answered, and the hub has not recorded that yet."""
        said = {position: reply.referral_id for position, reply in self.replies.items()}
        said |= {position: reported.report.referral_id for position, reported in self.reports.items()}
        return [
            self.requested[referral_id]
            for position, referral_id in said.items()
            if position not in self.reply_answers and referral_id in self.requested
        ]

"""All that the desks told, kept in order: what was sent, what came back, and when.

What belongs to other traffic on the same system (a firm that is not of the cast) is left out.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from cli.demo.facts import Fact, Failed, Got, Kept, Replied, Sent
from cli.demo.firms import Company, Need
from cli.demo.routes import Reaction, Said, react
from cli.demo.submissions import Script, Submission
from cli.partner.exchange import Kind, answered, kind_of
from cli.partner.letters import Heard, Position

RECENT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """A referral as the partner's client got it."""

    referral_id: str
    partner: str
    company: Company
    need: Need
    role: str
    by: str
    """The rule that decided."""
    at: float

    @property
    def responsible(self) -> bool:
        """Whether there is something to do; else it is a copy."""
        return self.role == "responsible"


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
    cancelled: set[str] = field(default_factory=set)
    closed: dict[str, list[str]] = field(default_factory=dict)
    """What the firm says of a completed referral, each time that its partner was told."""
    replies: dict[Position, Replied] = field(default_factory=dict)
    replied: dict[str, Reaction] = field(default_factory=dict)
    """What the partners said of a referral, by its id."""
    reply_answers: dict[Position, list[Heard]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    """What the clients noticed: gaps in their feeds, answers to nobody's record, a client that failed."""
    broken: bool = False
    """Whether a client has given up: then not everything can arrive any more."""
    told: Counter[str] = field(default_factory=Counter)
    referred: Counter[str] = field(default_factory=Counter)
    said: Counter[tuple[str, Said]] = field(default_factory=Counter)
    """Answers given, by (partner, what it said)."""
    _by_number: dict[int, Company] = field(init=False)
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=RECENT))

    def __post_init__(self) -> None:
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
        elif heard.fact == "referral.cancelled":
            self.cancelled.add(str(heard.data.get("referral_id")))
        elif heard.fact == "referral.closed":
            self.closed.setdefault(str(heard.data.get("referral_id")), []).append(
                str(heard.data.get("confirmed_by_firm"))
            )
        elif kind_of(heard) is not None:
            position, _ = answered(heard)
            if position is not None:
                if kind_of(heard) is Kind.HELD:
                    self.held.add(position)
                else:
                    self.reply_answers.setdefault(position, []).append(heard)

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
            referral_id=id_, partner=partner, company=company, need=need, role=role, by=rule_of(heard), at=at
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

    def open_submissions(self) -> list[Submission]:
        """What the broker has and intake has not answered."""
        return [submission for position, submission in self.kept.items() if position not in self.receipts]

    def open_answers(self) -> list[Requested]:
        """Referrals that a partner will still answer, or whose answer is not answered yet."""
        seed = self.script.seed
        unsaid = [
            asked
            for asked in self.requested.values()
            if asked.responsible
            and asked.referral_id not in self.replied
            and react(seed, asked.company.place, asked.need, asked.partner, asked.by).said is not Said.NOTHING
        ]
        return unsaid + self.unanswered()

    def settled(self) -> frozenset[str] | None:
        """The referrals that came, where the partners have nothing left to do and wait for nothing; else None."""
        all_sent = len(self.kept) == len(self.script.submissions)
        if not all_sent or self.open_submissions() or self.open_answers():
            return None
        return frozenset(self.requested)

    def unanswered(self) -> list[Requested]:
        """Referrals that a partner has answered, and the hub has not recorded that yet."""
        return [
            self.requested[reply.referral_id]
            for position, reply in self.replies.items()
            if position not in self.reply_answers and reply.referral_id in self.requested
        ]


def number_in(event_id: str) -> int:
    """The firm's running number in an event id of the demo; -1 where there is none."""
    parts = event_id.split("-")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else -1


def company_of(heard: Heard, companies: Mapping[str, Company]) -> Company | None:
    """The firm of the cast that a referral is about."""
    firm = heard.data.get("firm")
    return companies.get(str(firm.get("codice_fiscale"))) if isinstance(firm, dict) else None


def need_of(heard: Heard) -> Need:
    """The need that a referral is for."""
    return Need(str(heard.data.get("front")), bool(heard.data.get("import")))


def rule_of(heard: Heard) -> str:
    """The rule that decided on a referral."""
    decision = heard.data.get("decision")
    return str(decision.get("rule")) if isinstance(decision, dict) else ""


def words_of(need: Need) -> str:
    """The need for people: `assistance`, `import`, `finance and insurance`."""
    return "strategic import" if need.import_ else need.front.replace("_", " ")

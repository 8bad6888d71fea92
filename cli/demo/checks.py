"""Expectation against evidence. Each check knows from the script what must have come, and compares what came. Pure.

Evidence is what the partners' own clients received, what the four stores hold, and what lies in the mail sink. A check
that had nothing to compare has failed: it would otherwise be proud of nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from cli.demo.closing import ANSWERS, chosen
from cli.demo.deadlines import check_deadlines
from cli.demo.evidence import Check, Evidence
from cli.demo.firms import Need
from cli.demo.heard import Requested, words_of
from cli.demo.inquiries import astray
from cli.demo.ledger import Ledger
from cli.demo.posted import check_mails
from cli.demo.routes import End, Route, Said, routes_of
from cli.demo.stores import View
from cli.partner.exchange import Kind, kind_of
from cli.partner.letters import Heard

MOST = 5
"""Faults that are told of one check; the rest is counted."""

_OPEN_OR_DONE = frozenset({"referred", "met", "unmet"})


def check_all(evidence: Evidence) -> list[Check]:
    """All checks but the audit, in the order of a firm's way."""
    seed, agreement = evidence.ledger.script.seed, evidence.agreement
    passed = evidence.days.passed if evidence.days is not None else 0
    ids = {company.number: firm_id for firm_id, company in evidence.ledger.firm_ids.items()}
    ways = [
        way
        for company in evidence.ledger.script.companies
        for way in routes_of(seed, company, agreement, passed=passed, firm_id=ids.get(company.number, ""))
    ]
    return [
        check_receipts(evidence.ledger),
        check_feeds(evidence.ledger),
        check_stores(evidence.ledger, evidence.view),
        check_segments(evidence.ledger, evidence.view),
        check_routes(evidence, ways),
        check_answers(evidence.ledger),
        check_endings(evidence),
        *([check_deadlines(evidence)] if evidence.days is not None else []),
        check_mails(evidence),
    ]


def check_receipts(ledger: Ledger) -> Check:
    """Every record has exactly one final answer, and it is the right one."""
    wrong: list[str] = []
    outcomes: Counter[str] = Counter()
    for position, submission in ledger.kept.items():
        answers = ledger.receipts.get(position, [])
        if len(answers) != 1:
            wrong.append(f"{submission.letter.id} of {submission.partner} has {len(answers)} receipts instead of one")
        for heard in answers[:1]:
            outcome, rules = outcome_of(heard)
            outcomes[outcome] += 1
            expected = submission.expected
            if outcome != expected.outcome or rules != expected.rules:
                wrong.append(
                    f"{submission.letter.id} of {submission.partner} got {_receipt(outcome, rules)}, "
                    f"not {_receipt(expected.outcome, expected.rules)}"
                )
    unsent = len(ledger.given) - len(ledger.kept)
    if unsent:
        wrong.append(f"{unsent} records never reached the broker")
    if ledger.held:
        wrong.append(f"{len(ledger.held)} records are held: `portolano held list`")
    told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    found = f"{sum(outcomes.values())} of {len(ledger.given)} records answered: {told}"
    return Check("receipts", found, tuple(wrong))


def outcome_of(heard: Heard) -> tuple[str, frozenset[str]]:
    """A receipt's outcome, and the rules that a refusal names."""
    if kind_of(heard) is Kind.REFUSED:
        return "refused", frozenset(str(problem.get("rule")) for problem in heard.data.get("problems", ()))
    return str(heard.data.get("outcome")), frozenset()


def check_feeds(ledger: Ledger) -> Check:
    """What the partners' clients read was gapless, and no client failed."""
    count = len(ledger.receipts) + len(ledger.requested) + len(ledger.reply_answers)
    wrong = list(ledger.troubles) or ([] if count else ["nothing was read"])
    return Check("feeds", f"{count} records read by the partners over TLS, numbered without a gap", tuple(wrong))


def check_stores(ledger: Ledger, view: View) -> Check:
    """Every firm that was registered is in every store, as new as in the first."""
    wrong = [f"{held} records wait behind a failure in {service}" for service, held in view.held.items() if held]
    registered = {company.number for company in ledger.firm_ids.values()}
    wrong += [
        f"{company.short} ({company.codice_fiscale}) is registered nowhere"
        for company in ledger.script.companies
        if company.number not in registered
    ]
    alike = 0
    for firm_id, company in ledger.firm_ids.items():
        assessed = view.assessed.get(firm_id)
        versions = (view.registered.get(firm_id), assessed.version if assessed else None, view.routed.get(firm_id))
        if None in versions or len(set(versions)) != 1:
            said = ", ".join("absent" if version is None else f"version {version}" for version in versions)
            wrong.append(f"{company.short} ({company.codice_fiscale}) in intake, classifier, referral: {said}")
        else:
            alike += 1
    found = f"{alike} of {len(ledger.script.companies)} firms stand alike in intake, classifier and referral"
    return Check("stores", found, tuple(wrong))


def check_segments(ledger: Ledger, view: View) -> Check:
    """The classifier says of each firm what its facts mean, worked out by hand beforehand; where that is not settled,
    somebody is asked for what is missing, once."""
    wrong: list[str] = []
    for firm_id, company in ledger.firm_ids.items():
        made, expected = view.assessed.get(firm_id), company.assessment
        if made is None:
            wrong.append(f"{company.short} is not assessed")
        elif (made.status, set(made.possible)) != (expected.status, set(expected.possible)):
            wrong.append(
                f"{company.short} ({company.kind}) is {made.status} {'/'.join(made.possible)}, "
                f"not {expected.status} {'/'.join(expected.possible)}"
            )
    if not ledger.firm_ids:
        wrong.append("no firm was assessed")
    told = ", ".join(f"{count} {segment}" for segment, count in segments(view).items())
    right = len(ledger.firm_ids) - len(wrong) if ledger.firm_ids else 0
    found = f"{right} of {len(ledger.firm_ids)} firms are where their facts put them: {told}; "
    found += f"{len(ledger.inquired)} asked for what is missing"
    wrong += astray(ledger)
    return Check("segments", found, tuple(wrong))


def segments(view: View) -> Counter[str]:
    """Firms per segment; those with several possible ones count as provisional."""
    counted: Counter[str] = Counter()
    for found in view.assessed.values():
        counted[found.possible[0].replace("_", " ") if len(found.possible) == 1 else "provisional"] += 1
    return Counter(dict(counted.most_common()))


def check_routes(evidence: Evidence, ways: Sequence[Route]) -> Check:
    """Every need went to whom the agreement names, and after a rejection to the next; nobody was asked for more."""
    wrong: list[str] = []
    came, copied_to = _requests(evidence.ledger), _copies(evidence.ledger)
    firm_ids = {company.number: id_ for id_, company in evidence.ledger.firm_ids.items()}
    right = 0
    states = _states(evidence)
    ends: Counter[End] = Counter()
    for way in ways:
        key = (way.company.number, way.need)
        asked = [requested.partner for requested in came.pop(key, [])]
        firm_id = firm_ids.get(way.company.number, "")
        expected = [leg.partner(firm_id) for leg in way.legs]
        copied, copies = sorted(copied_to.pop(key, [])), sorted(code for leg in way.legs for code in leg.copies)
        state = states.pop(key, "absent")
        if asked != expected:
            wrong.append(f"{_need(way)} went to {_chain(asked)}, not to {_chain(expected)}")
        elif copied != copies:
            wrong.append(f"{_need(way)} was copied to {_chain(copied)}, not to {_chain(copies)}")
        elif not (state in _OPEN_OR_DONE if way.end is End.REFERRED else state == way.end.value):
            wrong.append(f"{_need(way)} is {state}, not {way.end.value}")
        else:
            right += 1
            ends[way.end] += 1
    for requests in came.values():
        first = requests[0]
        wrong.append(f"{first.partner} was asked for {words_of(first.need)}, which {first.company.short} does not need")
    for (number, need), partners in copied_to.items():
        wrong.append(f"{_chain(partners)} got a copy for {words_of(need)}, which firm {number} does not need")
    if not ways:
        wrong.append("the cast has no needs")
    parts = {
        End.REFERRED: "with a partner",
        End.WAITING_CONSENT: "wait for a consent",
        End.WAITING_MEMBERSHIP: "wait for a body's word",
        End.MANUAL: "with a person",
    }
    told = ", ".join(f"{ends[end]} {words}" for end, words in parts.items() if ends[end]) or "none"
    found = f"{right} of {len(ways)} needs went where the agreement puts them: {told}"
    return Check("routes", found, tuple(wrong))


def _requests(ledger: Ledger) -> dict[tuple[int, Need], list[Requested]]:
    """Who was asked for each need, in order; only the responsible ones."""
    came: dict[tuple[int, Need], list[Requested]] = defaultdict(list)
    for requested in sorted(ledger.requested.values(), key=lambda one: one.at):
        if requested.responsible:
            came[requested.company.number, requested.need].append(requested)
    return came


def _copies(ledger: Ledger) -> dict[tuple[int, Need], list[str]]:
    """Who got a copy for each need."""
    came: dict[tuple[int, Need], list[str]] = defaultdict(list)
    for requested in ledger.requested.values():
        if not requested.responsible:
            came[requested.company.number, requested.need].append(requested.partner)
    return came


def _states(evidence: Evidence) -> dict[tuple[int, Need], str]:
    known = evidence.ledger.firm_ids
    return {(known[row.firm_id].number, Need(row.front, row.import_)): row.state for row in evidence.view.needs}


def check_answers(ledger: Ledger) -> Check:
    """Every answer of a partner was recorded, once; every rejection was followed up (the routes show to whom)."""
    wrong: list[str] = []
    said_of = {position: (reply.partner, reply.referral_id) for position, reply in ledger.replies.items()}
    said_of |= {position: (one.partner, one.report.referral_id) for position, one in ledger.reports.items()}
    for position, (partner, referral_id) in said_of.items():
        answers = ledger.reply_answers.get(position, [])
        if len(answers) != 1:
            wrong.append(f"{partner}'s answer to referral {referral_id} was answered {len(answers)} times")
        elif kind_of(answers[0]) is not Kind.ACCEPTED:
            rules = ", ".join(str(problem.get("rule")) for problem in answers[0].data.get("problems", ()))
            wrong.append(f"{partner}'s answer to referral {referral_id} was refused: {rules}")
    unsaid = len(ledger.open_answers()) - len(ledger.unanswered())
    if unsaid:
        wrong.append(f"{unsaid} referrals were to be answered and were not")
    if not ledger.requested:
        wrong.append("no partner was asked to help anybody")
    said = Counter(reaction.said for reaction in ledger.replied.values())
    asked = sum(one.responsible for one in ledger.requested.values())
    silent, copies = asked - len(ledger.replied), len(ledger.requested) - asked
    found = f"{said[Said.ACCEPTED]} accepted, {said[Said.REJECTED]} rejected and followed up, {silent} left unanswered"
    if ledger.reports:
        found += f", {len(ledger.reports)} told more of"
    return Check("answers", f"{asked} referrals: {found}; {copies} copies for those who support", tuple(wrong))


def check_endings(evidence: Evidence) -> Check:
    """Of two completed referrals one is confirmed by its firm and one disputed, by the link in its mail; the partner
    reads it, after having read that the firm had not answered yet."""
    wrong: list[str] = []
    ledger = evidence.ledger
    right = Counter[str]()
    for one in evidence.endings:
        what = f"{one.asked.partner}'s referral {one.asked.referral_id}"
        told, expected = ledger.closed.get(one.asked.referral_id, []), ["pending", ANSWERS[one.button]]
        if one.trouble:
            wrong.append(f"{what}: {one.trouble}")
        elif (one.opened, one.answered) != (200, 200):
            wrong.append(f"{what}: the firm's page answered {one.opened} and {one.answered}, not 200 and 200")
        elif told != expected:
            wrong.append(f"{what}: its partner was told {_chain(told)}, not {_chain(expected)}")
        else:
            right[expected[-1]] += 1
    missing = len(chosen(ledger)) - len(evidence.endings)
    if missing:
        wrong.append(f"{missing} referrals were to be completed and were not")
    told_of = f"{right['yes']} confirmed by the firm through the link in its mail, {right['disputed']} disputed"
    found = f"{len(evidence.endings)} referrals completed: {told_of}" if evidence.endings else "none is completed"
    return Check("endings", found, tuple(wrong))


def _need(way: Route) -> str:
    return f"{way.company.short}: {words_of(way.need)}"


def _chain(partners: Sequence[str]) -> str:
    return ", then ".join(partners) or "nobody"


def _receipt(outcome: str, rules: frozenset[str]) -> str:
    return f"{outcome} ({', '.join(sorted(rules))})" if rules else outcome


def latencies(ledger: Ledger) -> list[float]:
    """Seconds from a partner's send to the first referral of each need at its partner's client, in rising order.

    Of firms that were told once: of others one cannot say which record was the cause.
    """
    once = {role.company.number for role in ledger.script.roles if role.company is not None and role.told_once}
    first: dict[tuple[int, Need], float] = {}
    for requested in ledger.requested.values():
        if requested.later:  # it waited for days that were made to pass
            continue
        key = (requested.company.number, requested.need)
        first[key] = min(first.get(key, requested.at), requested.at)
    return sorted(at - ledger.sent_at[number] for (number, _), at in first.items() if number in once)


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The value below or at which `share` of them lie; None of nothing."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


def shortened(wrong: Sequence[str], most: int = MOST) -> Iterator[str]:
    """The first faults, and how many more there are."""
    yield from wrong[:most]
    if len(wrong) > most:
        yield f"and {len(wrong) - most} more"

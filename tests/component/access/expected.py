"""Who may do what on the broker, written by hand from the contract; nothing here asks the code that grants it.

A partner writes its two inbound topics, reads its two outbound ones and uses groups that begin with its code and a dot;
`<code>.b` is its equal. A service writes what it says, reads that too (its relay looks at the last record) and what it
hears, and has one group. Whoever may write or read a topic may ask where it begins and ends, and sees its name. Nobody
changes anything, and nobody has a transactional id.
"""

from shared.agreement import load

PARTNERS = load().partners
SERVICES = ("intake", "classifier", "referral", "notifier")
EVERYBODY = (*SERVICES, *PARTNERS)
INTERNAL = ("intake.firms.v1", "classifier.assessments.v1", "referral.events.v1", "notifier.deliveries.v1")
NOUNS = ("firms", "updates", "receipts", "referrals")
TOPICS = tuple(f"partners.{code}.{noun}.v1" for code in PARTNERS for noun in NOUNS) + INTERNAL


def may_write(user: str, partners: tuple[str, ...] = PARTNERS) -> set[str]:
    match user:
        case "intake":
            return {"intake.firms.v1", *(f"partners.{code}.receipts.v1" for code in partners)}
        case "classifier":
            return {"classifier.assessments.v1"}
        case "referral":
            return {"referral.events.v1", *(f"partners.{code}.referrals.v1" for code in partners)}
        case "notifier":
            return {"notifier.deliveries.v1"}
        case partner:
            code = partner.removesuffix(".b")
            return {f"partners.{code}.firms.v1", f"partners.{code}.updates.v1"}


def may_read(user: str, partners: tuple[str, ...] = PARTNERS) -> set[str]:
    match user:
        case "intake":
            return may_write(user, partners) | {f"partners.{code}.firms.v1" for code in partners}
        case "classifier":
            return may_write(user, partners) | {"intake.firms.v1"}
        case "referral":
            updates = {f"partners.{code}.updates.v1" for code in partners}
            return may_write(user, partners) | updates | {"classifier.assessments.v1", "notifier.deliveries.v1"}
        case "notifier":
            return may_write(user, partners) | {"referral.events.v1"}
        case partner:
            code = partner.removesuffix(".b")
            return {f"partners.{code}.receipts.v1", f"partners.{code}.referrals.v1"}


def may_join(user: str, group: str, prefix: str) -> bool:
    """Whether a group is this user's; `prefix` stands before a service's."""
    if user in SERVICES:
        return group == prefix + user
    return group.startswith(user.removesuffix(".b") + ".")

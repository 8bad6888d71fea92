"""The codes of receipts, answers and states, as a case officer would say them."""

from collections.abc import Iterable, Sequence

SUBMISSIONS = {
    "registered": "{partner} tells of the firm for the first time: registered",
    "updated": "{partner} tells something new of the firm: updated",
    "unchanged": "{partner} tells what it had told, or something older: nothing changes",
    "repeated": "{partner} sends a record a second time: nothing changes",
    "succeeded": "{partner} tells that another firm succeeds it",
    "revoked": "{partner} passes on that the firm withdraws a consent",
    "erasure_accepted": "{partner} passes on that the firm wants to be erased",
    "refused": "{partner} sends a record that is refused",
}

RULES = {
    "agreement_in_force": "agreement",
    "reroutes": "earlier partners",
    "owner_of_front": "owner of the front",
    "fallback": "neutral body",
    "nobody_left": "end of the list",
}

PREDICATES = {
    "owner_of_front": "it owns the front",
    "owner_of_import": "it owns import",
    "verified_membership": "the firm is its verified member",
    "fallback": "it is the neutral body, and nobody else was left",
    "agreement_not_in_force": "the agreement is not in force",
    "another_owns_front": "another partner owns the front",
    "another_owns_import": "another partner owns import",
    "rejected_earlier": "it has rejected this need",
    "no_consent": "the firm has not consented to it",
    "consent_expired": "the firm's consent for it has expired",
    "front_not_served": "it does not serve the front",
    "not_a_member_body": "it has no member firms",
    "no_verified_membership": "the firm is not its verified member",
    "less_specific": "a more specific body has the firm as well",
    "younger_membership": "an older membership goes first",
    "tie_lost": "equal to the one chosen, which the hash preferred",
    "membership_decided": "the firm's membership elsewhere decided",
}

CHANGES = {
    "agreement_in_force": "an agreement were in force",
    "consent_given": "the firm consented to {partner}",
    "consent_withdrawn": "the firm withdrew its consent for {partner}",
    "membership_ended": "the firm's membership in {partner} ended",
    "membership_verified": "{partner} told that the firm is its member",
}

NEEDS = {
    "waiting_consent": "waits for the firm's consent",
    "waiting_information": "waits for information",
    "waiting_membership": "waits for a word on membership",
    "referred": "with a partner",
    "manual": "a person at regione decides",
    "met": "met",
    "unmet": "closed, not met",
    "withdrawn": "no longer there",
}

MESSAGES = {
    "pending": "waits to be sent",
    "sent": "sent",
    "failed": "the mail server refuses it",
    "no_address": "not sent, no address is known",
}


def words(code: str) -> str:
    """A code with blanks for its underscores."""
    return code.replace("_", " ")


def either(codes: Iterable[str], last: str = "or") -> str:
    """`a, b or c`"""
    listed = [words(code) for code in codes]
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} {last} {listed[-1]}" if listed else "none"


def rule(code: str) -> str:
    return RULES.get(code, words(code))


def predicate(code: str) -> str:
    return PREDICATES.get(code, words(code))


def change(fact: str, partners: Sequence[str]) -> str:
    """A fact that would change a decision, as the clause after "it would be otherwise if"; `partners` it is about."""
    clause = CHANGES.get(fact, words(fact) + (" ({partner})" if partners else ""))
    return clause.format(partner=either(partners) if partners else "a partner")

"""The story in English."""

from cli.explain.words import Words

_SENTENCES = {
    "none": "none",
    "or": "or",
    "and": "and",
    "yes": "yes",
    "no": "no",
    "at_least": "at least {bound}",
    "at_most": "at most {bound}",
    "between": "{low} to {high}",
    "a_partner": "a partner",
    "the_partner": "the partner",
    "the_firm": "the firm",
    "the_record": "(the record)",
    "unreadable": "something that could not be read",
    # the page
    "nameless": "A firm whose name is not known",
    "forgotten": "A firm that had its data erased",
    "identity": "codice fiscale {code}, firm_id {firm_id}",
    "identity_without_code": "firm_id {firm_id}",
    "about": "told as far as it concerns the referral {referral}",
    "happened": "What happened (times in {zone})",
    "local_zone": "the local zone",
    "stands": "Where it stands",
    "known": "What is known of the firm",
    "known_in_version": "What is known of the firm (version {version})",
    "set_aside": (
        "set aside in {service} since {since}: {failure}; later records of the firm wait "
        "(`portolano held show {service} {id}`)"
    ),
    "queued": "waits in {service} since {since}: {place}",
    # where it stands
    "no_need": "nothing is known to be needed",
    "need_declared": "{what} (the firm asked for it): {state}",
    "need_given": "{what} (its segment gives it): {state}",
    "with_partner": "{state}; {partner}: {status} since {since}",
    "held_until": "{status} until {until}",
    "ball": "the ball is with {who}",
    "rests": "nobody is waited for: the clock rests",
    "by_itself": "unless it is heard of before {at}: {what}",
    "the_hub": "the hub",
    "speaks": "{partner} speaks of it, as observed {at}",
    "member": "its member",
    "no_member": "not its member",
    "its_reference": "its reference {reference}",
    "verified_member": "verified member of {partner}",
    "verified_member_since": "verified member of {partner} since {since}",
    "consents": "consents to be handed to {to}",
    "any_partner": "any partner",
    "given": "given {at}",
    "until": "until {at}",
    "no_consent": "has consented to no partner",
    "otherwise": "{partners} otherwise",
    # what happened
    "reference": "its reference: {reference}",
    "warning": "warning: {told}",
    "placed": "The firm, as it stands in version {version}, is placed {where}",
    "classified": "in the segment “{segment}”",
    "provisional": "provisionally: what is known allows {possible}",
    "it_needs": "it needs: {needs}",
    "no_need_follows": "no need follows",
    "granted": "taken for granted: {presumptions}",
    "contradiction": "contradiction: {warning}",
    "need": "Need “{what}”: {result}",
    "need_in_place_of": "Need “{what}”: {result}, in place of {partner}",
    "assigned": "{partner} is asked to help",
    "waiting_consent": "it waits for the firm's consent",
    "manual": "a person at regione has to decide",
    "by_person": "decided by {by}: {reason}",
    "tie": "equal: {members}; the greatest hash won, {hash}",
    "would_change": "it would be otherwise if: {changes}",
    "says": "{partner} says: {asked}",
    "says_again": "{partner} says again: {asked}; nothing changes",
    "says_refused": "{partner} wants to say: {asked}; refused, because of {rules}",
    "note": "note: {note}",
    "erased": "The firm had its data erased, as {partner} passed on: what was observed until {until} is gone",
    "erased_everywhere": "All four stores are empty, and {partners} hear of it",
    "person_takes_back": "{by} at regione orders need “{what}” to be taken back from {partner}: {reason}",
    "asked_back": "{partner} is asked to end its work on need “{what}”: {reason}",
    "taken_back": "Need “{what}” is taken back from {partner}",
    "taken_back_for": "Need “{what}” is taken back from {partner}: {reason}",
    "message": "{channel} to {to} about “{what}” ({purpose}): {state}",
    "message_tries": "{state} (code {code}, {tries} tries)",
    # leaves of the profile
    "exports_of": "exports of {year}",
    "exports_part": "exports, {part}",
    "abroad": "abroad, {kind} in {country}",
    "asks_for": "asks for {what}",
}

_SUBMISSIONS = {
    "registered": "{partner} tells of the firm for the first time: registered",
    "updated": "{partner} tells something new of the firm: updated",
    "unchanged": "{partner} tells what it had told, or something older: nothing changes",
    "repeated": "{partner} sends a record a second time: nothing changes",
    "succeeded": "{partner} tells that another firm succeeds it",
    "revoked": "{partner} passes on that the firm withdraws a consent",
    "erasure_accepted": "{partner} passes on that the firm wants to be erased",
    "refused": "{partner} sends a record that is refused",
}

_RULES = {
    "agreement_in_force": "agreement",
    "reroutes": "earlier partners",
    "owner_of_front": "owner of the front",
    "fallback": "neutral body",
    "nobody_left": "end of the list",
    "assigned_by_person": "a person's decision",
}

_PREDICATES = {
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
    "assigned_by_person": "a person at regione chose it",
    "person_decided": "a person at regione chose another",
}

_CHANGES = {
    "agreement_in_force": "an agreement were in force",
    "consent_given": "the firm consented to {partner}",
    "consent_withdrawn": "the firm withdrew its consent for {partner}",
    "membership_ended": "the firm's membership in {partner} ended",
    "membership_verified": "{partner} told that the firm is its member",
}

_NEEDS = {
    "waiting_consent": "waits for the firm's consent",
    "waiting_information": "waits for information",
    "waiting_membership": "waits for a word on membership",
    "referred": "with a partner",
    "manual": "a person at regione decides",
    "met": "met",
    "unmet": "closed, not met",
    "withdrawn": "no longer there",
}

_MESSAGES = {
    "pending": "waits to be sent",
    "sent": "sent",
    "failed": "the mail server refuses it",
    "no_address": "not sent, no address is known",
}

_CODES = {
    "office_abroad": "office",
    # what a clock calls for
    "clock_hold": "the hold ends, and the work goes on",
    "clock_consent": "the firm's consent runs out, and the request is taken back",
    "clock_remind": "the partner is reminded",
    "clock_escalate": "it goes one step up",
    "clock_reroute": "the need goes to another partner",
    "clock_cancellation": "the silence confirms the cancellation",
}

ENGLISH = Words(
    sentences=_SENTENCES,
    codes=_CODES,
    submissions=_SUBMISSIONS,
    rules=_RULES,
    predicates=_PREDICATES,
    changes=_CHANGES,
    needs=_NEEDS,
    messages=_MESSAGES,
    updates={},
)
"""Codes are English already, but for one that two members share, and what a clock calls for."""

"""The text of the agreement about a referral's life, as tables, and the words of partners, hub, firm and clocks.

Written from the text and not from the code: nothing of the service is imported here.
"""

WAYS = """
received                requested
accepted                requested received on_hold<accepted
rejected                requested received accepted
in_progress             accepted in_progress on_hold<accepted on_hold<in_progress
on_hold                 accepted in_progress
completed               in_progress on_hold<accepted on_hold<in_progress
failed                  in_progress on_hold<accepted on_hold<in_progress
"""
"""What a partner says, and from where it may. On hold it may say where it was before, or that it has begun."""
INFORMS = ("requested", "received", "accepted")
"""From where one may complete beside that, on the front `information`."""

ENDS = """
                    requested received accepted in_progress on_hold
no_response         ends      ends     ends     asks        asks
superseded          ends      ends     ends     asks        asks
consent_withdrawn   ends      ends     ends     asks        asks
consent_expired     ends      ends     -        -           -
agreement_ended     ends      ends     -        -           -
partner_left        ends      ends     ends     asks        asks
membership_changed  ends      -        -        -           -
firm_ceased         ends      ends     ends     asks        asks
firm_merged         ends      ends     ends     asks        asks
firm_request        ends      ends     ends     asks        asks
duplicate           ends      ends     ends     asks        asks
firm_erased         ends      ends     ends     ends        ends
"""
"""Why the hub takes a referral back, and whether it ends it at once, asks for it, or lets it run off."""

CLOCKS = {
    "hold": ("on_hold",),
    "consent": ("requested", "received"),
    "remind": ("requested", "received", "in_progress"),
    "escalate": ("requested", "received", "accepted", "in_progress"),
    "reroute": ("requested", "received"),
    "cancellation": (),  # wherever it was requested
    "confirmation": ("completed",),
}
"""Which clock runs where. Once a cancellation was requested nobody is reminded or escalated any more."""

BACK = ("accepted", "in_progress")
PATH = ("requested", "received", "accepted", "in_progress")
HOLDS = {"waiting_firm": 2, "waiting_call": 10, "waiting_third_party": 60}
"""Why a partner may pause, and here for how many working days: shorter and longer than the silence that confirms
a cancellation, and for as long as one may."""
REJECTS = (
    "not_member",
    "out_of_territory",
    "out_of_sector",
    "service_unavailable",
    "no_capacity",
    "conflict_of_interest",
    "insufficient_data",
    "already_served",
    "firm_unreachable",
)
FAILS = ("firm_withdrew", "firm_unreachable", "not_eligible", "service_ended")
BY_PERSON = ("firm_request", "duplicate", "superseded", "partner_left")
IN_ERROR, ALONE = "entered in error by two", "entered in error by one alone"
GIVEN = ("waiting_consent", "waiting_membership", "manual", "referred without its leg")
"""Where a person may give a need, or its leg in the market, to a partner."""
KEPT = ("referred", "met", "unmet", "withdrawn")
MALFORMED = {
    "rejected without a reason": "reason-required",
    "rejected for another status's reason": "wrong-value",
    "failed without a reason": "reason-required",
    "failed for another status's reason": "wrong-value",
    "on_hold without a day": "until-required",
    "on_hold for too long": "until-out-of-range",
    "on_hold without a reason": "reason-required",
    "completed without an outcome": "outcomes-required",
}
"""What a partner may not say from anywhere, and the rule that refuses it."""
OF_THE_FIRM = {
    "consent withdrawn": "consent_withdrawn",
    "consent expired": "consent_expired",
    "ceased": "firm_ceased",
    "erased": "firm_erased",
    "told of again": None,
    "consent limited": None,
    "need dropped": "superseded",
    "need declared again": None,
    "outcome confirmed": None,
    "outcome disputed": None,
}
"""What is heard of the firm, and why that takes a referral back, if it does."""
ANSWERS = ("outcome confirmed", "outcome disputed")
"""What the firm says by its link of what its partner has completed."""
NOT_ACCEPTED = ("requested", "received")
"""From where a task is taken back whose need is dropped; what was accepted runs on."""
AGAIN = "on_hold as it is"
REPEATED = "its last record again"
REUSED = "its last record's id with other content"
"""What a partner may say again, and what it may not."""

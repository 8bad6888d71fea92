"""The rules that a record from a partner can break, by their published names.

A refusal lists problems, an acceptance lists warnings; both name the rule, the place (a JSON pointer relative to
`data`; empty for the envelope or the record as a whole) and say in words what to do. The names are part of the
contract: they are added to, never renamed.
"""

from collections.abc import Iterable

import msgspec

MOST_TOLD = 200
"""Problems that an answer lists; all that a record of 256 KiB can hold would fit into none."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One thing that is wrong: where, by which rule, and what to do about it."""

    pointer: str
    rule: str
    message: str


RULES: dict[str, str] = {
    # the record and its envelope
    "no-value": "The record has no value (a tombstone); nothing on these topics is deleted by key.",
    "record-too-large": "A record's value holds at most 256 KiB.",
    "too-many-headers": "A record has at most 256 headers.",
    "envelope-broken": "The record is not a CloudEvent in binary or structured mode.",
    "header-repeated": "A CloudEvents header stands in the record more than once.",
    "header-not-text": "A CloudEvents header is empty, null or not UTF-8.",
    "content-type-not-served": "Read are application/json (binary) and application/cloudevents+json (structured).",
    "specversion-not-served": "`specversion` is required and must be 1.0.",
    "id-invalid": "`id` is required: 1 to 64 printable characters.",
    "source-invalid": "`source` is required: 1 to 256 printable characters.",
    "type-invalid": "`type` is required: 1 to 256 printable characters.",
    "time-invalid": "`time` of the envelope is a date-time of RFC 3339; one that is not is ignored.",
    "type-unknown": "Nothing of this type is read on this topic.",
    "type-not-served-yet": "The type belongs to the contract; this version of Portolano does not serve it.",
    # the JSON document
    "not-utf8": "JSON is UTF-8 text.",
    "not-json": "The value is not JSON (NaN and Infinity are not JSON).",
    "json-too-deep": "JSON nests at most 64 levels.",
    "json-duplicate-member": "A member stands twice in one object.",
    "number-out-of-range": "A number is one that a 64-bit float can hold.",
    "text-not-storable": "Text holds no NUL and no lone surrogates.",
    # the data
    "missing": "A required member is absent or null.",
    "unknown-member": "The contract has no such member; it is ignored.",
    "wrong-type": "The value has another JSON type than the contract says.",
    "wrong-value": "The value is outside what the contract allows.",
    "too-many-items": "A list holds at most 64 items.",
    "time-in-future": "A time lies more than ten minutes after the arrival of the record.",
    "codice-fiscale-invalid": "11 digits with a right check digit, or 16 characters with a right check character.",
    "codice-fiscale-office-unknown": "The office code of an 11-digit codice fiscale is none that is known.",
    "partita-iva-invalid": "11 digits with a right check digit.",
    "name-required": "A partner's first submission of a firm gives its name.",
    "outside-lombardy": "The firm has its seat or a local unit in Lombardy (BG BS CO CR LC LO MB MI MN PV SO VA).",
    "ateco-unresolved": "The ATECO code is none of its edition; it is left unknown.",
    "country-unknown": "A country is an ISO 3166 alpha-2 code, or XK.",
    "country-corrected": "EL is read as GR and UK as GB.",
    "country-is-italy": "Italy is no foreign market.",
    "partner-unknown": "The code is none of the agreement's signatories.",
    "front-unknown": "The code is none of the agreement's fronts.",
    "range-reversed": "A range's min is not above its max.",
    "year-repeated": "A year of exports is given once.",
    "autonomous-with-holdings": "A firm with holdings is not autonomous.",
    "reason-required": "This status needs a coded reason.",
    "until-required": "`on_hold` needs the day until which.",
    "until-out-of-range": "A hold ends today at the earliest, and at most 60 working days away.",
    "outcomes-required": "`completed` needs at least one coded outcome.",
    # what is known already
    "id-used-for-other-content": "The id was accepted before with other content; ids are never used again.",
    "firm-unknown": "The partner asserts nothing of this firm.",
    "firm-erased": "The firm had its data erased; what was observed until then is not taken again.",
    "firm-succeeded": "The firm has another code now; what is said under the old one counts towards the new one.",
    "referral-unknown": "The partner has no such referral.",
    "query-unknown": "The partner was asked nothing about a membership under this id.",
    "request-unknown": "The partner was asked for no information under this id.",
    "status-not-possible": "The referral does not move to this status from where it is.",
    "more-problems": "More was found than is listed: an answer lists the first 200 problems or warnings.",
    "discarded": "The record was held through our fault and then discarded by a person.",
}
"""Rule → what it means, in one sentence that a partner's engineer can act on."""


def problem(rule: str, message: str, pointer: str = "") -> Problem:
    """A problem by a published rule; KeyError for a rule that is not in the table."""
    RULES[rule]
    return Problem(pointer=pointer, rule=rule, message=message)


def bounded(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, in their order; where there are too many for an answer, the first ones and that there are
    more."""
    once = tuple(dict.fromkeys(problems))
    if len(once) <= MOST_TOLD:
        return once
    told = "more was found than is listed here: mend what is listed and send it again"
    return (*once[:MOST_TOLD], problem("more-problems", told))

"""The words of a story in one language: its sentences, and the codes of receipts, answers and states in them.

A language is a table of its own (`english`, `italian`); both hold the same keys with the same places in them, which a
test checks. A code that a table does not know is told as it is: codes are added to more often than words are found.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """One language (`language`: it, en). `codes` are single codes; the other tables say what a code means in its place.

    `reasons` are the sentences that stored receipts hold in English, as patterns with what to say instead.
    """

    language: str
    sentences: Mapping[str, str]
    codes: Mapping[str, str]
    submissions: Mapping[str, str]
    rules: Mapping[str, str]
    predicates: Mapping[str, str]
    changes: Mapping[str, str]
    needs: Mapping[str, str]
    messages: Mapping[str, str]
    updates: Mapping[str, str]
    reasons: Sequence[tuple[str, str]] = ()

    def say(self, key: str, **values: object) -> str:
        """The sentence of this name with its places filled; KeyError for a name that no table has."""
        return self.sentences[key].format(**values)

    def code(self, code: str) -> str:
        """A code in words; one that is not known with blanks for its underscores."""
        return self.codes.get(code, code.replace("_", " "))

    def either(self, codes: Iterable[str], last: str = "or") -> str:
        """`a, b or c`; `last` is the sentence that stands before the last one: or, and."""
        listed = [self.code(code) for code in codes]
        if len(listed) < 2:
            return listed[0] if listed else self.say("none")
        return f"{', '.join(listed[:-1])} {self.say(last)} {listed[-1]}"

    def what(self, need: str) -> str:
        """A need as the stores' readers name it (`assistance, import, AE`); a market stays a country's code."""
        return ", ".join(part if part.isupper() else self.code(part.replace(" ", "_")) for part in need.split(", "))

    def submission(self, outcome: str, partner: str) -> str:
        return self.submissions.get(outcome, "{partner}: " + self.code(outcome)).format(partner=partner)

    def rule(self, code: str) -> str:
        return self.rules.get(code, self.code(code))

    def predicate(self, code: str) -> str:
        return self.predicates.get(code, self.code(code))

    def need(self, state: str) -> str:
        return self.needs.get(state, self.code(state))

    def message(self, state: str) -> str:
        return self.messages.get(state, self.code(state))

    def update(self, status: str) -> str:
        """What a partner says of a referral."""
        return self.updates.get(status, self.code(status))

    def reason(self, text: str) -> str:
        """A reason from a stored receipt; what no pattern knows is told as it was written."""
        for pattern, told in self.reasons:
            if (found := re.fullmatch(pattern, text)) is not None:
                return told.format(*found.groups())
        return text

    def change(self, fact: str, partners: Sequence[str]) -> str:
        """A fact that would change a decision, as the clause after "it would be otherwise if"; `partners` it is
        about."""
        clause = self.changes.get(fact, self.code(fact) + (" ({partner})" if partners else ""))
        return clause.format(partner=self.either(partners) if partners else self.say("a_partner"))

"""What the auditor says: findings, and how much it looked at."""

from collections import Counter
from dataclasses import dataclass, field

MOST = 20
"""Findings of one kind that are told one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be: which check saw it, where, and what it is in words that a person can act on."""

    check: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.check}: {self.where}: {self.text}"


@dataclass(slots=True)
class Report:
    """`looked_at` counts per check what was compared: an audit that compared nothing proved nothing."""

    findings: list[Finding] = field(default_factory=list)
    looked_at: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)

    def find(self, check: str, where: str, text: str) -> None:
        self.findings.append(Finding(check, where, text))

    @property
    def clean(self) -> bool:
        return not self.findings

    def told(self) -> list[str]:
        """The findings as lines, at most `MOST` of each check."""
        lines: list[str] = []
        seen: Counter[str] = Counter()
        for finding in self.findings:
            seen[finding.check] += 1
            if seen[finding.check] <= MOST:
                lines.append(str(finding))
        lines += [f"{check}: and {n - MOST} more" for check, n in seen.items() if n > MOST]
        return lines

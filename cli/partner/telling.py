"""What a partner hears, in words for the person at the keyboard: one line for an event, one for each problem."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cli.output import plain
from cli.partner.letters import Heard

NAME_WIDTH = 32


def clock(at: datetime) -> str:
    """A moment on the clock of this machine: `2026-11-23 12:03:04`."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def event_line(heard: Heard) -> str:
    """Time, topic and number, what happened, to which referral or submission, and the rest that helps."""
    noun = heard.position.topic.removesuffix(".v1").rsplit(".", 1)[-1]
    number = "?" if heard.sequence is None else str(heard.sequence)
    fact = heard.fact.removeprefix("referral.").removeprefix("submission.")
    words = [clock(heard.appended_at), f"{noun} {number:>5}", f"{fact:<15}", *_details(heard)]
    return plain("  ".join(words)).rstrip()


def problem_lines(problems: object) -> Iterator[str]:
    """`/firm/codice_fiscale: what to do (rule)`, one line each; takes whatever an answer holds there."""
    for problem in problems if isinstance(problems, Sequence) and not isinstance(problems, str) else ():
        if isinstance(problem, Mapping):
            pointer, rule = problem.get("pointer") or "(the record)", problem.get("rule", "?")
            yield plain(f"{pointer}: {problem.get('message', '')} ({rule})")


def short(name: str) -> str:
    """A firm's name, cut where it would fill the line."""
    name = plain(name)
    return name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 1] + "…"


def _details(heard: Heard) -> Iterator[str]:
    data = heard.data
    if "submission_id" in data or heard.fact.startswith("submission."):
        yield from _texts(data, "submission_id", "outcome")
        if reference := data.get("reference"):
            yield f"reference {reference}"
    else:
        yield from _texts(data, "request_id", "query_id", "referral_id", "status")
        if "referral_id" not in data:
            yield from _texts(data, "firm_id")
        if "update_id" in data:
            yield f"update {data['update_id']}"
    yield from _need(data)
    for need in needs if isinstance(needs := data.get("needs"), list) else ():
        if isinstance(need, Mapping):
            yield " ".join([*_need(need), *_texts(need, "state")])
    if isinstance(firm := data.get("firm"), Mapping) and (name := firm.get("name")):
        yield f"“{short(str(name))}”"
    if isinstance(missing := data.get("missing"), list) and missing:
        yield f"{len(missing)} question(s): {', '.join(_asked_for(missing))}"
    if answer_by := data.get("answer_by"):
        yield f"answer by {answer_by}"
    if reason := data.get("reason"):
        yield f"reason {reason}"
    if flags := data.get("flags"):
        yield f"flags {', '.join(map(str, flags))}"
    if problems := data.get("problems"):
        yield "; ".join(problem_lines(problems))
    if warnings := data.get("warnings"):
        yield f"{len(warnings)} warning(s)"


def _asked_for(missing: Sequence[object]) -> Iterator[str]:
    """Where answers belong, with the years asked about: `/firm/exports/years (2025, 2024)`."""
    years: dict[str, list[str]] = {}
    for one in missing:
        if isinstance(one, Mapping):
            years.setdefault(str(one.get("pointer", "?")), []).extend([str(year)] if (year := one.get("year")) else [])
    for pointer, asked in years.items():
        yield pointer + (f" ({', '.join(dict.fromkeys(asked))})" if asked else "")


def _texts(data: Mapping[str, Any], *names: str) -> Iterator[str]:
    for name in names:
        if (value := data.get(name)) is not None:
            yield str(value)


def _need(data: Mapping[str, Any]) -> Iterator[str]:
    if front := data.get("front"):
        yield " ".join(
            [str(front), *(["import"] if data.get("import") else []), str(data.get("market") or "")]
        ).rstrip()

"""The difference between what ought to stand on the broker and what does, as steps that can be read and then done.

Three things are only told, never done: a topic that nobody wants any more is kept, since its records may be the only
copy; a number of partitions is not changed, since it decides in which feed a firm lives and `portolano feeds grow`
alone knows when that may change; a denial made by hand stays, since somebody wanted a user stopped. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deploy.kafka.state import Grant, Layout, State


@dataclass(frozen=True, slots=True)
class CreateTopic:
    name: str
    layout: Layout

    def __str__(self) -> str:
        count = self.layout.partitions
        return f"create topic {self.name} with {count} partition{'s' if count > 1 else ''}"


@dataclass(frozen=True, slots=True)
class ChangeSetting:
    topic: str
    setting: str
    value: str
    before: str | None

    def __str__(self) -> str:
        return f"set {self.setting}={self.value} on topic {self.topic} (was {self.before or 'unset'})"


@dataclass(frozen=True, slots=True)
class CreateUser:
    name: str

    def __str__(self) -> str:
        return f"create user {self.name}"


@dataclass(frozen=True, slots=True)
class RenewPassword:
    name: str

    def __str__(self) -> str:
        return f"set the password of user {self.name} anew: the one in the secrets does not let it in"


@dataclass(frozen=True, slots=True)
class Allow:
    grant: Grant

    def __str__(self) -> str:
        return f"grant {self.grant}"


@dataclass(frozen=True, slots=True)
class Revoke:
    grant: Grant

    def __str__(self) -> str:
        return f"revoke {self.grant}"


@dataclass(frozen=True, slots=True)
class SetQuota:
    """New values by quota name; None takes a quota away."""

    user: str
    values: Mapping[str, float | None]

    def __str__(self) -> str:
        said = (f"{name} {'none' if value is None else f'{value:.12g}'}" for name, value in self.values.items())
        return f"limit {self.user}: {', '.join(said)}"


Step = CreateTopic | ChangeSetting | CreateUser | RenewPassword | Allow | Revoke | SetQuota


@dataclass(frozen=True, slots=True)
class Plan:
    """`steps` in the order in which they are done, `remarks` for a person; both empty where all is as it should be."""

    steps: tuple[Step, ...] = ()
    remarks: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """One line per step and remark."""
        return [*map(str, self.steps), *self.remarks]


def diff(desired: State, actual: State) -> Plan:
    """What makes `actual` into `desired`; `actual` holds only what is ours to judge (`desired.ours`).

    Rights are taken away before anything is given, and given last, when what they are about exists.
    """
    steps: list[Step] = []
    surplus = actual.grants - desired.grants
    steps += [Revoke(grant) for grant in sorted(surplus) if not grant.denies]
    for name, layout in desired.topics.items():
        if name not in actual.topics:
            steps.append(CreateTopic(name, layout))
        else:
            steps += _settings(name, layout, actual.topics[name])
    steps += [CreateUser(name) for name in sorted(desired.users - actual.users)]
    steps += [RenewPassword(name) for name in sorted(desired.users & actual.users & actual.locked_out)]
    steps += [Allow(grant) for grant in sorted(desired.grants - actual.grants)]
    for user in sorted(desired.quotas.keys() | actual.quotas.keys()):
        values = _quota(desired.quotas.get(user, {}), actual.quotas.get(user, {}))
        if values:
            steps.append(SetQuota(user, values))
    return Plan(tuple(steps), tuple(_remarks(desired, actual)))


def _settings(name: str, wanted: Layout, found: Layout) -> Iterator[ChangeSetting]:
    for setting, value in wanted.settings.items():
        before = found.settings.get(setting)
        if before != value:
            yield ChangeSetting(name, setting, value, before)


def _quota(wanted: Mapping[str, float], found: Mapping[str, float]) -> dict[str, float | None]:
    changed: dict[str, float | None] = {name: value for name, value in wanted.items() if found.get(name) != value}
    return changed | {name: None for name in found if name not in wanted}


def _remarks(desired: State, actual: State) -> Iterator[str]:
    for name, found in actual.topics.items():
        wanted = desired.topics.get(name)
        if wanted is None:
            yield f"topic {name} belongs to no signatory: kept; delete it yourself when its records are not needed"
        elif wanted.partitions != found.partitions:
            more = max(found.partitions, wanted.partitions)
            yield f"topic {name} has {found.partitions} partitions, {wanted.partitions} are wanted: kept, because " + (
                "a partner's order is that of one partition; ask who gave it more"
                if wanted.partitions == 1
                else f"a firm's feed depends on the number; `portolano feeds grow {more}` makes it one"
            )
    for grant in sorted(actual.grants):
        if grant.denies:
            yield f"denied by hand: {grant}: kept; delete the rule yourself when it has served"

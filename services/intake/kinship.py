"""Files that successions link, and what they say together of the firm that is left. Pure.

Nothing is moved when one code succeeds another: each word stays in the file of the code that it was said of, and the
state of the successor is read from all of them. So a partner may go on using an old code, and whether a succession or a
submission was told first makes no difference.

* `code_corrected`: it was the same firm all along; what was said under the old code counts as said under the new one.
* `merger`, `transfer`: another firm with facts of its own. What was said of the old one stands in for them only until
  somebody asserts something of the successor itself; memberships of the old one are not the successor's.
* Consents follow in each case, since without them no open referral could.

Where words contradict each other, the latest holds: of two successors of one firm, and of a circle, which loses its
oldest link.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.intake import consents
from services.intake.consents import Reports
from services.intake.files import File, Successor
from services.intake.merging import Asserted
from shared.contracts.base import FirmId

Links = Mapping[FirmId, Successor]
"""Which firm is succeeded by which, as it holds."""


@dataclass(slots=True)
class Files:
    """The files at hand: with every one of them, all that successions link it with."""

    by_firm: dict[FirmId, File] = field(default_factory=dict)
    linked: set[FirmId] = field(default_factory=set)

    def add(self, file: File) -> None:
        self.by_firm[file.firm_id] = file
        if file.succeeded is not None:
            self.linked.add(file.firm_id)

    def link(self, file: File, successor: Successor) -> None:
        """Enter a word on who succeeds the firm; a later one that is known already holds."""
        if file.succeeded is None or successor.rank > file.succeeded.rank:
            file.succeeded = successor
            self.linked.add(file.firm_id)

    def kin(self, *firm_ids: FirmId) -> list[File]:
        """These firms' files with all that are linked with them, over however many steps; sorted."""
        found = set(firm_ids)
        pending = list(firm_ids)
        while pending and self.linked:
            firm_id = pending.pop()
            more = {one for one in self.linked if (to := self.by_firm[one].succeeded) and to.firm_id == firm_id}
            if (succeeded := self.by_firm[firm_id].succeeded) is not None:
                more.add(succeeded.firm_id)
            pending += more - found
            found |= more
        return [self.by_firm[firm_id] for firm_id in sorted(found)]


def links_of(kin: Iterable[File]) -> Links:
    """The successions that hold among linked files: all that are newer than their firm's mark, but the oldest of a
    circle."""
    links = {file.firm_id: to for file in kin if (to := file.succeeded) is not None and file.takes(to.at)}
    clear: set[FirmId] = set()
    for start in sorted(links):
        path: list[FirmId] = []
        here = start
        while here in links and here not in clear and here not in path:
            path.append(here)
            here = links[here].firm_id
        if here in path:
            circle = path[path.index(here) :]
            del links[min(circle, key=lambda firm_id: links[firm_id].rank)]
        clear.update(path)
    return links


def spread(kin: Sequence[File]) -> list[File]:
    """Carry erasure marks along all links: to whatever a firm has succeeded, and to the right code of the same firm.

    Links that are themselves erased carry on, so that it does not matter which of several erasures came first. Gives
    the files whose mark rose.
    """
    files = {file.firm_id: file for file in kin}
    risen: dict[FirmId, File] = {}
    pending = True
    while pending:
        pending = False
        for old in kin:
            if (successor := old.succeeded) is None:
                continue
            new = files[successor.firm_id]
            pairs = [(new, old), (old, new)] if successor.kind == "code_corrected" else [(new, old)]
            for source, target in pairs:
                if source.erased is not None and target.mark(source.erased):
                    risen[target.firm_id] = target
                    pending = True
    return list(risen.values())


@dataclass(frozen=True, slots=True)
class Said:
    """What all files of one firm say together. `members` are the assertions whose word on a membership counts."""

    codice_fiscale: str
    asserted: Sequence[Asserted]
    members: Sequence[Asserted]
    reports: Reports


def said_of(head: File, kin: Sequence[File], links: Links) -> Said | None:
    """What is said of a firm that nothing has succeeded; None where nothing is."""
    if not links:
        own = [head.asserted[partner] for partner in sorted(head.asserted)]
        return Said(own[0].assertion.firm.codice_fiscale, own, own, head.reports) if own else None
    same, before = _led_to(head, kin, links)
    own = _newest(same)
    asserted = own or _newest(before)
    if not asserted:
        return None
    codes = [one.assertion.firm.codice_fiscale for one in head.asserted.values()]
    codes += [successor.codice_fiscale for successor in links.values() if successor.firm_id == head.firm_id]
    reports = consents.joined(file.reports for file in (*same, *before))
    return Said(codes[0], asserted, own, reports)


def _led_to(head: File, kin: Sequence[File], links: Links) -> tuple[list[File], list[File]]:
    """The files of the firm itself, under all its codes, and those of the firms that it took over."""
    same: list[File] = [head]
    before: list[File] = []
    for file in kin:
        way = list(_way(file.firm_id, links))
        if way and way[-1].firm_id == head.firm_id:
            (same if all(step.kind == "code_corrected" for step in way) else before).append(file)
    return same, before


def _way(firm_id: FirmId, links: Links) -> Iterator[Successor]:
    while (successor := links.get(firm_id)) is not None:
        yield successor
        firm_id = successor.firm_id


def _newest(files: Iterable[File]) -> list[Asserted]:
    """Each partner's newest assertion in these files, sorted by partner."""
    newest: dict[str, Asserted] = {}
    for file in files:
        for partner, one in file.asserted.items():
            if partner not in newest or one.rank > newest[partner].rank:
                newest[partner] = one
    return [newest[partner] for partner in sorted(newest)]

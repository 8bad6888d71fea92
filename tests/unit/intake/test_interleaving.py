"""However the partners' streams interleave, each in its own order, what is known of the firm in the end is the same."""

from collections.abc import Iterator
from random import Random
from typing import Any

from services.intake.domain import enter, firm_id_of, register
from services.intake.files import File
from services.intake.kinship import Files, links_of
from shared.contracts.submissions import ErasureRequest, Revocation, Submission, Succession, Understood
from shared.testing.builders import PARTNERS, erasure, revocation, submission, succession, tax_code

KEY = b"k" * 32
CODES = (tax_code(1), tax_code(2))
FIRMS = tuple(firm_id_of(code, KEY) for code in CODES)
ALL = sorted(PARTNERS)
SCENARIOS, ORDERS = 250, 40  # 10,000 interleavings

Stream = list[Understood]


def day(n: int) -> str:
    return f"2026-11-{n:02}T08:00:00Z"


class Chance:
    """One scenario: what each partner says of a firm, some of it under the code that it has later."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._kind = self._random.choice(["code_corrected", "merger", "transfer"])
        self._linked = self._random.random() < 0.4
        self._ids = iter(range(1000))

    def streams(self) -> list[Stream]:
        partners = self._random.sample(["aice", "cna", "unioncamere"], self._random.choice([2, 3]))
        return [[self._submission(named=True), *self._more()] for _ in partners]

    def _more(self) -> Iterator[Understood]:
        for _ in range(self._random.choice([1, 2, 3])):
            match self._random.random():
                case n if n < 0.5:
                    yield self._submission(named=self._random.random() < 0.5)
                case n if n < 0.7:
                    to = self._random.choice(["any", "cna", "aice"])
                    yield revocation(to, revoked_at=self._day(), id=self._id(), codice_fiscale=self._code())
                case n if n < 0.85 or not self._linked:
                    yield erasure(self._day(), id=self._id(), codice_fiscale=self._code())
                case _:
                    yield succession(CODES[1], at=self._day(), kind=self._kind, id=self._id())

    def _submission(self, *, named: bool) -> Submission:
        chosen: dict[str, Any] = {
            "name": self._random.choice("AB") if named else None,
            "artisan": self._random.choice([None, True, False]),
            "presence_abroad": self._random.choice([None, [], [{"country": "DE", "kind": "office"}]]),
            "exports": self._random.choice([None, {"years": [{"year": 2024, "eur": self._random.randint(0, 2)}]}]),
            "codice_fiscale": self._code(),
        }
        to = self._random.choice([None, "any", "cna"])
        consents = [{"to": to, "purpose": "referral", "given_at": self._day()}] if to else None
        membership = self._random.choice([None, {"active": True}, {"active": False}])
        return submission(chosen, observed_at=self._day(), consents=consents, membership=membership, id=self._id())

    def _code(self) -> str:
        return CODES[self._linked and self._random.random() < 0.3]

    def _day(self) -> str:
        return day(self._random.randint(1, 9))

    def _id(self) -> str:
        return f"e-{next(self._ids)}"

    def order(self, streams: list[Stream]) -> list[int]:
        """Whose turn it is, as often as each has something to say."""
        turns = [n for n, stream in enumerate(streams) for _ in stream]
        self._random.shuffle(turns)
        return turns


def end_of(streams: list[Stream], turns: list[int]) -> Any:
    """What is known after these turns: of each firm that stands for itself its state, and who gave which leaf."""
    files = Files()
    for firm_id in FIRMS:
        files.add(File(firm_id))
    waiting = [iter(stream) for stream in streams]
    for turn in turns:
        said = next(waiting[turn])
        named = [firm_id_of(said.codice_fiscale, KEY), *(FIRMS[1:] if isinstance(said, Succession) else ())]
        enter(files, named, ["aice", "cna", "unioncamere"][turn], said, ALL)
    kin = files.kin(*FIRMS)
    links = links_of(kin)
    known: dict[str, Any] = {}
    for file in kin:
        file.digest, file.version = b"", 0
        known[file.firm_id] = (
            links.get(file.firm_id) or (register(file, kin, links, ALL), file.sources),
            None if file.erased is None else file.erased.requested_at,
        )
    return known


def test_ten_thousand_interleavings_of_the_partners_streams_end_in_the_same_file() -> None:
    kinds: set[type] = set()
    states = 0
    for seed in range(SCENARIOS):
        chance = Chance(seed)
        streams = chance.streams()
        ends = [end_of(streams, chance.order(streams)) for _ in range(ORDERS)]
        assert all(end == ends[0] for end in ends), f"scenario {seed}"
        kinds |= {type(said) for stream in streams for said in stream}
        states += sum(isinstance(state, tuple) and state[0] is not None for state, _ in ends[0].values())
    assert kinds == {Submission, Revocation, ErasureRequest, Succession}
    assert states > SCENARIOS // 2, "an erasure of everything would make the comparison easy"

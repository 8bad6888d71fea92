"""What is told of the firms, by whom and when, and the receipt that each record must get. Pure and seeded.

The parts of the firms come in a fixed turn, so that a small cast has all of them: firms of every kind, a firm told by
two partners, one told again with news, the same event twice, records that must be refused, a firm that claims a
membership, and one that takes its consents back.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from random import Random

import msgspec

from cli.demo.firms import (
    LAST_NUMBER,
    PUBLISHERS,
    Json,
    Kind,
    Need,
    exports_of,
)
from cli.demo.submissions import Role, Script, Turn, Writer, id_of
from shared.errors import Trouble

FINANCE = Need("finance_and_insurance")
IMPORT = Need("assistance", import_=True)
LATER = 1.5
"""Seconds after which a firm is told again."""


_Part = Callable[[Writer, Turn, str, int], Role]
"""(writer, whose turn, publisher, how often this part came before) -> role."""


def _plain(kind: Kind, *declared: Need, consents: tuple[str, ...] = ()) -> _Part:
    def part(writer: Writer, turn: Turn, publisher: str, _: int) -> Role:
        company = writer.company(turn, kind, publisher, declared=declared, consents=consents)
        return writer.told(company, kind.value)

    return part


def _publisher_only(kind: Kind) -> _Part:
    def part(writer: Writer, turn: Turn, publisher: str, _: int) -> Role:
        company = writer.company(turn, kind, publisher, consents=(publisher,))
        return writer.told(company, "consents to its publisher alone")

    return part


def _no_consent(writer: Writer, turn: Turn, publisher: str, _: int) -> Role:
    company = replace(writer.company(turn, Kind.CONSOLIDATING, publisher), consents=())
    return writer.told(company, "consents to nobody")


def _claims_membership(writer: Writer, turn: Turn, _: str, __: int) -> Role:
    """The chambers tell of a firm that calls itself the member of a body, which would not take it otherwise."""
    company = writer.company(turn, Kind.CONSOLIDATING, "unioncamere", consents=("any",))
    company = replace(company, claims="confapi" if company.artisan else "cna")
    return writer.told(company, "calls itself a member")


def _withdraws(writer: Writer, turn: Turn, publisher: str, _: int) -> Role:
    company = replace(writer.company(turn, Kind.CONSOLIDATING, publisher, consents=("any",)), withdraws=True)
    return writer.told(company, "takes its consent back")


def _by_two(writer: Writer, turn: Turn, publisher: str, _: int) -> Role:
    """The publisher does not know the exports; a second partner does, and the assessment settles."""
    asked = writer.company(turn, Kind.EXPORTS_UNKNOWN, publisher, consents=("any",))
    settled = replace(asked, kind=Kind.CONSOLIDATING)
    second = next(code for code in ("sacesimest", "unioncamere") if code != publisher)
    firm: dict[str, Json] = {
        "codice_fiscale": asked.codice_fiscale,
        "name": asked.name,
        "office": {"province": asked.province},
        "exports": exports_of(Kind.CONSOLIDATING, writer.now.year),
    }
    data: dict[str, Json] = {"firm": firm, "observed_at": writer.time(30)}
    return Role(
        "told by two partners",
        settled,
        (
            writer.submission(publisher, id_of(turn.number, 1), writer.data(asked), "registered"),
            writer.submission(second, id_of(turn.number, 2), data, "registered", after=LATER),
        ),
    )


def _with_news(writer: Writer, turn: Turn, publisher: str, _: int) -> Role:
    company = writer.company(turn, Kind.LIGHT, publisher, consents=("any",))
    wiser = replace(company, declared=(FINANCE,))
    return Role(
        "told again with a new need",
        wiser,
        (
            writer.submission(publisher, id_of(turn.number, 1), writer.data(company), "registered"),
            writer.submission(
                publisher, id_of(turn.number, 2), writer.data(wiser, observed=20), "updated", after=LATER
            ),
        ),
    )


def _sent_twice(writer: Writer, turn: Turn, publisher: str, _: int) -> Role:
    company = writer.company(turn, Kind.LIGHT, publisher)
    again = writer.submission(publisher, id_of(turn.number, 1), writer.data(company), "repeated", after=LATER)
    return writer.told(company, "the same event sent twice", again)


def _told_twice(writer: Writer, turn: Turn, publisher: str, _: int) -> Role:
    company = writer.company(turn, Kind.NO_EXPORTS, publisher)
    again = writer.submission(publisher, id_of(turn.number, 2), writer.data(company), "unchanged", after=LATER)
    return writer.told(company, "the same told under a new id", again)


def _id_used_again(writer: Writer, turn: Turn, publisher: str, _: int) -> Role:
    company = writer.company(turn, Kind.LIGHT, publisher)
    other = writer.data(company, observed=5)
    rule = "id-used-for-other-content"
    again = writer.submission(publisher, id_of(turn.number, 1), other, "refused", rule, after=LATER)
    return writer.told(company, "another content under a used id", again)


def _faulty(writer: Writer, turn: Turn, publisher: str, before: int) -> Role:
    """A record that must be refused, each time for another reason."""
    data = writer.data(writer.company(turn, Kind.LIGHT, publisher))
    firm = data["firm"]
    assert isinstance(firm, dict)
    right = str(firm["codice_fiscale"])
    wrong = right[:-1] + str((int(right[-1]) + 5) % 10)
    body: dict[str, Json] | bytes = data
    match before % 5:
        case 0:
            firm["codice_fiscale"] = wrong
            title, rules = "wrong check digit", ["codice-fiscale-invalid"]
        case 1:
            firm["office"] = {"province": "TO"}
            title, rules = "no seat in Lombardy", ["outside-lombardy"]
        case 2:
            del firm["name"]
            title, rules = "no name", ["name-required"]
        case 3:
            firm["codice_fiscale"] = wrong
            del data["observed_at"]
            title, rules = "two problems at once", ["codice-fiscale-invalid", "missing"]
        case _:
            body = msgspec.json.encode(data)[:-1]
            title, rules = "broken JSON", ["not-json"]
    return Role(title, None, (writer.submission(publisher, id_of(turn.number, 1), body, "refused", *rules),))


def _faulty_from(first: int) -> _Part:
    return lambda writer, turn, publisher, before: _faulty(writer, turn, publisher, 2 * before + first)


_TURN: tuple[_Part, ...] = (
    _plain(Kind.CONSOLIDATING, consents=("any",)),
    _plain(Kind.LIGHT, consents=("any",)),
    _plain(Kind.EXPERIENCED, consents=("any",)),
    _plain(Kind.NO_EXPORTS),
    _plain(Kind.LIGHT, IMPORT, consents=("any",)),
    _by_two,
    _faulty_from(0),
    _claims_membership,
    _withdraws,
    _sent_twice,
    _with_news,
    _publisher_only(Kind.CONSOLIDATING),
    _plain(Kind.EXPORTS_UNKNOWN),
    _plain(Kind.NO_EXPORTS, FINANCE, consents=("any",)),
    _plain(Kind.CONSOLIDATING),
    _no_consent,
    _plain(Kind.MARKETS_UNKNOWN),
    _plain(Kind.LIGHT),
    _plain(Kind.EXPERIENCED),
    _told_twice,
    _faulty_from(1),
    _plain(Kind.LARGE),
    _plain(Kind.NO_EXPORTS),
    _plain(Kind.EXPORTS_UNKNOWN, FINANCE, consents=("any",)),
    _publisher_only(Kind.EXPERIENCED),
    _plain(Kind.LIGHT, FINANCE),
    _id_used_again,
    _plain(Kind.CONSOLIDATING, IMPORT),
    _plain(Kind.IN_LIQUIDATION),
    _plain(Kind.SIZE_UNKNOWN),
    _plain(Kind.NO_EXPORTS),
    _plain(Kind.LIGHT),
)
"""The parts in turn; their number is prime to that of the publishers: in time every part is told by every partner."""


def write_script(seed: int, firms: int, first_number: int, now: datetime) -> Script:
    """The script for `firms` firms with running numbers from `first_number` on, told at `now` (UTC).

    The same arguments give the same script. Numbers make event ids and tax codes, so a second evening on the same
    stores must begin at a number that the first has not used.
    """
    if first_number + firms > LAST_NUMBER:
        raise Trouble("the demo has used up its numbers: begin with empty stores (`make clean`)")
    chance = Random(seed)
    writer = Writer(chance, now)
    roles = []
    for index in range(firms):
        part = _TURN[index % len(_TURN)]
        roles.append(
            part(writer, Turn(index, first_number + index), PUBLISHERS[index % len(PUBLISHERS)], index // len(_TURN))
        )
    return Script(seed, tuple(roles))

"""Both languages tell the whole story: no sentence, no place in one, no code of the agreement is missing in either."""

import re
import string
from dataclasses import fields
from pathlib import Path

import pytest

import cli.explain
from cli.explain.english import ENGLISH
from cli.explain.events import events
from cli.explain.italian import ITALIAN
from cli.explain.languages import LANGUAGES
from cli.explain.leaves import spoken, told
from cli.explain.story import tell
from cli.explain.words import Words
from services.notifier.questions import REASONS as DISPUTED_FOR
from services.referral.clocks import Kind
from services.referral.eligibility import facts_of
from services.referral.lifecycle import FAIL_CODES, REJECT_CODES, Ended, Flag, Status
from services.referral.receipt import Predicate, Rule, Verdict
from services.referral.request import Closing
from services.referral.routing import Question, route
from shared.agreement import load
from shared.contracts.firm import Profile
from tests.unit.cli.test_explain_story import T0, WHOLE

TABLES = [field.name for field in fields(Words) if field.name not in ("language", "codes", "reasons", "updates")]


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_the_same_keys_with_the_same_places_in_every_language(table: str) -> None:
    english, italian = getattr(ENGLISH, table), getattr(ITALIAN, table)
    assert {key: places(text) for key, text in italian.items()} == {key: places(text) for key, text in english.items()}


def test_every_sentence_that_the_story_asks_for_is_in_the_tables_and_none_is_there_for_nothing() -> None:
    code = "".join(path.read_text() for path in Path(cli.explain.__path__[0]).glob("*.py"))
    asked = set(re.findall(r"""say\(\s*['"](\w+)['"]""", code))
    # Those that are chosen among, or named in another way.
    asked |= {
        "yes",
        "no",
        "or",
        "and",
        "member",
        "no_member",
        "need_declared",
        "need_given",
        "need_possible",
        "waiting_consent",
        "waiting_membership",
        "manual",
        "answered_yes",
        "answered_no",
        "firm_yes",
        "firm_disputed",
        "firm_disputed_because",
        "firm_unanswered",
    }
    assert asked == set(ENGLISH.sentences)


CODES = [
    *(front.code for front in load().fronts),
    *(segment.code for segment in load().segments),
    *Status,
    *Ended,
    *Flag,
    *(f"clock_{kind}" for kind in Kind),
    *DISPUTED_FOR,
    *(f"request_{closing}" for closing in Closing if closing is not Closing.DECLINED),
    Closing.NO_ANSWER,
    Closing.DECLINED,
    *Verdict,
    *REJECT_CODES,
    *FAIL_CODES,
    *("out_of_target", "autonomous", "single_year", "small_staff", "no_presence"),
    *(name for name in Profile.__struct_fields__ if name != "codice_fiscale"),
]


@pytest.mark.parametrize("code", sorted({str(code) for code in CODES}))
def test_italian_knows_every_code_of_the_agreement(code: str) -> None:
    assert code in ITALIAN.codes


@pytest.mark.parametrize("rule", sorted(map(str, Rule)))
def test_italian_knows_every_rule_of_a_receipt(rule: str) -> None:
    assert rule in ITALIAN.rules or rule in ITALIAN.codes


@pytest.mark.parametrize("predicate", sorted(map(str, Predicate)))
def test_every_predicate_is_a_clause_in_every_language(predicate: str) -> None:
    assert all(predicate in words.predicates for words in LANGUAGES.values())


def test_a_reason_that_a_receipt_holds_in_english_is_told_in_italian() -> None:
    question = Question(
        firm_id="f-1",
        front="information",
        import_=False,
        facts=facts_of(Profile(codice_fiscale="12345670017"), load().criteria),
        consents=(),
        memberships=(),
        excluded=frozenset(),
        rerouted=0,
        at=T0,
        day=T0.date(),
    )
    steps = route(question, load()).path
    assert steps
    assert all(ITALIAN.reason(step.reason) != step.reason for step in steps)
    assert (
        ITALIAN.reason("cna owns it; the firm's consent lacks") == "cna ne è titolare; manca il consenso dell'impresa"
    )
    assert ITALIAN.reason("a reason of tomorrow") == "a reason of tomorrow"


def test_the_journey_is_told_in_italian_from_beginning_to_end() -> None:
    assert [event.sentence for event in events(WHOLE, ITALIAN)] == [
        "cna dà notizia dell'impresa per la prima volta: registrata",
        "L'impresa, come risulta alla versione 1, si colloca in via provvisoria: da quel che si sa può essere con una "
        "presenza leggera sui mercati esteri o in consolidamento",
        "Bisogno «informazione»: affidato a cna",
        "Mail per cna su «informazione» (richiesta): inviata",
        "cna comunica: segnalazione accettata",
    ]
    text = "\n".join(line.text for line in tell(WHOLE, ITALIAN))
    assert "1. consenso: l'impresa ha dato il consenso per almeno un partner" in text
    assert "→ scelto, l'impresa è sua associata, con adesione verificata: cna" in text
    assert "sarebbe diverso se: l'impresa non fosse più associata a cna" in text
    assert "acconsente a essere affidata a qualunque partner" in text
    assert "artigiana      sì" in text


@pytest.mark.parametrize(
    ("name", "italian"),
    [
        ("exports of 2025", "esportazioni 2025"),
        ("exports, mode", "esportazioni, modalità"),
        ("abroad, joint venture in DE", "all'estero, joint venture (DE)"),
        ("abroad, office in FR", "all'estero, ufficio (FR)"),
        ("asks for assistance, import, AE", "chiede assistenza e accompagnamento, importazione strategica, AE"),
        ("started on", "inizio attività"),
    ],
)
def test_a_leaf_has_an_italian_name(name: str, italian: str) -> None:
    assert spoken(name, ITALIAN) == italian
    assert spoken(name, ENGLISH) == name


def test_a_text_that_a_person_wrote_is_never_put_into_other_words() -> None:
    assert told({"comune": "active", "kind": "stake"}, ITALIAN) == "comune active, tipo partecipazione"

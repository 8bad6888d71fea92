"""The words of the messages."""

import pytest

from services.notifier.wording import Facts, Language, accepted_to_firm, line, to_firm, to_partner


def facts(
    *, partner: str = "CNA Lombardia", firm_name: str | None = "Rossi Meccanica", market: str | None = None
) -> Facts:
    return Facts(
        referral_id="00000000-0000-5000-8000-000000000001",
        partner=partner,
        front="assistance",
        import_=False,
        market=market,
        firm_name=firm_name,
    )


def test_the_firm_reads_which_body_will_help_it() -> None:
    words = to_firm(facts(), "it")
    assert words.subject == "La vostra richiesta è stata affidata a CNA Lombardia"
    assert "Spettabile Rossi Meccanica" in words.body


def test_a_firm_that_speaks_english_reads_english() -> None:
    words = to_firm(facts(market="DE"), "en")
    assert "will assist you with assistance and accompaniment, market DE" in words.body


@pytest.mark.parametrize("language", ["it", "en"])
def test_every_message_names_the_referral(language: Language) -> None:
    for words in (to_partner(facts()), to_firm(facts(), language), accepted_to_firm(facts(), language)):
        assert facts().referral_id in words.body


def test_a_firm_without_a_known_name_is_written_to_all_the_same() -> None:
    assert "Spettabile impresa," in to_firm(facts(firm_name=None), "it").body


@pytest.mark.parametrize("name", ["Rossi\r\nBcc: all@example.org", "Rossi\x00\x1b[2J Bcc", "Rossi\u2028Bcc"])
def test_a_name_cannot_open_a_line_of_its_own(name: str) -> None:
    assert "\n" not in line(name)
    assert "\r" not in to_firm(facts(partner=name), "it").subject
    assert "\n" not in to_firm(facts(partner=name), "it").subject


def test_a_name_is_cut_to_what_a_header_bears() -> None:
    assert len(line("x" * 5_000)) == 120

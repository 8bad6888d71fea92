"""What those who told us of a firm hear of it, and when."""

import msgspec

from services.referral.case import Case
from services.referral.domain import assess, erase, move
from services.referral.lifecycle import Status
from services.referral.news import news
from shared.contracts.firm import Consent, Publisher
from tests.unit.referral.builders import FIRM, NOW, assessed, consent, member, moment, need

TOLD_BY = (
    Publisher(partner="unioncamere", submission_id="s1", observed_at=NOW, reference="REA 1"),
    Publisher(partner="cna", submission_id="s2", observed_at=NOW),
)


def case_of(*consents: Consent, version: int = 1) -> Case:
    case = Case(FIRM)
    told = assessed(need("information"), consents=consents, members=(member("cna"),), publishers=TOLD_BY)
    assess(case, told, moment())
    return case


def told(case: Case) -> dict[str, bytes]:
    return {partner: msgspec.json.encode(status) for partner, status in news(case, NOW)}


def test_every_publisher_is_told_segment_and_needs_with_its_own_reference() -> None:
    (_, first), (_, second) = news(case_of(consent()), NOW)
    assert (first.firm_id, first.reference, second.reference) == (FIRM, "REA 1", None)
    assert first.segment.status == "provisional"
    assert [(one.front, one.state) for one in first.needs] == [("information", "referred")]


def test_nobody_is_told_another_partners_name() -> None:
    assert b"cna" not in told(case_of(consent()))["unioncamere"]


def test_a_publisher_whom_the_consent_does_not_cover_is_told_nothing() -> None:
    assert told(case_of(consent("cna"))).keys() == {"cna"}
    assert told(case_of()) == {}
    assert told(case_of(consent(expires_at=NOW))) == {}


def test_nothing_is_said_twice() -> None:
    case = case_of(consent())
    assert told(case)
    assert told(case) == {}
    assert case.retold == {"cna", "unioncamere"}


def test_a_need_that_goes_elsewhere_in_the_same_state_is_no_news_and_one_that_is_met_is() -> None:
    case = case_of(consent())
    told(case)
    (referral,) = case.referrals.values()
    move(case, referral, Status.REJECTED, "no_capacity", NOW, moment("update"))
    assert told(case) == {}
    (following,) = (one for one in case.referrals.values() if one.is_open)
    move(case, following, Status.COMPLETED, None, NOW, moment("update 2"))
    assert b'"state":"met"' in told(case)["cna"]


def test_a_consent_given_late_brings_the_news_that_were_missed() -> None:
    case = case_of(consent("cna"))
    told(case)
    both = assessed(need("information"), consents=(consent(),), members=(member("cna"),), publishers=TOLD_BY, version=2)
    assess(case, both, moment("second"))
    assert told(case).keys() == {"unioncamere"}


def test_of_an_erased_firm_nobody_hears() -> None:
    case = case_of(consent())
    erase(case, moment("erased"))
    assert told(case) == {}

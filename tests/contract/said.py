"""What our services say in golden events: each type at its shortest, and once with all that it can say."""

from datetime import UTC, date, datetime, timedelta

from shared.contracts.base import Event
from shared.contracts.classifier import (
    AssessmentErased,
    AssessmentRestated,
    AssessmentSucceeded,
    FirmAssessed,
    Missing,
    Need,
    Segment,
)
from shared.contracts.firm import Consent, Contacts, Membership, Profile, Publisher
from shared.contracts.intake import Declaration, FirmErased, FirmRegistered, FirmRestated, FirmSucceeded
from shared.contracts.notifier import (
    DeliveryRestated,
    NotificationDelivered,
    NotificationsErased,
    OutcomesAnswered,
    PreferenceAnswered,
)
from shared.contracts.receipts import Position, SubmissionAccepted, SubmissionHeld, SubmissionRefused
from shared.contracts.referral import (
    CaseErased,
    PreferenceAsked,
    PreferenceRestated,
    ReferralAwaited,
    ReferralMoved,
    ReferralOpened,
    ReferralRestated,
)
from shared.contracts.referrals import (
    Candidate,
    Decision,
    FirmForgotten,
    FirmStatus,
    InformationRequested,
    MembershipQueried,
    NeedStanding,
    OfferedService,
    ReferralCancellationRequested,
    ReferralCancelled,
    ReferralClosed,
    ReferralEscalated,
    ReferralReminded,
    ReferralRequested,
    ReportedOutcome,
    Step,
    Tie,
    UpdateHeld,
    UpdateRecorded,
    UpdateRefused,
    for_partner,
)
from shared.contracts.rules import problem
from shared.testing.builders import submission, tax_code
from tests.contract.written import EVERYTHING, REFERRAL

FIRM = "00000000-0000-8000-8000-000000000001"
OTHER_FIRM = "00000000-0000-8000-8000-000000000002"
EARLIER = "00000000-0000-5000-8000-00000000000b"
NEED = "00000000-0000-5000-8000-00000000000c"
AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HELD = datetime(2027, 1, 29, 22, 59, 59, tzinfo=UTC)

PLACE = Position(topic="partners.cna.firms.v1", partition=0, offset=41)
UPDATE = Position(topic="partners.cna.updates.v1", partition=0, offset=7)
SMALL = Profile(codice_fiscale=tax_code())
WHOLE = submission(EVERYTHING).assertion.firm
PUBLISHER = Publisher(partner="cna", submission_id="e-1", observed_at=AT, reference="crm-4711")
CONSENT = Consent(to="any", purpose="referral", given_at=AT, expires_at=datetime(2028, 1, 1, tzinfo=UTC))
MEMBER = Membership(partner="cna", since=date(2015, 1, 1))
SETTLED = Segment(
    status="classified",
    possible=("light_presence",),
    presumptions=("autonomous",),
    warnings=("exports without markets",),
    agreement="2017.1",
    value="light_presence",
    lowest="light_presence",
    highest="light_presence",
)
OPEN = Segment(
    status="provisional",
    possible=("no_experience", "out_of_target"),
    presumptions=(),
    warnings=(),
    agreement="2017.1",
)
EXPORTS_MISSING = Missing(
    pointer="/firm/exports/years",
    year=2025,
    question_it="Quale quota del fatturato è venuta dall'estero nel 2025?",
    question_en="Which share of the turnover came from abroad in 2025?",
)
PRESENCE_MISSING = Missing(
    pointer="/firm/presence_abroad",
    question_it="L'impresa ha presenze proprie all'estero?",
    question_en="Does the firm have a presence of its own abroad?",
)
SHORT = Decision(agreement="2017.1", rule="membership", path=(), candidates=(), would_change_it=())
LONG = Decision(
    agreement="2017.1",
    rule="tie",
    path=(Step(step="membership", reason="two associations confirm it"),),
    candidates=(
        Candidate(partner="cna", verdict="chosen"),
        Candidate(partner="assolombarda", verdict="not_chosen", predicate="tie_lost"),
    ),
    would_change_it=("a preferred partner",),
    tie=Tie(members=("assolombarda", "cna"), hash="9f86d081"),
)
CONTACTS = Contacts(pec="prova@pec.example", language="it")

SAID: dict[str, tuple[Event, ...]] = {
    "smallest": (
        FirmRegistered(firm_id=FIRM, version=1, observed_at=AT, profile=SMALL, publishers=()),
        FirmSucceeded(firm_id=FIRM, version=3, successor_id=OTHER_FIRM, kind="merger", at=AT, said_by="cna"),
        FirmErased(firm_id=FIRM, version=3, requested_at=AT, requested_by="cna", submission_id="e-9"),
        AssessmentSucceeded(firm_id=FIRM, version=3, successor_id=OTHER_FIRM, kind="merger", at=AT, said_by="cna"),
        AssessmentErased(firm_id=FIRM, version=3, requested_at=AT, requested_by="cna", submission_id="e-9"),
        FirmAssessed(firm_id=FIRM, version=1, profile=SMALL, publishers=(), segment=OPEN, needs=()),
        ReferralOpened(
            firm_id=FIRM,
            referral_id=REFERRAL,
            need_id=NEED,
            partner="cna",
            role="responsible",
            front="assistance",
            import_=False,
            segment=OPEN,
            requested_at=AT,
        ),
        ReferralMoved(firm_id=FIRM, referral_id=REFERRAL, partner="cna", was="requested", status="accepted", at=AT),
        ReferralAwaited(
            firm_id=FIRM, referral_id=REFERRAL, partner="cna", step="reminded", awaits="acceptance_due", at=AT
        ),
        NotificationDelivered(
            firm_id=FIRM,
            referral_id=REFERRAL,
            channel="mail",
            recipient="partner",
            purpose="requested",
            message_id="<1@portolano.example>",
            at=AT,
        ),
        OutcomesAnswered(firm_id=FIRM, referral_id=REFERRAL, confirmed=True, at=AT),
        PreferenceAsked(firm_id=FIRM, question_id=NEED, partner="cna", answer_by=HELD),
        PreferenceAnswered(firm_id=FIRM, question_id=NEED, partner="cna", confirmed=True, at=AT),
        CaseErased(firm_id=FIRM, version=3, requested_at=AT, requested_by="cna", submission_id="e-9"),
        NotificationsErased(firm_id=FIRM, version=3, requested_at=AT, requested_by="cna", submission_id="e-9"),
        FirmForgotten(firm_id=FIRM, referral_ids=(), copies_until=AT + timedelta(days=22)),
        SubmissionAccepted(submission_id="e-1", outcome="registered", firm_id=FIRM, warnings=(), position=PLACE),
        SubmissionRefused(position=PLACE, problems=(problem("no-value", "the record has no value"),)),
        SubmissionHeld(position=PLACE),
        ReferralRequested(
            referral_id=REFERRAL,
            status="requested",
            at=AT,
            need_id=NEED,
            role="responsible",
            front="assistance",
            import_=False,
            services=(),
            firm=for_partner(SMALL, FIRM),
            segment=OPEN,
            decision=SHORT,
        ),
        ReferralCancelled(referral_id=REFERRAL, status="cancelled", at=AT, reason="consent_withdrawn"),
        ReferralCancellationRequested(referral_id=REFERRAL, status="in_progress", at=AT, reason="consent_withdrawn"),
        ReferralReminded(referral_id=REFERRAL, status="requested", at=AT, reason="acceptance_due"),
        ReferralEscalated(referral_id=REFERRAL, status="accepted", at=AT, reason="first_contact_due"),
        ReferralClosed(
            referral_id=REFERRAL,
            status="completed",
            at=AT,
            outcomes=(ReportedOutcome(code="informed"),),
            confirmed_by_firm="pending",
        ),
        FirmStatus(firm_id=FIRM, segment=OPEN, needs=()),
        MembershipQueried(query_id=REFERRAL, codice_fiscale=tax_code(), answer_by=HELD),
        InformationRequested(
            request_id=REFERRAL,
            firm_id=FIRM,
            codice_fiscale=tax_code(),
            segment=OPEN,
            missing=(EXPORTS_MISSING,),
            answer_by=HELD,
        ),
        UpdateRecorded(position=UPDATE, at=AT),
        UpdateRefused(position=UPDATE, at=AT, problems=(problem("missing", "give it a value", "/status"),)),
        UpdateHeld(position=UPDATE, at=AT),
    ),
    "everything": (
        FirmRegistered(
            firm_id=FIRM,
            version=2,
            observed_at=AT,
            profile=WHOLE,
            publishers=(PUBLISHER,),
            memberships=(MEMBER,),
            consents=(CONSENT,),
        ),
        FirmAssessed(
            firm_id=FIRM,
            version=2,
            profile=WHOLE,
            publishers=(PUBLISHER,),
            segment=SETTLED,
            needs=(Need(front="assistance", import_=False, declared=True, market="DE", unit="MI", declared_at=AT),),
            memberships=(MEMBER,),
            consents=(CONSENT,),
        ),
        ReferralOpened(
            firm_id=FIRM,
            referral_id=REFERRAL,
            need_id=NEED,
            partner="cna",
            role="executor",
            front="assistance",
            import_=False,
            segment=SETTLED,
            requested_at=AT,
            market="DE",
            firm_name="Officine di Prova S.r.l.",
            contacts=CONTACTS,
            replaces=EARLIER,
        ),
        ReferralMoved(
            firm_id=FIRM,
            referral_id=REFERRAL,
            partner="cna",
            was="requested",
            status="rejected",
            at=AT,
            reason="no_capacity",
            firm_name="Officine di Prova S.r.l.",
            contacts=CONTACTS,
        ),
        ReferralAwaited(
            firm_id=FIRM,
            referral_id=REFERRAL,
            partner="cna",
            step="escalated",
            awaits="first_contact_due",
            at=AT,
            due_by=HELD,
            firm_name="Officine di Prova S.r.l.",
        ),
        SubmissionAccepted(
            submission_id="e-1",
            outcome="updated",
            firm_id=FIRM,
            warnings=(problem("unknown-member", "it was ignored", "/firm/colour"),),
            position=PLACE,
            reference="crm-4711",
        ),
        SubmissionRefused(position=PLACE, submission_id="e-1", problems=(problem("missing", "give it", "/firm"),)),
        SubmissionHeld(position=PLACE, submission_id="e-1"),
        ReferralRequested(
            referral_id=REFERRAL,
            status="requested",
            at=AT,
            accept_by=datetime(2026, 11, 25, 8, 0, tzinfo=UTC),
            contact_by=datetime(2026, 11, 30, 8, 0, tzinfo=UTC),
            need_id=NEED,
            role="responsible",
            front="assistance",
            import_=False,
            services=(OfferedService(code="exp-1", title="Export check-up", link="https://cna.example/exp-1"),),
            firm=for_partner(WHOLE, FIRM),
            segment=SETTLED,
            decision=LONG,
            part_of=EARLIER,
            market="DE",
            reference="crm-4711",
            replaces=EARLIER,
        ),
        UpdateRecorded(
            position=UPDATE, at=AT, update_id="u-1", referral_id=REFERRAL, status="accepted", flags=("out_of_order",)
        ),
        UpdateRefused(
            position=UPDATE,
            at=AT,
            update_id="u-1",
            referral_id=REFERRAL,
            status="requested",
            problems=(problem("reason-required", "rejected needs a reason", "/reason"),),
        ),
        UpdateHeld(position=UPDATE, at=AT, update_id="u-1", referral_id=REFERRAL, status="requested"),
        ReferralCancellationRequested(
            referral_id=REFERRAL, status="on_hold", at=AT, hold_until=HELD, reason="firm_ceased"
        ),
        ReferralReminded(referral_id=REFERRAL, status="received", at=AT, accept_by=HELD, reason="acceptance_due"),
        ReferralEscalated(referral_id=REFERRAL, status="accepted", at=AT, contact_by=HELD, reason="first_contact_due"),
        ReferralClosed(
            referral_id=REFERRAL,
            status="completed",
            at=AT,
            outcomes=(ReportedOutcome(code="mission", market="DE", value_eur=25000, on=date(2026, 11, 20)),),
            confirmed_by_firm="pending",
        ),
        FirmStatus(
            firm_id=FIRM,
            segment=SETTLED,
            needs=(NeedStanding(need_id=NEED, front="assistance", state="referred"),),
            reference="crm-4711",
        ),
    ),
    "referenced": (
        InformationRequested(
            request_id=REFERRAL,
            firm_id=FIRM,
            codice_fiscale=tax_code(),
            segment=OPEN,
            missing=(EXPORTS_MISSING, PRESENCE_MISSING),
            answer_by=HELD,
            reference="crm-4711",
        ),
    ),
    "plain": (FirmForgotten(firm_id=FIRM, referral_ids=(REFERRAL,), copies_until=AT + timedelta(days=22)),),
    "on-hold": (
        UpdateRecorded(
            position=UPDATE, at=AT, update_id="u-2", referral_id=REFERRAL, status="on_hold", hold_until=HELD
        ),
        ReferralMoved(
            firm_id=FIRM,
            referral_id=REFERRAL,
            partner="cna",
            was="on_hold",
            status="cancellation_requested",
            at=AT,
            reason="firm_ceased",
        ),
    ),
    "answered": (
        ReferralMoved(
            firm_id=FIRM,
            referral_id=REFERRAL,
            partner="cna",
            was="in_progress",
            status="completed",
            at=AT,
            firm_name="Officine di Prova S.r.l.",
            contacts=CONTACTS,
            outcomes=(ReportedOutcome(code="mission", market="DE", value_eur=25000, on=date(2026, 11, 20)),),
            answer_by=HELD,
        ),
        PreferenceAsked(
            firm_id=FIRM,
            question_id=NEED,
            partner="cna",
            answer_by=HELD,
            firm_name="Officine di Prova S.r.l.",
            contacts=CONTACTS,
        ),
        OutcomesAnswered(firm_id=FIRM, referral_id=REFERRAL, confirmed=False, reason="other_outcomes", at=AT),
        ReferralClosed(
            referral_id=REFERRAL,
            status="completed",
            at=AT,
            outcomes=(ReportedOutcome(code="mission", market="DE", value_eur=25000, on=date(2026, 11, 20)),),
            confirmed_by_firm="disputed",
        ),
    ),
    "asking": (
        FirmAssessed(
            firm_id=FIRM,
            version=1,
            profile=SMALL,
            publishers=(),
            segment=OPEN,
            needs=(),
            missing=(EXPORTS_MISSING,),
        ),
    ),
    "no-member": (
        FirmRegistered(
            firm_id=FIRM, version=1, observed_at=AT, profile=SMALL, publishers=(PUBLISHER,), not_members=("confapi",)
        ),
        FirmAssessed(
            firm_id=FIRM,
            version=1,
            profile=SMALL,
            publishers=(PUBLISHER,),
            segment=OPEN,
            needs=(),
            not_members=("confapi",),
        ),
    ),
    "redeclared": (
        FirmRegistered(
            firm_id=FIRM,
            version=2,
            observed_at=AT,
            profile=SMALL,
            publishers=(PUBLISHER,),
            declarations=(Declaration(front="assistance", import_=False, market="DE", by=("aice", "cna")),),
        ),
        FirmAssessed(
            firm_id=FIRM,
            version=2,
            profile=SMALL,
            publishers=(PUBLISHER,),
            segment=OPEN,
            needs=(Need(front="assistance", import_=False, market="DE", declared=True, declared_by=("aice", "cna")),),
        ),
    ),
    "restated": (
        FirmRestated(
            firm_id=FIRM,
            registered_at=AT,
            state=FirmRegistered(firm_id=FIRM, version=1, observed_at=AT, profile=SMALL, publishers=(PUBLISHER,)),
        ),
        AssessmentRestated(
            firm_id=FIRM,
            assessed_at=AT,
            state=FirmAssessed(firm_id=FIRM, version=1, profile=SMALL, publishers=(PUBLISHER,), segment=OPEN, needs=()),
        ),
        ReferralRestated(
            firm_id=FIRM,
            referral_id=REFERRAL,
            partner="cna",
            role="responsible",
            front="assistance",
            import_=False,
            market="DE",
            outcomes=(ReportedOutcome(code="export_plan", market="DE"),),
            answer_by=HELD,
            contacts=CONTACTS,
        ),
        PreferenceRestated(firm_id=FIRM, question_id=REFERRAL, partner="cna", answer_by=HELD, contacts=CONTACTS),
        DeliveryRestated(
            firm_id=FIRM,
            delivered=NotificationDelivered(
                firm_id=FIRM,
                referral_id=REFERRAL,
                channel="mail",
                recipient="partner",
                purpose="requested",
                message_id="<1@portolano.example>",
                at=AT,
            ),
        ),
    ),
}
"""What our services say, by name."""

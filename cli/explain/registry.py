"""What intake and classifier keep of a firm: who told what, what holds of it, where that places the firm."""

import msgspec

from cli.explain.casework import what
from cli.explain.journal import said_of
from cli.explain.journey import Assertion, Assessment, Consent, Journey, Membership, Problem, Segment, Submission
from cli.explain.leaves import Members, leaves
from shared.contracts.classifier import AssessmentErased, FirmAssessed
from shared.contracts.tax_codes import normalised
from shared.contracts.topics import CLASSIFIER_ASSESSMENTS
from shared.postgres.pool import Connection


async def firm_named(connection: Connection, id: str | None, subject: str) -> str | None:
    """The firm of this id or, where `id` is None, of the codice fiscale that `subject` may be; None where unknown."""
    found: str | None
    if id is not None:
        found = await connection.fetchval("SELECT firm_id FROM profiles WHERE firm_id = $1", id)
    else:
        code = normalised(subject).replace("\0", "")
        found = await connection.fetchval("SELECT firm_id FROM profiles WHERE codice_fiscale = $1", code)
    return found


async def registered(connection: Connection, firm_id: str) -> Journey | None:
    """The journey as far as intake knows it; None where it does not know the firm. Of an erased one the version alone
    is left, and that its records came."""
    row = await connection.fetchrow("SELECT version, state FROM profiles WHERE firm_id = $1", firm_id)
    if row is None:
        return None
    state = row["state"] or {}
    told = await connection.fetch("SELECT * FROM assertions WHERE firm_id = $1 ORDER BY observed_at, partner", firm_id)
    said: dict[str, Members] = {one["partner"]: one["assertion"].get("firm", {}) for one in told}
    profile: Members = state.get("profile", {})
    return Journey(
        firm_id=firm_id,
        codice_fiscale=profile.get("codice_fiscale"),
        name=profile.get("name"),
        version=row["version"],
        submissions=await _submissions(connection, firm_id),
        assertions=tuple(
            Assertion(
                partner=one["partner"],
                submission_id=one["submission_id"],
                observed_at=one["observed_at"],
                states=tuple(sorted(said[one["partner"]])),
                reference=one["assertion"].get("reference"),
                member=(one["assertion"].get("membership") or {}).get("active"),
            )
            for one in told
        ),
        profile=leaves(profile, said),
        consents=msgspec.convert(state.get("consents", ()), tuple[Consent, ...]),
        memberships=msgspec.convert(state.get("memberships", ()), tuple[Membership, ...]),
    )


async def _submissions(connection: Connection, firm_id: str) -> tuple[Submission, ...]:
    """Accepted records about the firm. Refused ones use up no id and are kept nowhere but on the receipts topic."""
    rows = await connection.fetch(
        "SELECT * FROM submissions WHERE firm_id = $1 ORDER BY appended_at, topic, record_offset", firm_id
    )
    return tuple(
        Submission(
            partner=row["partner"],
            id=row["id"],
            source=row["source"],
            place=f"{row['topic']}/{row['partition']}@{row['record_offset']}",
            at=row["appended_at"],
            outcome=row["outcome"],
            type=row["type"],
            reference=row["reference"],
            warnings=msgspec.convert(row["warnings"], tuple[Problem, ...]),
            traceparent=row["traceparent"],
        )
        for row in rows
    )


async def assessments(connection: Connection, firm_id: str, prefix: str = "") -> tuple[Assessment, ...]:
    """Every assessment that the classifier's journal still holds, and the last one from its table."""
    found: dict[int, Assessment] = {}
    for saying in await said_of(connection, prefix + CLASSIFIER_ASSESSMENTS, firm_id):
        if saying.type == AssessmentErased.type:
            found.clear()  # the journal's copies end with its keep, and are nothing to tell of
        if saying.type == FirmAssessed.type:
            data = saying.data
            found[data["version"]] = Assessment(
                version=data["version"],
                at=saying.at,
                segment=msgspec.convert(data["segment"], Segment),
                needs=_needs(data.get("needs", ())),
                event_id=saying.id,
                traceparent=saying.traceparent,
            )
    row = await connection.fetchrow("SELECT * FROM assessments WHERE firm_id = $1", firm_id)
    if row is not None and row["version"] not in found:
        found[row["version"]] = Assessment(
            version=row["version"],
            at=row["assessed_at"],
            segment=msgspec.convert(row["segment"], Segment),
            needs=_needs(row["needs"]),
            traceparent=row["traceparent"],
        )
    return tuple(found[version] for version in sorted(found))


def _needs(needs: object) -> tuple[str, ...]:
    listed = msgspec.convert(needs, list[dict[str, object]])
    return tuple(what(str(need["front"]), bool(need.get("import")), _market(need)) for need in listed)


def _market(need: dict[str, object]) -> str | None:
    return str(need["market"]) if need.get("market") else None

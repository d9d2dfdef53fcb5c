"""The audit's chain: what was written stays, and a change shows."""

import pytest
from django.db import connection, transaction

from foundation.events.chain import chain_batch, verify_audit_chain
from foundation.events.models import AuditEntry, AuditHead
from foundation.events.relay import Relay
from foundation.events.relay.loop import CHAIN_SECONDS
from foundation.events.services import record_audit

pytestmark = pytest.mark.django_db
OWNER, OTHER = "org_owner", "org_other"


@pytest.fixture
def chained() -> None:
    for number in range(3):
        for organization_id in (OWNER, OTHER):
            record_audit(
                organization_id=organization_id,
                actor="person_1",
                action="load.edited",
                subject="load_1",
                changes={"weight_pounds": [number, number + 0.5], "notes": "Grüße"},
            )
    chain_batch()


def _tamper(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_auditentry DISABLE TRIGGER audit_is_append_only")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE events_auditentry ENABLE TRIGGER audit_is_append_only")


def test_each_organization_has_a_chain_of_its_own(chained: None) -> None:
    for organization_id in (OWNER, OTHER):
        report = verify_audit_chain(organization_id)
        assert (report.intact, report.entries) == (True, 3)
    assert list(AuditEntry.objects.filter(organization_id=OWNER).order_by("id").values_list("position", flat=True)) == [
        1,
        2,
        3,
    ]
    assert len(set(AuditEntry.objects.values_list("hash", flat=True))) == 6


def test_a_chain_goes_on_where_it_ended(chained: None) -> None:
    record_audit(organization_id=OWNER, actor="operator", action="verify", subject=OWNER, changes={})
    assert chain_batch() == 1
    assert chain_batch() == 0
    assert verify_audit_chain(OWNER).entries == 4


def test_entries_wait_for_their_chain_less_than_a_minute() -> None:
    record_audit(organization_id=OWNER, actor="operator", action="verify", subject=OWNER, changes={})
    Relay(wiring={}, periodic={}).tick()
    assert AuditHead.objects.get(pk=OWNER).position == 1
    assert CHAIN_SECONDS < 60


@pytest.mark.parametrize(
    ("deed", "position", "problem"),
    [
        ("UPDATE events_auditentry SET actor = 'somebody else' WHERE {second}", 2, "not what was written"),
        ("UPDATE events_auditentry SET changes = '{{}}' WHERE {second}", 2, "not what was written"),
        ("UPDATE events_auditentry SET created_at = now() - interval '1 year' WHERE {second}", 2, "not what was"),
        ("DELETE FROM events_auditentry WHERE {second}", 2, "is missing here"),
        ("DELETE FROM events_auditentry WHERE organization_id = 'org_owner' AND position = 3", 3, "at the end"),
        ("DELETE FROM events_auditentry WHERE organization_id = 'org_owner'", 1, "at the end"),
        ("UPDATE events_audithead SET position = 1 WHERE organization_id = 'org_owner'", 2, "was put in"),
    ],
)
def test_a_change_behind_the_back_of_the_trigger_shows(chained: None, deed: str, position: int, problem: str) -> None:
    _tamper(deed.format(second="organization_id = 'org_owner' AND position = 2"))
    report = verify_audit_chain(OWNER)
    assert (report.intact, report.broken_at) == (False, position)
    assert problem in report.problem
    assert verify_audit_chain(OTHER).intact


def test_one_chain_that_cannot_go_on_stops_no_other(chained: None, caplog: pytest.LogCaptureFixture) -> None:
    for organization_id in (OWNER, OTHER):
        record_audit(organization_id=organization_id, actor="operator", action="verify", subject="org_1", changes={})
    forged = "INSERT INTO events_auditentry (public_id, organization_id, actor, action, subject, changes, position, {})"
    values = "VALUES ('audit_forged', 'org_owner', 'x', 'x', 'x', '{}', 4, '', '')"
    with connection.cursor() as cursor:
        cursor.execute(forged.format("previous_hash, hash") + " " + values)
    assert chain_batch() == 1
    assert (verify_audit_chain(OTHER).entries, verify_audit_chain(OTHER).unchained) == (4, 0)
    assert f"The audit chain of {OWNER} cannot go on" in caplog.text
    report = verify_audit_chain(OWNER)
    assert (report.broken_at, report.entry, report.unchained) == (4, "audit_forged", 1)


def test_an_organization_without_any_deed_is_one_whose_chain_was_taken_away() -> None:
    assert verify_audit_chain(OWNER).intact
    report = verify_audit_chain(OWNER, must_have_begun=True)
    assert (report.intact, report.problem) == (False, "Everything is missing.")

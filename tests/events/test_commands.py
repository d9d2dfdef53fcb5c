"""What the operator sees of given-up work and of the audit, on the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from backhaul.wiring import FACTS
from foundation.events.chain import chain_batch
from foundation.events.models import Reaction
from foundation.events.relay.placing import place_batch
from foundation.events.services import publish, record_audit

pytestmark = pytest.mark.django_db


def _call(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out, stderr=out)
    return out.getvalue()


def test_given_up_reactions_are_listed_and_replayed() -> None:
    assert _call("reactions") == "No reaction was given up.\n"
    with transaction.atomic():
        publish(name="canary.sung", subject="operator", audience={})
    place_batch(FACTS)
    Reaction.objects.update(dead_at="2026-01-01T00:00:00Z", last_error="KeyError: miles")
    assert "events.hear_canary\toperator\tKeyError: miles" in _call("reactions")
    assert _call("reactions", "--replay") == "1 reactions will be sent again.\n"
    assert Reaction.objects.get().dead_at is None


def _tamper(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_auditentry DISABLE TRIGGER USER")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE events_auditentry ENABLE TRIGGER USER")


def _write(organization_id: str, count: int = 1) -> None:
    for _ in range(count):
        record_audit(organization_id=organization_id, actor="operator", action="verify", subject="org_1", changes={})


def test_the_audit_is_checked_from_the_command_line() -> None:
    assert _call("audit", "verify") == "Nothing is chained yet.\n"
    _write("org_1", 3)
    _write("org_2")
    chain_batch()
    assert _call("audit") == _call("audit", "verify") == "Every audit chain holds: 4 entries.\n"
    assert _call("audit", "verify", "org_2") == "The audit chain of org_2 holds: 1 entries.\n"
    with pytest.raises(CommandError, match="knows no organization org_3"):
        _call("audit", "verify", "org_3")


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (
            "UPDATE events_auditentry SET actor = 'x' WHERE organization_id = 'org_1' AND position = 2",
            "entry 2 (audit_",
        ),
        (
            "DELETE FROM events_auditentry WHERE organization_id = 'org_1' AND position = 2",
            "entry 2\tAn entry is missing",
        ),
        ("DELETE FROM events_auditentry WHERE organization_id = 'org_1'", "entry 1\tEntries at the end are missing"),
        ("DELETE FROM events_audithead WHERE organization_id = 'org_1'", "entry 4\tEntries at the end are missing"),
    ],
)
def test_the_first_broken_entry_is_named_and_the_command_fails(deed: str, said: str) -> None:
    _write("org_1", 3)
    _write("org_2")
    chain_batch()
    _tamper(deed)
    out = StringIO()
    with pytest.raises(CommandError, match="1 audit chain is broken") as failed:
        call_command("audit", "verify", stdout=out, stderr=out)
    assert failed.value.returncode == 1
    assert f"org_1\t{said}" in out.getvalue()
    assert "org_2" not in out.getvalue()
    assert "holds" in _call("audit", "verify", "org_2")


def test_the_tail_that_is_not_chained_yet_is_named_and_is_no_break() -> None:
    _write("org_1")
    chain_batch()
    _write("org_1", 2)
    assert "org_1\t2 entries wait for their chain since " in _call("audit", "verify")

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


def test_the_audit_is_checked_from_the_command_line() -> None:
    record_audit(organization_id="org_1", actor="operator", action="verify", subject="org_1", changes={})
    chain_batch()
    assert _call("audit") == "Every audit chain holds.\n"
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_auditentry DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM events_auditentry")
        cursor.execute("ALTER TABLE events_auditentry ENABLE TRIGGER USER")
    with pytest.raises(CommandError, match="1 audit chains are broken"):
        _call("audit")

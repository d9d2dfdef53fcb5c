"""What a fact, an audit entry, a mail and a notice are when they are written."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from foundation.events.models import AuditEntry, Event, FeedEntry, Mail, Notice
from foundation.events.services import end_streams, notify, publish, queue_mail, record_audit

OWNER, OTHER = "org_owner", "org_other"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "write",
    [
        lambda: publish(name="load.opened", subject="load_1", audience={}),
        lambda: record_audit(organization_id=OWNER, actor="operator", action="verify", subject=OWNER, changes={}),
        lambda: queue_mail(organization_id=OWNER, to="a@example.com", subject="s", text="t", kind="invitation"),
        lambda: notify(organization_id=OWNER, key="k", text="t"),
    ],
)
def test_nothing_is_recorded_outside_the_transaction_of_its_change(write) -> None:
    with pytest.raises(TransactionManagementError):
        write()
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_each_organization_gets_the_payload_meant_for_it() -> None:
    event = publish(name="load.opened", subject="load_1", version=3, audience={OWNER: {"rate": 1}, OTHER: {}})
    assert (event.position, event.version) == (None, 3)
    assert dict(FeedEntry.objects.values_list("organization_id", "payload")) == {OWNER: {"rate": 1}, OTHER: {}}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["opened", "load opened", "Load.opened", "load.opened\n", ""])
def test_a_fact_has_a_name_like_load_opened(name: str) -> None:
    with pytest.raises(ValueError, match="does not name a fact"):
        publish(name=name, subject="load_1", audience={})


@pytest.mark.django_db
def test_a_payload_above_twenty_kilobytes_is_refused_and_one_at_the_limit_is_not() -> None:
    frame = len('{"a": ""}')
    publish(name="load.opened", subject="load_1", audience={OWNER: {"a": "x" * (20_000 - frame)}})
    with pytest.raises(ValueError, match="20001 bytes"):
        publish(name="load.opened", subject="load_1", audience={OWNER: {"a": "x" * (20_001 - frame)}})


@pytest.mark.django_db
@pytest.mark.parametrize("payload", [{"at": object()}, {"at": {1, 2}}])
def test_a_payload_is_plain_json(payload: dict) -> None:
    with pytest.raises(TypeError):
        publish(name="load.opened", subject="load_1", audience={OWNER: payload})


@pytest.mark.django_db
def test_an_event_mails_an_address_once_per_kind() -> None:
    event = publish(name="load.opened", subject="load_1", audience={})
    mail = {"organization_id": OWNER, "to": "a@example.com", "subject": "New\nload", "text": "t", "event": event}
    assert queue_mail(**mail, kind="posting").subject == "New load"
    assert queue_mail(**mail, kind="posting") is None
    assert queue_mail(**mail, kind="reminder") is not None
    assert Mail.objects.count() == 2
    assert Event.objects.filter(name="mail.queued").count() == 2


@pytest.mark.django_db
def test_mails_without_an_event_may_repeat() -> None:
    for _ in range(2):
        assert queue_mail(organization_id=None, to="a@example.com", subject="s", text="t", kind="sign_in")
    assert Mail.objects.count() == 2


@pytest.mark.django_db
def test_a_notice_comes_once_per_cause_and_organization() -> None:
    assert notify(organization_id=OWNER, key="confirm load_1 v1", text="Still open?", url="/loads/load_1/")
    assert notify(organization_id=OWNER, key="confirm load_1 v1", text="Still open?") is None
    assert notify(organization_id=OTHER, key="confirm load_1 v1", text="Still open?")
    event = publish(name="load.opened", subject="load_1", audience={})
    assert notify(organization_id=OWNER, event=event, text="Opened")
    assert notify(organization_id=OWNER, event=event, text="Opened") is None
    assert Notice.objects.count() == 3
    posted = FeedEntry.objects.filter(event__name="notice.posted")
    assert sorted(posted.values_list("organization_id", flat=True)) == [OTHER, OWNER, OWNER]


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["action = 'nothing'", "position = 7, actor = 'somebody'", "created_at = now()"])
def test_an_audit_entry_cannot_be_changed(change: str) -> None:
    record_audit(organization_id=OWNER, actor="operator", action="verify", subject=OWNER, changes={"verified": True})
    refused = pytest.raises(IntegrityError, match="append-only")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE events_auditentry SET {change}")
    assert AuditEntry.objects.get().action == "verify"


@pytest.mark.django_db
def test_an_audit_entry_cannot_be_deleted() -> None:
    record_audit(organization_id=OWNER, actor="operator", action="verify", subject=OWNER, changes={})
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEntry.objects.all().delete()
    assert AuditEntry.objects.exists()


def test_the_end_of_streams_names_whose() -> None:
    with pytest.raises(ValueError, match="Name the organization or the person"):
        end_streams()

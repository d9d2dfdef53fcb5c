"""Facts and audit entries of a block, written together: the same rows in the same order as one by one."""

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError

from foundation.events.models import AuditEntry, Event, FeedEntry, Notice
from foundation.events.services import notify, publish, record_audit, together

pytestmark = pytest.mark.django_db

HEARERS = {"org_1": {"id": "load_1", "words": "100 % ü"}, "org_2": {"id": "load_1"}}


def tell(number: int) -> Event:
    """Tell of a load, and note it with its owner."""
    event = publish(name="load.opened", subject=f"load_{number}", audience=HEARERS if number else {}, version=number)
    record_audit(organization_id="org_1", actor="system", action="load.opened", subject=f"load_{number}", changes={})
    return event


def told() -> list[object]:
    """Return all that was told, in order."""
    facts = Event.objects.order_by("pk").values_list("name", "subject", "version")
    read = FeedEntry.objects.order_by("event", "organization_id").values_list("organization_id", "payload")
    return [*facts, *read, *AuditEntry.objects.order_by("pk").values_list("organization_id", "subject", "changes")]


def test_a_block_writes_what_its_facts_would_have_written_one_by_one(django_assert_num_queries):
    with transaction.atomic():
        for number in (3, 0, 2):
            tell(number)
    apart = told()
    Event.objects.all().delete()
    with transaction.atomic(), django_assert_num_queries(2), together():
        events = [tell(number) for number in (3, 0, 2)]
    assert told()[:3] == apart[:3]
    assert sorted(map(str, told())) == sorted(map(str, [*apart, *apart[-3:]]))  # the audit is never deleted
    assert [event.pk for event in events] == sorted(Event.objects.values_list("pk", flat=True))
    assert all(event.created_at for event in events)


def test_a_notice_about_a_fact_of_the_block_finds_it_written():
    with transaction.atomic(), together():
        event = tell(1)
        assert event.pk is None
        assert notify(event=event, organization_id="org_1", text="Gone.") is not None
    assert Notice.objects.get().event == event
    assert list(Event.objects.order_by("pk").values_list("name", flat=True)) == ["load.opened", "notice.posted"]


def test_what_a_savepoint_undoes_is_not_told():
    with transaction.atomic(), together():
        tell(1)
        try:
            with transaction.atomic():
                tell(2)
                raise RuntimeError
        except RuntimeError:
            tell(3)
    assert list(Event.objects.order_by("pk").values_list("subject", flat=True)) == ["load_1", "load_3"]
    assert list(AuditEntry.objects.order_by("pk").values_list("subject", flat=True)) == ["load_1", "load_3"]


def test_what_a_savepoint_tells_keeps_its_place(django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(6), together():  # two savepoints, two statements
        tell(1)
        with transaction.atomic():
            tell(2)
            with transaction.atomic():
                tell(3)
            tell(4)
        tell(5)
    order = [f"load_{number}" for number in (1, 2, 3, 4, 5)]
    assert list(Event.objects.order_by("pk").values_list("subject", flat=True)) == order
    assert list(AuditEntry.objects.order_by("pk").values_list("subject", flat=True)) == order


def test_what_was_told_in_a_savepoint_goes_with_the_one_around_it():
    with transaction.atomic(), together():
        tell(1)
        try:
            with transaction.atomic():
                with transaction.atomic():
                    tell(2)
                raise RuntimeError
        except RuntimeError:
            tell(3)
        with transaction.atomic():
            tell(4)
    assert list(Event.objects.order_by("pk").values_list("subject", flat=True)) == ["load_1", "load_3", "load_4"]


@pytest.mark.parametrize("undone", [True, False])
def test_what_a_notice_in_a_savepoint_has_written_is_told_once_whether_or_not_that_is_undone(undone):
    with transaction.atomic(), together():
        event = tell(1)
        try:
            with transaction.atomic():
                notify(event=tell(2), organization_id="org_1", text="Gone.")
                if undone:
                    raise RuntimeError
        except RuntimeError:
            pass
        tell(3)
    kept = [1, 3] if undone else [1, 2, 3]
    opened = Event.objects.filter(name="load.opened").order_by("pk")
    assert list(opened.values_list("version", flat=True)) == kept
    assert list(AuditEntry.objects.order_by("pk").values_list("subject", flat=True)) == [f"load_{n}" for n in kept]
    assert Notice.objects.count() == (0 if undone else 1)
    assert event.pk == opened[0].pk


def test_a_block_that_raises_tells_nothing_and_leaves_nothing_for_the_next():
    with pytest.raises(ValueError, match="does not name a fact"), transaction.atomic(), together():
        publish(name="load.opened" if tell(1) is None else "Opened!", subject="load_1", audience={})
    with transaction.atomic(), together(), together():
        tell(2)
    assert list(Event.objects.values_list("subject", flat=True)) == ["load_2"]


def test_a_fact_outside_a_transaction_is_refused_in_a_block_too(transactional_db):
    with pytest.raises(TransactionManagementError), together():
        tell(1)

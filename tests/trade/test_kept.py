"""Kept queries and inserts: the same rows, objects and refusals as the ORM's own, put together once."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.transaction import TransactionManagementError

from carriers.models import ReturnLeg, Truck
from foundation.accounts.models import Organization
from foundation.rest.models import IdempotencyRecord
from foundation.trade.kept import Kept, insert, with_rows
from loads.models import Load, Stop
from tests import builders
from tests.builders import make_leg, make_load, make_organization, make_truck

pytestmark = pytest.mark.django_db


def same(one, other):
    """Say whether two rows have the same values, and the same rows beside them."""
    columns = [field.attname for field in type(one)._meta.concrete_fields]
    beside = one._state.fields_cache
    return (
        [getattr(one, name) for name in columns] == [getattr(other, name) for name in columns]
        and beside.keys() == other._state.fields_cache.keys()
        and all(same(row, other._state.fields_cache[name]) for name, row in beside.items() if row is not None)
    )


def test_rows_are_those_of_the_orm_with_what_stands_beside_them():
    wide = Kept(lambda key: ReturnLeg.objects.filter(pk=key).select_related("organization", "truck", "driver"))
    for leg in (make_leg(), make_leg()):
        (found,) = wide.all(key=leg.pk)
        twin = ReturnLeg.objects.select_related("organization", "truck", "driver").get(pk=leg.pk)
        assert same(found, twin)
        assert found == twin
        assert not found._state.adding
    assert wide.first(key=0) is None


def test_a_value_may_stand_in_several_places_and_beside_what_is_always_the_same():
    organization = make_organization("100 % Freight")
    truck = make_truck(organization)
    trucks = Truck.objects.filter(organization=OuterRef("pk"), archived_at__isnull=True)
    asked = Kept(
        lambda key, name: Organization.objects.filter(
            Q(pk=key) | Q(name=name) | Q(contact_name=name), name__endswith=" % Freight"
        ).annotate(has_trucks=Exists(trucks))
    )
    (found,) = asked.all(key=0, name="100 % Freight")
    assert found == organization
    assert found.has_trucks is True
    truck.delete()
    assert asked.all(key=organization.pk, name="")[0].has_trucks is False


def test_rows_that_are_to_be_held_are_held_in_a_transaction_only(transactional_db):
    load = make_load()
    held = Kept(lambda key: Load.objects.select_for_update().filter(pk=key))
    with transaction.atomic():
        assert held.first(key=load.pk) == load
    with pytest.raises(TransactionManagementError):
        held.first(key=load.pk)


def test_rows_put_beside_a_row_are_what_prefetching_would_bring(django_assert_num_queries):
    load = Load.objects.get(pk=make_load().pk)
    stops = list(Stop.objects.filter(load=load))
    with_rows(load, "stops", stops)
    with django_assert_num_queries(0):
        assert [stop.load is load for stop in load.stops.all()] == [True, True]
        assert load.first_stop == stops[0]
    assert load.stops.filter(sequence=1).get() == stops[1]


def record(key, **columns):
    """Return an answer that is not stored."""
    return IdempotencyRecord(
        **{"organization": "org_1", "method": "POST", "path": "/", "key": key, "fingerprint": "f", "status_code": 201}
        | {"headers": {"ETag": '"1"'}, "body": {"a": [1, None, "ü"]}, "created_at": builders.now()}
        | columns
    )


def test_inserted_rows_know_their_keys_in_their_order_and_are_what_the_orm_stores():
    rows = [record("b"), record("a"), record("c", body=[])]
    insert(*rows)
    assert [row.pk for row in rows] == sorted(row.pk for row in rows)
    for row in rows:
        assert same(row, IdempotencyRecord.objects.get(pk=row.pk))
    twin = record("d")
    twin.save()
    assert IdempotencyRecord.objects.get(key="b").body == IdempotencyRecord.objects.get(key="d").body
    rows[0].status_code = 200
    rows[0].save()  # an update, as of any stored row
    assert IdempotencyRecord.objects.count() == 4


def test_an_insert_says_which_rule_it_breaks():
    insert(record("a"))
    with pytest.raises(IntegrityError, match="one_answer_per_idempotency_key"), transaction.atomic():
        insert(record("a"))

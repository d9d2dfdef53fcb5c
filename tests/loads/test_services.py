"""The verbs of a load: who may, what changes, who hears."""

from dataclasses import replace
from datetime import timedelta

import pytest

from foundation.accounts.models import RelationshipKind
from foundation.events.models import AuditEntry, Event, FeedEntry, Mail, Notice
from foundation.trade.equipment import Attribute
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from loads import tasks
from loads.models import Load
from loads.services import (
    ask_confirmation,
    confirm_load,
    edit_load,
    expire_due_loads,
    open_load,
    post_load,
    upsert_load,
    withdraw_load,
)
from loads.terms import terms_of
from tests.builders import load_terms, make_actor, make_load, make_organization, make_relationship, now

pytestmark = pytest.mark.django_db


def facts():
    """Return the facts about loads so far, in order."""
    return list(Event.objects.filter(name__startswith="load.").order_by("id").values_list("name", flat=True))


def hearers(name):
    return set(FeedEntry.objects.filter(event__name=name).values_list("organization_id", flat=True))


def test_a_posted_load_is_open_confirmed_and_on_the_road(owner):
    load = post_load(actor=owner, terms=load_terms())
    stored = Load.objects.get(public_id=load.public_id)
    assert (stored.status, stored.version) == ("open", 1)
    assert stored.opened_at == stored.confirmed_at is not None
    assert stored.expires_at == stored.pickup_closes_at == stored.stops.first().closes_at
    assert 920 < stored.loaded_miles < 990  # Chicago to Dallas
    assert stored.truck_codes == ["R", "V"]
    assert [(stop.city, stop.time_zone) for stop in stored.stops.all()] == [
        ("Chicago", "America/Chicago"),
        ("Dallas", "America/Chicago"),
    ]
    assert facts() == ["load.opened"]
    assert AuditEntry.objects.get(subject=load.public_id).actor == owner.label


def test_terms_survive_the_way_into_the_table_and_back(owner):
    load = post_load(actor=owner, terms=load_terms(equipment="R", temperature_min_f=34, hazmat_class="9"))
    again = edit_load(actor=owner, load_id=load.public_id, version=1, terms=terms_of(Load.objects.get(pk=load.pk)))
    assert again.version == 1
    assert facts() == ["load.opened", "load.confirmed"]


def test_freight_that_is_kept_cold_needs_a_truck_that_keeps_it_cold(owner):
    load = post_load(actor=owner, terms=load_terms(equipment="VR", temperature_max_f=38))
    stored = Load.objects.get(pk=load.pk)
    assert (stored.truck_codes, stored.attributes) == (["R"], Attribute.TEMPERATURE)
    edit_load(actor=owner, load_id=load.public_id, version=1, terms=load_terms(equipment="VR"))
    stored.refresh_from_db()
    assert (stored.truck_codes, stored.attributes) == (["R", "V"], 0)


def test_news_goes_to_the_owner_and_to_brokers_that_act_for_it_and_to_nobody_else(owner, shipper, broker, stranger):
    make_organization("Unrelated", brokers=True)
    revoked = make_organization("Revoked", brokers=True)
    make_relationship(shipper, revoked, RelationshipKind.REPRESENTS, valid_until=now() - timedelta(hours=1))
    load = post_load(
        actor=owner, terms=load_terms(private_notes="we pay more", reserve_cents=3_000_00, reference="PO 7")
    )
    assert hearers("load.opened") == {shipper.public_id, broker.public_id}
    entries = {entry.organization_id: entry.payload for entry in FeedEntry.objects.all()}
    assert entries[shipper.public_id]["reserve"] == {"amount": "3000.00", "currency": "USD"}
    for secret in ("reserve", "reference", "private_notes", "external_id"):
        assert secret not in entries[broker.public_id]
    assert entries[broker.public_id]["id"] == load.public_id


def test_a_draft_is_told_to_the_owner_only(owner, shipper, broker):
    load = post_load(actor=owner, terms=load_terms(), draft=True)
    edit_load(actor=owner, load_id=load.public_id, version=1, terms=load_terms(weight_pounds=1_000))
    withdraw_load(actor=owner, load_id=load.public_id)
    assert facts() == ["load.drafted", "load.noted", "load.withdrawn"]
    for name in facts():
        assert hearers(name) == {shipper.public_id}


def test_the_same_form_sent_twice_makes_one_load(owner):
    first = post_load(actor=owner, terms=load_terms(), form_token="form-1")
    second = post_load(actor=owner, terms=load_terms(), form_token="form-1")
    assert first.pk == second.pk
    assert facts() == ["load.opened"]


def test_a_number_of_the_owners_system_names_one_load(owner):
    post_load(actor=owner, terms=load_terms(), external_id="TMS-1")
    with pytest.raises(Invalid) as refused:
        post_load(actor=owner, terms=load_terms(), external_id="TMS-1")
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [("external_id", "taken")]
    assert Load.objects.count() == 1
    post_load(actor=make_actor(make_organization()), terms=load_terms(), external_id="TMS-1")  # another's own number


@pytest.mark.parametrize(
    ("organization", "fields", "code"),
    [
        ({"verified": False}, {}, "unverified"),
        ({"hauls": True}, {}, "missing_capability"),
        ({}, {"email_confirmed": False}, "email_unconfirmed"),
        ({}, {"role": "viewer"}, "missing_scope"),
        ({}, {"role": "driver"}, "missing_scope"),
    ],
)
def test_who_may_not_post(organization, fields, code):
    actor = make_actor(make_organization(**organization), **fields)
    with pytest.raises(Forbidden) as refused:
        post_load(actor=actor, terms=load_terms())
    assert refused.value.code == code


def test_the_unverified_save_drafts_and_open_them_once_verified():
    shipper = make_organization(verified=False)
    actor = make_actor(shipper)
    draft = post_load(actor=actor, terms=load_terms(), draft=True)
    with pytest.raises(Forbidden):
        open_load(actor=actor, load_id=draft.public_id)
    shipper.verified_at = now()
    shipper.save()
    assert open_load(actor=make_actor(shipper), load_id=draft.public_id).status == "open"


def test_an_edit_raises_the_version_confirms_and_says_what_changed(owner, shipper):
    load = make_load(shipper, confirmed_at=now() - timedelta(hours=30))
    terms = replace(terms_of(load), rate_cents=2_600_00)
    edited = edit_load(actor=owner, load_id=load.public_id, version=1, terms=terms)
    assert (edited.version, edited.rate_cents) == (2, 2_600_00)
    assert edited.confirmed_at > now() - timedelta(minutes=1)
    assert AuditEntry.objects.get(subject=load.public_id).changes == {"rate_cents": [2_400_00, 2_600_00]}


def test_an_edit_of_an_old_version_is_refused(owner, shipper):
    load = make_load(shipper)
    edit_load(actor=owner, load_id=load.public_id, version=1, terms=load_terms(weight_pounds=1_000))
    with pytest.raises(Stale):
        edit_load(actor=owner, load_id=load.public_id, version=1, terms=load_terms(weight_pounds=2_000))
    assert Load.objects.get().weight_pounds == 1_000


@pytest.mark.parametrize("verb", [open_load, withdraw_load])
def test_a_click_on_an_old_page_is_refused(owner, shipper, verb):
    load = make_load(shipper, status="draft", version=3)
    with pytest.raises(Stale):
        verb(actor=owner, load_id=load.public_id, version=2)


def test_stops_are_replaced_whole(owner, shipper):
    load = make_load(shipper)
    terms = load_terms("30301", "33101")
    edited = edit_load(actor=owner, load_id=load.public_id, version=1, terms=terms)
    assert [stop.city for stop in edited.stops.all()] == ["Atlanta", "Miami"]
    assert (edited.pickup_state, edited.delivery_state) == ("GA", "FL")
    assert 600 < edited.loaded_miles < 700


@pytest.mark.parametrize(
    ("verb", "allowed"),
    [
        (open_load, {"draft", "withdrawn", "expired"}),
        (withdraw_load, {"draft", "open", "expired"}),
        (confirm_load, {"open"}),
        (
            lambda **asked: edit_load(**asked, version=None, terms=load_terms()),
            {"draft", "open", "withdrawn", "expired"},
        ),
    ],
    ids=["open", "withdraw", "confirm", "edit"],
)
@pytest.mark.parametrize("status", ["draft", "open", "covered", "withdrawn", "expired"])
def test_each_verb_has_its_statuses(owner, shipper, verb, allowed, status):
    load = make_load(shipper, status=status)
    if status in allowed:
        verb(actor=owner, load_id=load.public_id)
    else:
        with pytest.raises(Conflict):
            verb(actor=owner, load_id=load.public_id)
        assert Load.objects.get().status == status


@pytest.mark.parametrize("verb", [open_load, withdraw_load, confirm_load])
def test_anothers_load_does_not_exist(shipper, verb):
    load = make_load(shipper)
    with pytest.raises(NotFound):
        verb(actor=make_actor(make_organization()), load_id=load.public_id)


@pytest.mark.parametrize("verb", [open_load, withdraw_load, confirm_load])
def test_a_viewer_changes_nothing(shipper, verb):
    load = make_load(shipper)
    with pytest.raises(Forbidden):
        verb(actor=make_actor(shipper, "viewer"), load_id=load.public_id)


def test_a_load_opens_again_only_on_terms_that_still_hold(owner, shipper):
    over = make_load(shipper, status="expired", opens_at=now() - timedelta(days=2))
    with pytest.raises(Invalid) as refused:
        open_load(actor=owner, load_id=over.public_id)
    assert {problem.field for problem in refused.value.problems} == {"stops.0.closes_at"}


def test_confirming_keeps_the_version(owner, shipper):
    load = make_load(shipper, confirmed_at=now() - timedelta(hours=20))
    confirmed = confirm_load(actor=owner, load_id=load.public_id)
    assert confirmed.version == 1
    assert confirmed.confirmation_age(now()) < timedelta(minutes=1)
    assert facts() == ["load.confirmed"]


def test_an_upsert_creates_changes_or_confirms(owner):
    terms = load_terms()
    outcomes = [
        upsert_load(actor=owner, external_id="TMS-1", terms=terms)[1],
        upsert_load(actor=owner, external_id="TMS-1", terms=terms)[1],
        upsert_load(actor=owner, external_id="TMS-1", terms=replace(terms, pallets=20))[1],
    ]
    assert outcomes == ["created", "unchanged", "changed"]
    assert facts() == ["load.opened", "load.confirmed", "load.edited"]


@pytest.mark.parametrize(("status", "after"), [("expired", "open"), ("withdrawn", "withdrawn"), ("draft", "draft")])
def test_an_upsert_brings_back_what_expired_and_leaves_what_somebody_decided(owner, shipper, status, after):
    load = make_load(shipper, status=status, external_id="TMS-1")
    again, outcome = upsert_load(actor=owner, external_id="TMS-1", terms=replace(terms_of(load), pallets=3))
    assert (again.status, outcome) == (after, "changed")


def test_an_upsert_of_a_version_that_is_not_there_is_stale(owner):
    with pytest.raises(Stale):
        upsert_load(actor=owner, external_id="TMS-1", terms=load_terms(), version=1)


def test_loads_leave_the_market_when_their_window_is_over_or_nobody_confirms_them(shipper):
    over = make_load(shipper, opens_at=now() - timedelta(hours=9))
    silent = make_load(shipper, confirmed_at=now() - timedelta(hours=48, minutes=1))
    fresh = make_load(shipper, confirmed_at=now() - timedelta(hours=47))
    draft = make_load(shipper, status="draft", opens_at=now() - timedelta(days=9))
    assert expire_due_loads() == 2
    assert expire_due_loads() == 0
    statuses = {load.pk: load.status for load in Load.objects.all()}
    assert statuses == {over.pk: "expired", silent.pk: "expired", fresh.pk: "open", draft.pk: "draft"}
    assert facts() == ["load.expired", "load.expired"]
    assert AuditEntry.objects.first().actor == "system"


def test_owners_are_asked_once_a_period_to_confirm(shipper):
    make_load(shipper, confirmed_at=now() - timedelta(hours=13))
    make_load(shipper, confirmed_at=now() - timedelta(hours=40))
    make_load(shipper, confirmed_at=now() - timedelta(hours=11))
    make_load(make_organization(), confirmed_at=now() - timedelta(hours=13))
    assert ask_confirmation() == 3
    assert ask_confirmation() == 0
    assert Notice.objects.count() == 2
    mail = Mail.objects.get(organization_id=shipper.public_id)
    assert (mail.recipient, mail.subject) == (shipper.contact_email, "2 loads wait for your confirmation")
    assert "/loads/?confirm=on" in mail.text
    Load.objects.update(confirmation_asked_at=now() - timedelta(hours=12, minutes=1))
    assert ask_confirmation() == 3


def test_an_organization_without_a_contact_is_asked_through_its_owners():
    shipper = make_organization(contact_email="")
    owners = {make_actor(shipper).person.email for _ in range(2)}
    make_actor(shipper, "dispatcher")
    make_load(shipper, confirmed_at=now() - timedelta(hours=13))
    ask_confirmation()
    assert set(Mail.objects.values_list("recipient", flat=True)) == owners


def test_the_sweeps_are_tasks_by_these_names(shipper):
    make_load(shipper, opens_at=now() - timedelta(hours=9))
    assert [tasks.expire_due.name, tasks.ask_confirmation.name] == ["loads.expire_due", "loads.ask_confirmation"]
    tasks.expire_due.apply(throw=True)
    tasks.ask_confirmation.apply(throw=True)
    assert Load.objects.get().status == "expired"

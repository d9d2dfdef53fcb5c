"""Posting, editing, opening, withdrawing, confirming and expiring return legs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from carriers.models import ReturnLeg, Truck
from carriers.queries import own_legs
from carriers.services import (
    ask_confirmation,
    confirm_leg,
    edit_leg,
    expire_due_legs,
    open_leg,
    post_leg,
    upsert_leg,
    withdraw_leg,
)
from carriers.services.legs import insert, prepare
from carriers.store import terms_of
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.events.models import AuditEntry, Event, FeedEntry, Mail
from foundation.places.queries import find_place
from foundation.trade.equipment import Attribute
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from foundation.trade.hours import DutyClock
from foundation.trade.posting import Status
from tests.builders import (
    leg_terms,
    make_actor,
    make_driver,
    make_home_base,
    make_leg,
    make_organization,
    make_trailer,
    make_truck,
    now,
)

pytestmark = pytest.mark.django_db


def facts() -> list[str]:
    return list(Event.objects.exclude(name="mail.queued").order_by("id").values_list("name", flat=True))


def test_a_posted_leg_is_open_with_the_terms_of_its_truck(owner: Actor, truck: Truck) -> None:
    leg = post_leg(actor=owner, terms=leg_terms(truck))
    leg.refresh_from_db()
    assert leg.status == Status.OPEN
    assert (leg.equipment, leg.weight_pounds, leg.length_feet, leg.pallets) == ("V", 45_000, 53, 26)
    assert (leg.home_city, leg.home_state, leg.home_zip) == ("Dallas", "TX", "75201")
    assert leg.driver == truck.usual_driver
    # 800 great-circle miles from Chicago to Dallas, times 1.2
    assert 930 < leg.home_miles < 980
    assert leg.confirmed_at == leg.opened_at
    assert facts() == ["leg.opened"]


def test_the_posting_ends_when_the_truck_must_leave_to_be_home_in_time(owner: Actor, truck: Truck) -> None:
    terms = leg_terms(truck, hours=72)
    leg = post_leg(actor=owner, terms=terms)
    # at 50 mph, less 5 % of doubt; two nights' drive: 11 h, 10 h off, the rest
    driving = leg.home_miles * 60 / 50 * 0.95
    assert 660 < driving < 1320
    breaks = 30 if driving > 960 else 0
    breaks += 30 if driving > 1140 else 0
    expected = terms.home_by - timedelta(minutes=driving + 600 + breaks)
    assert abs(leg.expires_at - expected) < timedelta(minutes=1)


def test_a_later_change_of_the_truck_changes_no_posting(owner: Actor, truck: Truck) -> None:
    leg = post_leg(actor=owner, terms=leg_terms(truck))
    Truck.objects.filter(pk=truck.pk).update(equipment="R", weight_pounds=40_000)
    leg.refresh_from_db()
    assert (leg.equipment, leg.weight_pounds) == ("V", 45_000)


def test_a_trailer_says_what_the_truck_may_carry(owner: Actor, carrier: Organization) -> None:
    tractor = make_truck(carrier, equipment="PO")
    reefer = make_trailer(carrier, equipment="R", weight_pounds=43_000)
    leg = post_leg(actor=owner, terms=leg_terms(tractor, trailer=reefer.public_id))
    assert (leg.equipment, leg.weight_pounds) == ("R", 43_000)
    assert leg.attributes == Attribute.TEMPERATURE


@pytest.mark.parametrize(("endorsed", "offered"), [(True, int(Attribute.HAZMAT)), (False, 0)])
def test_hazmat_rests_on_the_driver(owner: Actor, carrier: Organization, endorsed: bool, offered: int) -> None:
    truck = make_truck(carrier, attributes=int(Attribute.HAZMAT))
    driver = make_driver(carrier, hazmat_endorsed=endorsed)
    leg = post_leg(actor=owner, terms=leg_terms(truck, driver=driver.public_id))
    assert leg.attributes & Attribute.HAZMAT == offered


def test_the_same_form_sent_twice_posts_one_leg(owner: Actor, truck: Truck) -> None:
    first = post_leg(actor=owner, terms=leg_terms(truck), form_token="form_1")
    second = post_leg(actor=owner, terms=leg_terms(truck), form_token="form_1")
    assert first.pk == second.pk
    assert facts() == ["leg.opened"]


def test_a_truck_is_on_one_leg_at_a_time(owner: Actor, truck: Truck) -> None:
    ready = now() + timedelta(days=1)
    post_leg(actor=owner, terms=leg_terms(truck, ready_at=ready, hours=72))
    with pytest.raises(Conflict) as refused:
        post_leg(actor=owner, terms=leg_terms(truck, ready_at=ready + timedelta(hours=71), hours=72))
    assert refused.value.code == "truck_has_one_leg_at_a_time"
    assert "Truck 12" in refused.value.sentence
    assert "Chicago, IL" in refused.value.sentence
    assert ReturnLeg.objects.count() == 1


def test_legs_that_touch_or_are_off_the_market_do_not_stand_in_the_way(owner: Actor, truck: Truck) -> None:
    ready = now() + timedelta(days=1)
    first = post_leg(actor=owner, terms=leg_terms(truck, ready_at=ready, hours=72))
    post_leg(actor=owner, terms=leg_terms(truck, ready_at=first.home_by, hours=72))
    post_leg(actor=owner, terms=leg_terms(truck, ready_at=ready, hours=72), draft=True)
    withdraw_leg(actor=owner, leg_id=first.public_id)
    post_leg(actor=owner, terms=leg_terms(truck, ready_at=ready, hours=72))


def test_opening_a_draft_of_a_busy_truck_is_refused(owner: Actor, truck: Truck) -> None:
    post_leg(actor=owner, terms=leg_terms(truck))
    draft = post_leg(actor=owner, terms=leg_terms(truck), draft=True)
    with pytest.raises(Conflict, match="Truck 12 is on another return leg"):
        open_leg(actor=owner, leg_id=draft.public_id)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


def test_a_draft_is_told_to_its_owner_only(owner: Actor, truck: Truck, broker: Organization) -> None:
    leg = post_leg(actor=owner, terms=leg_terms(truck), draft=True)
    assert facts() == ["leg.drafted"]
    assert [entry.organization_id for entry in FeedEntry.objects.all()] == [owner.organization.public_id]
    open_leg(actor=owner, leg_id=leg.public_id)
    heard = FeedEntry.objects.filter(event__name="leg.opened").values_list("organization_id", flat=True)
    assert set(heard) == {owner.organization.public_id, broker.public_id}


def test_the_unverified_may_draft_but_not_post() -> None:
    organization = make_organization(hauls=True, verified=False)
    actor, truck = make_actor(organization), make_truck(organization)
    leg = post_leg(actor=actor, terms=leg_terms(truck), draft=True)
    with pytest.raises(Forbidden) as refused:
        post_leg(actor=actor, terms=leg_terms(truck))
    assert refused.value.code == "unverified"
    with pytest.raises(Forbidden):
        open_leg(actor=actor, leg_id=leg.public_id)


def test_a_shipper_without_trucks_drafts_no_leg(truck: Truck) -> None:
    with pytest.raises(Forbidden) as refused:
        post_leg(actor=make_actor(make_organization()), terms=leg_terms(truck), draft=True)
    assert refused.value.code == "missing_capability"


@pytest.mark.parametrize("role", ["viewer", "driver"])
def test_viewers_and_drivers_write_nothing(carrier: Organization, truck: Truck, role: str) -> None:
    actor = make_actor(carrier, role)
    leg = make_leg(carrier, truck=truck)
    for write in (
        lambda: post_leg(actor=actor, terms=leg_terms(truck)),
        lambda: edit_leg(actor=actor, leg_id=leg.public_id, version=1, terms=leg_terms(truck)),
        lambda: open_leg(actor=actor, leg_id=leg.public_id),
        lambda: withdraw_leg(actor=actor, leg_id=leg.public_id),
        lambda: confirm_leg(actor=actor, leg_id=leg.public_id),
    ):
        with pytest.raises(Forbidden):
            write()


def test_another_carriers_leg_is_not_found(truck: Truck) -> None:
    leg = make_leg(truck=truck)
    other = make_actor(make_organization(hauls=True))
    for write in (
        lambda: edit_leg(actor=other, leg_id=leg.public_id, version=1, terms=leg_terms(truck)),
        lambda: open_leg(actor=other, leg_id=leg.public_id),
        lambda: withdraw_leg(actor=other, leg_id=leg.public_id),
        lambda: confirm_leg(actor=other, leg_id=leg.public_id),
    ):
        with pytest.raises(NotFound):
            write()


@pytest.mark.parametrize("field", ["truck", "trailer", "driver", "home_base"])
def test_another_carriers_units_are_not_found_at_their_field(owner: Actor, truck: Truck, field: str) -> None:
    other = make_organization(hauls=True)
    theirs = {
        "truck": make_truck(other),
        "trailer": make_trailer(other),
        "driver": make_driver(other),
        "home_base": make_home_base(other),
    }[field]
    with pytest.raises(Invalid) as refused:
        post_leg(actor=owner, terms=replace(leg_terms(truck), **{field: theirs.public_id}))
    assert (refused.value.problems[0].field, refused.value.problems[0].code) == (field, "not_found")


def test_an_archived_truck_is_refused_by_name(owner: Actor, carrier: Organization) -> None:
    truck = make_truck(carrier, number="77", archived_at=now())
    with pytest.raises(Invalid, match="77 is archived"):
        post_leg(actor=owner, terms=leg_terms(truck))


def test_a_truck_archived_while_its_leg_is_posted_is_not_posted(owner: Actor, truck: Truck) -> None:
    prepared = prepare(owner.organization, leg_terms(truck))
    Truck.objects.filter(pk=truck.pk).update(archived_at=now())
    with pytest.raises(Conflict, match="out of service"):
        insert(owner, prepared, external_id="", form_token="", draft=False)
    assert not truck.legs.exists()


def test_a_truck_without_a_base_asks_where_home_is(owner: Actor, carrier: Organization) -> None:
    truck = make_truck(carrier, home="")
    with pytest.raises(Invalid) as refused:
        post_leg(actor=owner, terms=leg_terms(truck))
    assert [problem.field for problem in refused.value.problems] == ["home"]
    leg = post_leg(actor=owner, terms=leg_terms(truck, home=find_place("Fort Worth, TX")))
    assert (leg.home_city, leg.home_base) == ("Fort Worth", None)


def test_an_edit_raises_the_version_confirms_and_says_what_changed(owner: Actor, truck: Truck) -> None:
    leg = post_leg(actor=owner, terms=leg_terms(truck))
    ReturnLeg.objects.filter(pk=leg.pk).update(confirmed_at=now() - timedelta(hours=20))
    edited = edit_leg(
        actor=owner, leg_id=leg.public_id, version=1, terms=replace(terms_of(leg), max_pickup_deadhead_miles=50)
    )
    assert (edited.version, edited.max_pickup_deadhead_miles) == (2, 50)
    assert edited.confirmed_at > now() - timedelta(minutes=1)
    assert AuditEntry.objects.latest("id").changes == {"max_pickup_deadhead_miles": [100, 50]}
    assert facts() == ["leg.opened", "leg.edited"]


def test_an_edit_on_an_old_version_is_stale(owner: Actor, truck: Truck) -> None:
    leg = post_leg(actor=owner, terms=leg_terms(truck))
    terms = replace(terms_of(leg), notes="Tarps on board")
    edit_leg(actor=owner, leg_id=leg.public_id, version=1, terms=terms)
    with pytest.raises(Stale):
        edit_leg(actor=owner, leg_id=leg.public_id, version=1, terms=terms)


def test_an_open_leg_whose_truck_is_empty_by_now_can_still_be_edited(owner: Actor, truck: Truck) -> None:
    leg = make_leg(truck=truck, ready_at=now() - timedelta(hours=5), hours=72)
    edited = edit_leg(actor=owner, leg_id=leg.public_id, version=1, terms=replace(terms_of(leg), reference="PO 9"))
    assert edited.reference == "PO 9"


def test_a_covered_leg_cannot_change(owner: Actor, truck: Truck) -> None:
    leg = make_leg(truck=truck, status=Status.COVERED)
    with pytest.raises(Conflict, match="booking rests"):
        edit_leg(actor=owner, leg_id=leg.public_id, version=1, terms=terms_of(leg))


def test_withdrawing_twice_is_a_conflict_and_opening_again_works(owner: Actor, truck: Truck) -> None:
    leg = post_leg(actor=owner, terms=leg_terms(truck))
    withdraw_leg(actor=owner, leg_id=leg.public_id)
    with pytest.raises(Conflict):
        withdraw_leg(actor=owner, leg_id=leg.public_id)
    with pytest.raises(Conflict):
        confirm_leg(actor=owner, leg_id=leg.public_id)
    opened = open_leg(actor=owner, leg_id=leg.public_id)
    assert opened.status == Status.OPEN
    with pytest.raises(Conflict):
        open_leg(actor=owner, leg_id=leg.public_id)
    assert facts() == ["leg.opened", "leg.withdrawn", "leg.opened"]


def test_a_leg_whose_time_is_over_is_not_opened_again(owner: Actor, truck: Truck) -> None:
    leg = make_leg(truck=truck, ready_at=now() - timedelta(days=2), hours=72, status=Status.EXPIRED)
    with pytest.raises(Invalid) as refused:
        open_leg(actor=owner, leg_id=leg.public_id)
    assert {problem.code for problem in refused.value.problems} == {"in_the_past"}


def test_a_confirmation_keeps_the_version(owner: Actor, truck: Truck) -> None:
    leg = make_leg(truck=truck, confirmed_at=now() - timedelta(hours=13))
    confirmed = confirm_leg(actor=owner, leg_id=leg.public_id)
    assert confirmed.version == 1
    assert confirmed.confirmed_at > now() - timedelta(minutes=1)


def test_legs_expire_when_late_or_long_unconfirmed(carrier: Organization) -> None:
    late = make_leg(carrier, expires_at=now() - timedelta(minutes=1))
    forgotten = make_leg(carrier, confirmed_at=now() - timedelta(hours=48))
    fresh = make_leg(carrier)
    assert expire_due_legs() == 2
    assert expire_due_legs() == 0
    assert {leg.public_id: leg.status for leg in own_legs(carrier)} == {
        late.public_id: Status.EXPIRED,
        forgotten.public_id: Status.EXPIRED,
        fresh.public_id: Status.OPEN,
    }
    assert facts() == ["leg.expired", "leg.expired"]


def test_owners_are_asked_once_a_period_for_all_their_legs(carrier: Organization) -> None:
    make_leg(carrier, confirmed_at=now() - timedelta(hours=13))
    make_leg(carrier, confirmed_at=now() - timedelta(hours=14))
    make_leg(carrier, confirmed_at=now() - timedelta(hours=2))
    assert ask_confirmation() == 2
    assert ask_confirmation() == 0
    assert Mail.objects.filter(recipient=carrier.contact_email).count() == 1


def test_an_upsert_creates_changes_and_leaves_alone(owner: Actor, truck: Truck) -> None:
    terms = leg_terms(truck)
    leg, outcome = upsert_leg(actor=owner, external_id="R-1", terms=terms)
    assert outcome == "created"
    assert upsert_leg(actor=owner, external_id="R-1", terms=terms)[1] == "unchanged"
    changed, outcome = upsert_leg(actor=owner, external_id="R-1", terms=replace(terms, notes="Liftgate broken"))
    assert (outcome, changed.pk, changed.version) == ("changed", leg.pk, 2)
    with pytest.raises(Stale):
        upsert_leg(actor=owner, external_id="R-1", terms=terms, version=1)


def test_an_external_id_is_taken_once(owner: Actor, carrier: Organization) -> None:
    post_leg(actor=owner, terms=leg_terms(make_truck(carrier)), external_id="R-1")
    with pytest.raises(Invalid) as refused:
        post_leg(actor=owner, terms=leg_terms(make_truck(carrier)), external_id="R-1")
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [("external_id", "taken")]


def test_the_clock_is_kept_and_comes_back(owner: Actor, truck: Truck) -> None:
    clock = DutyClock(drive_minutes=300, shift_minutes=420, break_minutes=60, cycle_minutes=2_000)
    leg = post_leg(actor=owner, terms=leg_terms(truck, clock=clock))
    assert terms_of(leg).clock == clock

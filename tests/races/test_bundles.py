"""A bundle at the same moment as a claim for one of its loads: all of it is booked or nothing; and the control."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from brokers.models import Booking, BookingStatus, Claim, ClaimStatus
from brokers.services import bundles as bundles_service
from brokers.services import claiming as claiming_service
from brokers.services.bundles import claim_bundle
from brokers.services.claiming import Wanted
from carriers.models import ReturnLeg, Truck
from foundation.accounts.models import Organization
from foundation.trade.errors import Busy, Conflict
from loads.models import Load
from tests.brokers.booked import claim, going_home, local_load
from tests.brokers.test_bundles import back_load, home_by, wanted
from tests.builders import make_actor, make_organization, make_truck, now
from tests.matching.conftest import straight_roads
from tests.races.at_once import at_once

__all__ = ["straight_roads"]

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 3


def _market() -> tuple[Organization, Load, Load]:
    return make_organization(hauls=True), local_load(make_organization()), back_load(make_organization("Gulf Shippers"))


def _rival_leg(rival: Organization) -> ReturnLeg:
    """Post a truck that is empty in Houston when the backhaul is picked up, and lives in Dallas."""
    from_then = now().replace(microsecond=0)
    return going_home(rival, empty="77002", home="75201", ready_at=from_then, hours=336)


def test_of_a_bundle_and_a_claim_for_one_of_its_loads_one_is_booked_and_nothing_in_between() -> None:
    for _ in range(ROUNDS):
        carrier, out, back = _market()
        rival = make_organization(hauls=True)
        other, leg = make_actor(rival), _rival_leg(rival)
        failures = at_once(
            *[
                _claiming(carrier, out, back),
                partial(claim, rival, back, leg, actor=other),
            ]
        )
        assert [type(error) for error in failures] == [Conflict], failures
        booked = set(Booking.objects.filter(carrier=carrier).values_list("load_id", flat=True))
        assert booked in (set(), {out.pk, back.pk})
        assert Booking.objects.filter(load=back, status=BookingStatus.BOOKED).count() == 1
        if not booked:
            assert str(failures[0]).startswith("Houston, TX to Dallas, TX: This load is gone")
            assert not ReturnLeg.objects.filter(organization=carrier).exists()


def test_two_bundles_that_share_their_backhauls_end_with_one_of_them_whole() -> None:
    for _ in range(ROUNDS):
        shared = [back_load(make_organization(), to_place="78701")]
        shared.append(back_load(make_organization(), days=7, from_place="78701"))
        carriers = [make_organization(hauls=True) for _ in range(2)]
        deeds = [_claiming(who, local_load(make_organization()), *shared) for who in carriers]
        failures = at_once(*deeds)
        assert len(failures) == 1
        assert isinstance(failures[0], Conflict | Busy), failures  # busy where the machine is: it waited 3 s
        assert Claim.objects.filter(status=ClaimStatus.BOOKED, carrier__in=carriers).count() == 1
        assert Booking.objects.filter(carrier__in=carriers).count() == 3


def test_nobody_takes_a_backhaul_while_its_bundle_is_being_booked(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier, out, back = _market()
    rival, truck = make_organization(hauls=True), make_truck(carrier)
    other, leg = make_actor(rival), _rival_leg(rival)
    failures: list[Exception] = []
    ride = claiming_service._then

    def meanwhile(*given: Any) -> Any:
        failures.extend(at_once(*[lambda: claim(rival, back, leg, actor=other)]))
        return ride(*given)

    monkeypatch.setattr(claiming_service, "_then", meanwhile)
    _claim(carrier, out, back, truck)
    # it waits for the lock for so long as anybody does
    assert {type(error) for error in failures} == {Busy}
    assert set(Booking.objects.values_list("carrier", flat=True)) == {carrier.pk}


def test_without_the_one_transaction_half_of_a_bundle_stays_booked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: each load in a transaction of its own, and a rival in between."""
    carrier, out, back = _market()
    rival, truck = make_organization(hauls=True), make_truck(carrier)
    other, leg = make_actor(rival), _rival_leg(rival)
    together = claiming_service.claim_together

    def apart(*, loads: dict[int, Wanted], **given: Any) -> Claim:
        first, then = loads.items()
        together(loads=dict([first]), **given)
        claim(rival, back, leg, actor=other)
        return together(loads=dict([then]), **given)

    monkeypatch.setattr(bundles_service, "claim_together", apart)
    with pytest.raises(Conflict):
        _claim(carrier, out, back, truck)
    assert Booking.objects.get(carrier=carrier).load == out


def _claim(carrier: Organization, out: Load, back: Load, truck: Truck) -> Claim:
    return claim_bundle(
        actor=make_actor(carrier), loads=wanted(out, back), truck_id=truck.public_id, return_home_by=home_by()
    )


def _claiming(carrier: Organization, *loads: Load) -> Callable[[], Claim]:
    """Return the deed of claiming these loads with a new truck."""
    actor, truck = make_actor(carrier), make_truck(carrier)
    return lambda: claim_bundle(actor=actor, loads=wanted(*loads), truck_id=truck.public_id, return_home_by=home_by())

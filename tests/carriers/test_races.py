"""Two dispatchers, or one with two fingers: a truck gets one leg, a form makes one; without the guard, several."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from carriers.models import ReturnLeg
from carriers.services import post_leg
from foundation.trade.errors import Conflict
from tests.builders import leg_terms, make_actor, make_organization, make_truck

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8


def at_once(deed: Callable[[int], Any]) -> list[Any]:
    """Do something in several threads at the same moment; return what each got or was refused with."""
    start = Barrier(THREADS)

    def run(number: int) -> Any:
        try:
            start.wait(timeout=20)
            return deed(number)
        except Conflict as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_a_truck_posted_at_the_same_moment_gets_one_leg() -> None:
    carrier = make_organization(hauls=True)
    actor, truck = make_actor(carrier), make_truck(carrier)
    got = at_once(lambda _: post_leg(actor=actor, terms=leg_terms(truck)))
    assert sum(isinstance(each, ReturnLeg) for each in got) == 1
    assert {each.code for each in got if isinstance(each, Conflict)} == {"truck_has_one_leg_at_a_time"}
    assert ReturnLeg.objects.count() == 1


def test_without_the_constraint_the_truck_gets_several() -> None:
    guard = next(each for each in ReturnLeg._meta.constraints if each.name == "truck_has_one_leg_at_a_time")
    with connection.schema_editor() as editor:
        editor.remove_constraint(ReturnLeg, guard)
    try:
        carrier = make_organization(hauls=True)
        actor, truck = make_actor(carrier), make_truck(carrier)
        at_once(lambda _: post_leg(actor=actor, terms=leg_terms(truck)))
        assert ReturnLeg.objects.count() > 1
    finally:
        ReturnLeg.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(ReturnLeg, guard)


def test_a_form_sent_by_several_fingers_makes_one_leg() -> None:
    carrier = make_organization(hauls=True)
    actor, truck = make_actor(carrier), make_truck(carrier)
    got = at_once(lambda _: post_leg(actor=actor, terms=leg_terms(truck), form_token="form_1"))
    assert {each.pk for each in got} == {ReturnLeg.objects.get().pk}

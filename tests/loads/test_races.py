"""Two at once: the same form, the same number, the same version, a sweep and a click."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from foundation.events.models import Event
from foundation.trade.errors import Conflict, Invalid, Stale, TradeError
from loads.models import Load
from loads.services import confirm_load, edit_load, expire_due_loads, open_load, post_load, upsert_load, withdraw_load
from loads.terms import terms_of
from tests.builders import load_terms, make_actor, make_load, make_organization, now

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 6


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """Run deeds in threads of their own, begun together; return what each gave or was refused with."""
    gate = Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> Any:
        try:
            gate.wait()
            return deed()
        except TradeError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [future.result() for future in [pool.submit(run, deed) for deed in deeds]]


@pytest.fixture
def actor():
    return make_actor(make_organization())


def test_a_form_sent_many_times_at_once_makes_one_load(actor):
    terms = load_terms()
    loads = at_once(*[lambda: post_load(actor=actor, terms=terms, form_token="form-1")] * AT_ONCE)
    assert len({load.public_id for load in loads}) == Load.objects.count() == 1
    assert Event.objects.filter(name="load.opened").count() == 1


def test_a_number_posted_many_times_at_once_names_one_load(actor):
    terms = load_terms()
    answers = at_once(*[lambda: post_load(actor=actor, terms=terms, external_id="TMS-1")] * AT_ONCE)
    assert sum(isinstance(answer, Load) for answer in answers) == Load.objects.count() == 1
    assert sum(isinstance(answer, Invalid) for answer in answers) == AT_ONCE - 1


def test_an_upsert_sent_many_times_at_once_creates_once(actor):
    terms = load_terms()
    answers = at_once(*[lambda: upsert_load(actor=actor, external_id="TMS-1", terms=terms)] * AT_ONCE)
    assert sorted(outcome for _, outcome in answers) == ["created", *["unchanged"] * (AT_ONCE - 1)]
    assert Load.objects.count() == 1


def test_of_many_edits_of_one_version_one_is_kept(actor):
    load = make_load(actor.organization)

    def edit(pounds):
        return lambda: edit_load(actor=actor, load_id=load.public_id, version=1, terms=load_terms(weight_pounds=pounds))

    answers = at_once(*[edit(1_000 + number) for number in range(AT_ONCE)])
    kept = [answer for answer in answers if isinstance(answer, Load)]
    assert len(kept) == 1
    assert sum(isinstance(answer, Stale) for answer in answers) == AT_ONCE - 1
    stored = Load.objects.get()
    assert (stored.version, stored.weight_pounds) == (2, kept[0].weight_pounds)


@pytest.mark.parametrize(("verb", "status"), [(open_load, "draft"), (withdraw_load, "open")])
def test_a_button_pressed_many_times_at_once_works_once(actor, verb, status):
    load = make_load(actor.organization, status=status)
    answers = at_once(*[lambda: verb(actor=actor, load_id=load.public_id)] * AT_ONCE)
    assert sum(isinstance(answer, Load) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == AT_ONCE - 1
    assert Event.objects.filter(name__startswith="load.").count() == 1


def test_a_load_that_is_confirmed_while_it_is_swept_is_either_kept_or_gone(actor):
    load = make_load(actor.organization, confirmed_at=now() - timedelta(hours=49))
    confirmed, swept = at_once(lambda: confirm_load(actor=actor, load_id=load.public_id), expire_due_loads)
    stored = Load.objects.get()
    if isinstance(confirmed, Conflict):
        assert (stored.status, swept) == ("expired", 1)
    else:
        # the sweep looked before or after the click, and never takes away what was just confirmed
        assert (stored.status, swept) == ("open", 0)


def test_sweeps_at_once_expire_each_load_once(actor):
    for _ in range(5):
        make_load(actor.organization, opens_at=now() - timedelta(hours=9))
    assert sum(at_once(*[expire_due_loads] * 3)) == 5
    assert Event.objects.filter(name="load.expired").count() == 5


def test_an_edit_and_a_withdrawal_at_once_leave_a_whole_load(actor):
    load = make_load(actor.organization)
    terms = load_terms("30301", "33101")
    at_once(
        lambda: edit_load(actor=actor, load_id=load.public_id, version=1, terms=terms),
        lambda: withdraw_load(actor=actor, load_id=load.public_id),
    )
    stored = Load.objects.get()
    assert stored.status == "withdrawn"
    assert len(terms_of(stored).stops) == 2

"""An open market list asks what of it still stands and what came meanwhile: by sight and by its own filters."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization, RelationshipKind
from foundation.events.models import Event
from foundation.trade import clock
from foundation.trade.posting import Audience, Status
from loads.models import Load
from loads.services import confirm_load, cover_load, post_load, reopen_load, withdraw_load
from loads.terms import terms_of
from loads.views import lists
from tests.builders import make_actor, make_load, make_organization, make_relationship

pytestmark = pytest.mark.django_db
NOW = "/loads/market/now/"


@pytest.fixture(autouse=True)
def _no_slack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "SLACK", timedelta(0))


def _page(client: Client, **filters: str) -> tuple[list[str], dict[str, str]]:
    """Return the loads that a page lists, and what it asks later on."""
    page = client.get("/loads/market/", filters)
    shown = [load["id"] for load in page.context["loads"]]
    watched = re.search(r'data-watch="loads.market([^"]*)"', page.content.decode())
    assert watched is not None
    assert watched[1].split() == shown
    return shown, {**filters, "since": page.context["since"], "shown": ",".join(shown)}


def _now(client: Client, asked: dict[str, str]) -> tuple[list[str], str]:
    """Return what of it stands, and what the page says of new ones."""
    answer = client.get(NOW, asked)
    assert answer.status_code == 200
    text = answer.content.decode()
    fresh = re.search(r'data-fresh="([^"]*)"', text)
    return re.findall(r'<tr id="(load_\w+)"', text), fresh[1] if fresh else ""


def _another(load: Load, owner: Actor) -> Load:
    return post_load(actor=owner, terms=terms_of(load))


def test_what_is_gone_is_left_out_and_what_stands_comes_with_its_terms(
    sign_in: Any, stranger: Organization, shipper: Organization, owner: Actor
) -> None:
    stays, booked, withdrawn = (make_load(shipper) for _ in range(3))
    client = sign_in(stranger)
    shown, asked = _page(client)
    assert sorted(shown) == sorted(load.public_id for load in (stays, booked, withdrawn))
    assert sorted(_now(client, asked)[0]) == sorted(shown)
    withdraw_load(actor=owner, load_id=withdrawn.public_id)
    cover_load(load=booked, actor=owner, now=clock.now())
    Load.objects.filter(pk=stays.pk).update(rate_cents=4_321_00)
    assert _now(client, asked) == ([stays.public_id], "")
    assert "$4,321" in client.get(NOW, asked).content.decode()
    reopen_load(load=booked, actor=owner, now=clock.now())
    assert sorted(_now(client, asked)[0]) == sorted([stays.public_id, booked.public_id])


def test_new_loads_are_counted_also_those_that_came_back_and_not_those_only_confirmed(
    sign_in: Any, stranger: Organization, shipper: Organization, owner: Actor
) -> None:
    taken, old = make_load(shipper), make_load(shipper)
    cover_load(load=taken, actor=owner, now=clock.now())
    client = sign_in(stranger)
    _, asked = _page(client)
    asked["shown"] = ""  # as on a page further back
    confirm_load(actor=owner, load_id=old.public_id)
    assert _now(client, asked) == ([], "")
    reopen_load(load=taken, actor=owner, now=clock.now())
    assert _now(client, asked) == ([], "1 new load: show")
    posted = _another(old, owner)
    assert _now(client, asked) == ([], "2 new loads: show")
    withdraw_load(actor=owner, load_id=posted.public_id)
    assert _now(client, asked) == ([], "1 new load: show")
    assert _now(client, asked | {"shown": taken.public_id}) == ([taken.public_id], "")


def test_only_what_fits_the_filters_counts_as_new(
    sign_in: Any, stranger: Organization, shipper: Organization, owner: Actor
) -> None:
    load = make_load(shipper)
    client = sign_in(stranger)
    fits, other = _page(client, near="Chicago, IL")[1], _page(client, near="Seattle, WA")[1]
    for asked in (fits, other):
        asked["shown"] = ""
    _another(load, owner)
    assert _now(client, fits)[1] == "1 new load: show"
    assert _now(client, other)[1] == ""


def test_of_very_many_it_says_that_there_are_more(
    sign_in: Any, stranger: Organization, shipper: Organization, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MOST_COUNTED", 2)
    client, load = sign_in(stranger), make_load(shipper)
    _, asked = _page(client)
    for _ in range(3):
        _another(load, owner)
    assert _now(client, asked)[1] == "More than 2 new loads: show"


def test_what_is_out_of_sight_is_neither_shown_nor_counted(sign_in: Any, shipper: Organization, owner: Actor) -> None:
    blocked, unverified = make_organization("Blocked", hauls=True), make_organization(verified=False, hauls=True)
    make_relationship(shipper, blocked, RelationshipKind.BLOCKED)
    seen, since = make_load(shipper), clock.now().isoformat()
    partners, drafted = make_load(shipper, audience=Audience.PARTNERS), make_load(shipper, status=Status.DRAFT)
    for load in (partners, drafted):
        Event.objects.create(subject=load.public_id, name="load.opened")
    asked = {"since": since, "shown": ",".join(load.public_id for load in (seen, partners, drafted))}
    _another(seen, owner)
    for organization in (blocked, unverified):
        assert _now(sign_in(organization), asked) == ([], "")
    assert _now(sign_in(shipper), asked) == ([], "")  # its own stand in another list
    looking = sign_in(make_organization("Looking", hauls=True))
    assert _now(looking, asked) == ([seen.public_id], "1 new load: show")
    assert _now(looking, {"since": since})[1] == "1 new load: show"


@pytest.mark.parametrize("since", ["", "yesterday", "2026-13-01", "9" * 40, "\0"])
def test_a_page_that_does_not_say_when_it_was_made_is_told_to_reload(
    sign_in: Any, stranger: Organization, since: str
) -> None:
    answer = sign_in(stranger).get(NOW, {"since": since, "shown": "nonsense"})
    assert answer.status_code == 422
    assert "Reload the page" in answer.content.decode()


def test_a_market_list_costs_as_many_statements_for_one_load_as_for_five(
    sign_in: Any, stranger: Organization, shipper: Organization, django_assert_max_num_queries: Any
) -> None:
    client = sign_in(stranger)
    make_actor(stranger)
    for _ in range(5):
        make_load(shipper)
    _, asked = _page(client)
    with django_assert_max_num_queries(12):
        client.get(NOW, asked)

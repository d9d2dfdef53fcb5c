"""The lists of loads, by Django's client: own loads and the market, and what narrows them."""

from datetime import timedelta

import pytest

from tests.builders import make_load, now

pytestmark = pytest.mark.django_db


@pytest.fixture
def dispatcher(shipper, sign_in):
    return sign_in(shipper)


def test_own_list_filters(dispatcher, shipper):
    make_load(shipper, reference="PO 7", equipment="R")
    make_load(shipper, status="draft", from_place="30301")
    make_load(shipper, confirmed_at=now() - timedelta(hours=13))

    def found(query):
        return len(dispatcher.get(f"/loads/{query}").context["loads"])

    for query, count in [
        ("", 3),
        ("?status=draft", 1),
        ("?equipment=R", 1),
        ("?q=PO+7", 1),
        ("?q=Atlanta,+GA", 1),
        ("?q=60601", 2),
        ("?q=nothing", 0),
        ("?confirm=1", 1),
        ("?status=nonsense", 3),
        ("?page=99999999", 0),
        ("?page=x", 3),
        ("?q=%00", 3),
    ]:
        assert found(query) == count, query


def test_market_filters(shipper, stranger, sign_in):
    make_load(shipper)
    make_load(shipper, from_place="30301", equipment="R", opens_at=now() + timedelta(days=5))
    client = sign_in(stranger)

    def found(query):
        return len(client.get(f"/loads/market/{query}").context["loads"])

    day = (now() + timedelta(days=5)).date()
    for query, count in [
        ("", 2),
        ("?near=Joliet,+IL&radius=50", 1),
        ("?near=Joliet,+IL&radius=25", 0),
        ("?near=nowhere+at+all", 2),
        ("?equipment=R", 2),
        ("?equipment=V", 1),
        (f"?day={day}", 1),
        ("?day=soon", 2),
    ]:
        assert found(query) == count, query


def test_who_does_not_ship_lands_on_the_market(stranger, sign_in):
    assert sign_in(stranger).get("/loads/").headers["Location"] == "/loads/market/"


def test_lists_ask_a_fixed_number_of_questions(dispatcher, shipper, django_assert_max_num_queries):
    for _ in range(5):
        make_load(shipper)
    with django_assert_max_num_queries(14):
        dispatcher.get("/loads/")

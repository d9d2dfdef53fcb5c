"""Book now and brokered loads, in pages and by REST: the owner, the seller, a carrier and a stranger side by side."""

import json

import pytest
from django.db import transaction

from foundation.accounts.models import RelationshipKind
from loads.models import Load
from loads.services import cover_load, price_load, sell_load
from tests.builders import make_actor, make_load, make_organization, make_relationship, now
from tests.loads.test_pages import errors_in, filled
from tests.reading import stands_in
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.django_db

URL = "/api/v1/loads"


def dollars(amount):
    return {"amount": amount, "currency": "USD"}


@pytest.fixture
def sold(shipper, broker):
    """Return a load that the broker sells: the shipper pays $2,611, carriers are paid $2,173."""
    load = make_load(shipper, rate_cents=2_400_00, reference="PO 7", reserve_cents=2_999_00, private_notes="SECRET")
    actor = make_actor(broker)
    with transaction.atomic():
        row = Load.objects.select_for_update().get(pk=load.pk)
        sell_load(load=row, seller=broker, shipper_rate_cents=2_611_00, actor=actor, now=now())
    return price_load(actor=actor, load_id=row.public_id, version=2, rate_cents=2_173_00, book_now=True)


def test_a_form_opens_a_load_to_claims_and_asks_for_its_rate(shipper, sign_in):
    client = sign_in(shipper)
    answer = client.post("/loads/new/", filled(rate_cents="", book_now="on"))
    assert answer.status_code == 422
    assert errors_in(answer) == [
        "Carriers can book at once only what has a rate. Give the rate, or leave book now off."
    ]
    assert not Load.objects.exists()
    answer = client.post("/loads/new/", filled(book_now="on", layover_cents="$250", payment_days="21"))
    load = Load.objects.get()
    assert (load.book_now, load.layover_cents, load.payment_days) == (True, 250_00, 21)
    page = client.get(answer.headers["Location"]).content.decode()
    assert "Book now" in page
    assert "$250" in page
    assert "21 days" in page
    form = client.get(f"/loads/{load.public_id}/edit/").context["form"].freight
    assert (form["book_now"].value(), form["payment_days"].value()) == (True, 21)
    answer = client.post("/loads/new/", filled(form_token="another", payment_days="300"))
    assert errors_in(answer) == ["Days to pay must be from 0 to 120 days."]


def test_rest_posts_and_finds_what_may_be_booked_at_once(shipper, stranger):
    make_load(shipper)
    load = make_load(shipper, book_now=True)
    api = ApiClient(stranger)
    found = api.get(f"{URL}?scope=market&book_now=true").json()["items"]
    assert [item["id"] for item in found] == [load.public_id]
    assert found[0]["book_now"] is True
    assert len(api.get(f"{URL}?scope=market&book_now=false").json()["items"]) == 1
    assert api.get(f"{URL}?scope=market&book_now=maybe").status_code == 400


def test_the_market_page_keeps_what_may_be_booked_at_once(shipper, stranger, sign_in):
    plain, quick = make_load(shipper), make_load(shipper, book_now=True)
    page = sign_in(stranger).get("/loads/market/?book_now=on").content.decode()
    assert quick.public_id in page
    assert plain.public_id not in page


def test_the_owner_reads_what_it_pays_and_no_more(sold, shipper, sign_in):
    client, api = sign_in(shipper), ApiClient(shipper)
    seen = api.get(f"{URL}/{sold.public_id}").json()
    assert seen["shipper_rate"] == dollars("2611.00")
    assert seen["seller"]["name"] == "Lakeside Brokers"
    hidden = {"rate", "book_now", "free_minutes", "detention_per_hour", "tonu", "layover", "payment_days"}
    assert not hidden & seen.keys()
    assert seen["version"] == 2
    pages = [client.get(path).content.decode() for path in ("/loads/", f"/loads/{sold.public_id}/")]
    for text in (*pages, json.dumps(seen)):
        assert "2,173" not in text
        assert not stands_in("2173", text)
    assert all("$2,611" in page for page in pages)
    assert "Withdraw" in pages[1]


def as_shown(form):
    """Return what a browser sends of a form that was opened and left as it is."""
    parts = [form.freight, *form.stops]
    fields = [field for part in parts for field in part if field.value() not in (None, "", False)]
    shown = {field.html_name: field.field.widget.format_value(field.value()) for field in fields}
    return shown | {"stop": [stop.key for stop in form.stops]}


def test_the_owners_form_has_the_freight_and_not_the_price(sold, shipper, sign_in):
    client = sign_in(shipper)
    page = client.get(f"/loads/{sold.public_id}/edit/")
    text = page.content.decode()
    assert "Lakeside Brokers sells this load" in text
    form = page.context["form"].freight
    assert not {"rate_cents", "book_now", "tonu_cents", "payment_days"} & form.fields.keys()
    assert form["version"].value() == 2
    typed = as_shown(page.context["form"]) | {"do": "save"}
    refused = client.post(f"/loads/{sold.public_id}/edit/", typed | {"weight_pounds": "39000"})
    assert refused.status_code == 409, errors_in(refused)
    assert "Ask Lakeside Brokers to give the load back" in refused.content.decode()
    answer = client.post(f"/loads/{sold.public_id}/edit/", typed | {"notes": "Ring twice."})
    assert answer.status_code == 302, errors_in(answer)
    load = Load.objects.get()
    assert (load.weight_pounds, load.rate_cents, load.book_now, load.edition) == (38_000, 2_173_00, True, 3)
    assert load.notes == "Ring twice."
    stale = client.post(f"/loads/{sold.public_id}/edit/", filled(version="2", weight_pounds="38500", do="save"))
    assert stale.status_code == 412
    assert "2,173" not in stale.content.decode()
    assert "38,500" in stale.content.decode()


def test_the_seller_has_a_list_both_rates_and_a_form_for_its_own(sold, broker, shipper, sign_in):
    client = sign_in(broker)
    texts = [client.get(path).content.decode() for path in ("/loads/selling/", f"/loads/{sold.public_id}/")]
    for text in texts:
        assert "$2,611" in text
        assert "$2,173" in text
        assert "$438" not in text  # nobody computes the margin here
        for secret in ("2,999", "SECRET", "60601"):
            assert secret not in text
    assert client.get("/loads/").headers["Location"] == "/loads/selling/"
    assert sold.public_id not in client.get("/loads/market/").content.decode()
    address = f"/loads/{sold.public_id}/price/"
    form = client.get(address).context["form"]
    assert (form["rate_cents"].value(), form["version"].value()) == ("2173", 3)
    typed = {"free_minutes": "120", "payment_days": "30", "version": "3"}
    wrong = client.post(address, typed | {"rate_cents": "", "book_now": "on"})
    assert (wrong.status_code, len(errors_in(wrong))) == (422, 1)
    done = client.post(address, typed | {"rate_cents": "2,200", "tonu_cents": "175"})
    assert done.headers["Location"] == f"/loads/{sold.public_id}/"
    load = Load.objects.get()
    assert (load.rate_cents, load.book_now, load.tonu_cents) == (2_200_00, False, 175_00)
    stale = client.post(address, typed | {"rate_cents": "2,100"})
    assert stale.status_code == 412
    assert "2,100" in stale.content.decode()
    again = client.post(address, typed | {"rate_cents": "2,100", "version": "4"})
    assert again.status_code == 302
    assert "Priced towards carriers" in client.get(f"/loads/{sold.public_id}/").content.decode()
    assert "Priced towards carriers" not in sign_in(shipper).get(f"/loads/{sold.public_id}/").content.decode()


def test_nobody_else_reaches_the_sellers_pages(sold, shipper, stranger, sign_in):
    for nobody in (shipper, stranger, make_organization("Harbor Brokers", brokers=True)):
        client = sign_in(nobody)
        assert client.get(f"/loads/{sold.public_id}/price/").status_code == 404
        assert client.post(f"/loads/{sold.public_id}/price/", {}).status_code == 404
        assert client.post(f"/loads/{sold.public_id}/return/", {}).status_code == 404
        assert sold.public_id not in client.get("/loads/selling/").content.decode()
    assert Load.objects.get().seller is not None


def test_the_seller_prices_by_rest_on_the_version_that_it_read(sold, broker, shipper, stranger):
    api, address = ApiClient(broker), f"{URL}/{sold.public_id}"
    assert [item["id"] for item in api.get(f"{URL}?scope=selling").json()["items"]] == [sold.public_id]
    assert api.get(f"{URL}?scope=selling&external_id=7").status_code == 400
    assert api.get(f"{URL}?scope=everything").status_code == 400
    seen = api.get(address)
    assert (seen.json()["rate"], seen.json()["shipper_rate"]) == (dollars("2173.00"), dollars("2611.00"))
    assert api.put(f"{address}/sale", {"rate": dollars("2250.00")}).status_code == 428
    done = api.put(f"{address}/sale", {"rate": dollars("2250.00"), "layover": dollars("200.00")}, etag=seen["ETag"])
    assert (done.status_code, done.json()["rate"], done.json()["book_now"]) == (200, dollars("2250.00"), False)
    assert api.put(f"{address}/sale", {"rate": dollars("2300.00")}, etag=seen["ETag"]).status_code == 412
    wrong = api.put(f"{address}/sale", {"book_now": True}, etag=done["ETag"])
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/book_now")
    for nobody in (shipper, stranger):
        assert ApiClient(nobody).put(f"{address}/sale", {}, etag=done["ETag"]).status_code == 404
    refused = ApiClient(shipper)
    own = refused.get(address)
    body = {"equipment": "V", "weight_pounds": 38_000, "commodity": "Paper products", "rate": dollars("2500.00")}
    body["stops"] = [
        {name: stop[name] for name in ("kind", "opens_at", "closes_at")} | {"place": {"zip": stop["place"]["zip"]}}
        for stop in own.json()["stops"]
    ]
    answer = refused.put(address, body, etag=own["ETag"])
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/rate")
    del body["rate"]
    answer = refused.put(address, body | {"weight_pounds": 39_000}, etag=own["ETag"])
    assert (answer.status_code, answer.json()["code"]) == (409, "sold_by_a_broker")
    assert refused.put(address, body, etag=own["ETag"]).status_code == 200
    assert Load.objects.get().rate_cents == 2_250_00


def test_a_load_goes_back_to_its_owner_by_rest_and_by_a_button(sold, broker, shipper, sign_in):
    api, address = ApiClient(broker), f"{URL}/{sold.public_id}"
    missing = api.post(f"{address}/return")
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_missing")
    first, again = (api.post(f"{address}/return", headers={"Idempotency-Key": "back-1"}) for _ in range(2))
    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (204, 204, "true")
    assert api.get(address).json()["organization"]["name"] == shipper.name
    assert api.post(f"{address}/return", headers={"Idempotency-Key": "back-2"}).status_code == 404
    seen = ApiClient(shipper).get(address).json()
    assert (seen["rate"], seen["book_now"]) == (dollars("2400.00"), False)
    with transaction.atomic():
        row = Load.objects.select_for_update().get()
        sell_load(load=row, seller=broker, shipper_rate_cents=2_500_00, actor="system", now=now())
    client = sign_in(broker)
    answer = client.post(f"/loads/{sold.public_id}/return/", {"version": str(row.version)}, follow=True)
    assert "sells the load itself again" in answer.content.decode()


def test_a_covered_load_of_another_is_nobodys_but_its_parties(sold, broker, shipper, stranger, sign_in):
    with transaction.atomic():
        cover_load(load=Load.objects.select_for_update().get(), actor="system", now=now())
    for party in (broker, shipper):
        page = sign_in(party).get(f"/loads/{sold.public_id}/")
        assert (page.status_code, "Covered" in page.content.decode()) == (200, True)
    assert sign_in(stranger).get(f"/loads/{sold.public_id}/").status_code == 404
    assert sign_in(broker).get(f"/loads/{sold.public_id}/price/").status_code == 409


def test_the_market_reads_the_brokers_name_and_rate(sold, shipper, broker, stranger, sign_in):
    second = make_organization("Second Brokers", brokers=True)
    make_relationship(shipper, second, RelationshipKind.REPRESENTS)
    for viewer in (stranger, second):
        seen = ApiClient(viewer).get(f"{URL}/{sold.public_id}").json()
        assert (seen["organization"]["name"], seen["rate"]) == (broker.name, dollars("2173.00"))
        texts = [json.dumps(seen)]
        texts += [
            sign_in(viewer).get(path).content.decode() for path in ("/loads/market/", f"/loads/{sold.public_id}/")
        ]
        for text in texts:
            assert shipper.name not in text
            assert not stands_in("2611", text.replace(",", ""))

"""Notices and mails of bargaining: one an event and recipient, from the hearer's own copy, in warm and exact words."""

from collections.abc import Callable

import pytest
from django.core import mail as django_mail

from backhaul.wiring import WIRING
from brokers.models import OfferStatus, Thread, ThreadOutcome
from brokers.services import notices
from brokers.services.claims import claim_load
from brokers.services.offers import counter_offer, decline_offer, withdraw_offer
from brokers.services.threads import leave_thread
from foundation.accounts.models import RelationshipKind, Role
from foundation.events.digests import save_wishes
from foundation.events.models import DigestItem, Event, Mail, Notice, Reaction
from foundation.trade.news import WORDING
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.builders import make_actor, make_organization, make_person, make_relationship
from tests.events.pump import pump, run_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(straight_roads: None) -> Deal:
    return make_deal()


def _told(actor) -> list[str]:
    rows = Notice.objects.filter(organization_id=actor.organization.public_id).order_by("pk")
    return list(rows.values_list("text", flat=True))


def _mailed(person) -> list[Mail]:
    return list(Mail.objects.filter(recipient=person.email).order_by("pk"))


def test_an_offer_is_told_to_the_other_side_under_the_bell_and_by_mail_in_both_forms(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load, 2_500, terms=terms(deal.load, 2_500, notes="Tarps & straps"))
    pump()
    assert len(_told(deal.shipper)) == 1
    said = _told(deal.shipper)[0]
    assert said.startswith("Ruiz Trucking offers $2,500 for Chicago, IL to Dallas, TX. It stands until ")
    assert said.endswith(("CST.", "CDT.")), "in the reader's own zone"
    assert _told(deal.carrier) == [], "who made it knows"
    (mail,) = _mailed(deal.shipper.person)
    assert mail.subject == "Ruiz Trucking offers $2,500: Chicago, IL to Dallas, TX"
    link = f"/threads/{offer.thread.public_id}/"
    assert link in mail.text
    assert f'{link}"' in mail.html
    assert "Tarps &amp; straps" in mail.html
    assert "Tarps & straps" in mail.text
    assert "Paid within: 30 days" in mail.text
    for part in (mail.text, mail.html):
        assert "/accounts/notices/" in part
    assert "<img" not in mail.html
    (sent,) = [message for message in django_mail.outbox if message.to == [deal.shipper.person.email]]
    assert sent.alternatives[0][1] == "text/html"
    assert sent.extra_headers["List-Unsubscribe"].endswith("/accounts/notices/>")


def test_running_twice_and_after_a_crash_writes_nothing_twice_and_loses_nothing(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load, 2_500)
    with monkeypatch.context() as broken:
        broken.setattr(notices, "queue_mail", lambda **fields: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pump()
    assert _told(deal.shipper) == []
    task, subjects = "brokers.write_notices", [offer.public_id]
    run_task(task, subjects, 1)
    Reaction.objects.filter(task=task).update(done_at=None)  # as if the worker had died before it could say so
    run_task(task, subjects, 1)
    assert len(_told(deal.shipper)) == 1
    assert len(_mailed(deal.shipper.person)) == 1
    assert not Reaction.objects.filter(task=task, subject=offer.public_id, done_at=None).exists()


def test_a_counter_offer_says_what_changed_and_old_news_are_not_told_again(deal: Deal) -> None:
    offer = offer_by(deal.carrier, deal.leg, deal.load, 2_500)
    pump()
    counter_offer(
        actor=deal.shipper,
        thread_id=offer.thread.public_id,
        terms=terms(deal.load, 2_350),
        on_number=1,
        load_version=deal.load.version,
    )
    pump()
    assert len(_told(deal.shipper)) == 1
    (said,) = _told(deal.carrier)
    assert "Prairie Paper answers with $2,350" in said
    assert "Before: $2,500" in _mailed(deal.carrier.person)[0].text


def test_each_person_has_its_mail_as_it_wishes(deal: Deal) -> None:
    company = deal.shipper.organization
    dispatcher, viewer, driver = (make_person(company, role) for role in (Role.DISPATCHER, Role.VIEWER, Role.DRIVER))
    later, never = make_person(company), make_person(company)
    for person, how in ((later, "digest"), (never, "none")):
        save_wishes(
            organization_id=company.public_id,
            person_id=person.public_id,
            deliveries=dict.fromkeys(WORDING, how),
            period="hour",
            hour=7,
        )
    offer_by(deal.carrier, deal.leg, deal.load, 2_500)
    pump()
    assert {mail.recipient for mail in Mail.objects.filter(kind="offer")} == {
        deal.shipper.person.email,
        dispatcher.email,
    }
    assert [item.person_id for item in DigestItem.objects.all()] == [later.public_id]
    assert not _mailed(viewer) + _mailed(driver) + _mailed(never)


def test_how_an_offer_ended_is_told_to_who_did_not_end_it(deal: Deal) -> None:
    declined = offer_by(deal.carrier, deal.leg, deal.load, 2_500)
    decline_offer(actor=deal.shipper, offer_id=declined.public_id, reason="Too late in the day")
    withdrawn = offer_by(deal.rival, deal.rival_leg, deal.load, 2_600)
    withdraw_offer(actor=deal.rival, offer_id=withdrawn.public_id)
    pump()
    assert _told(deal.carrier) == ["Prairie Paper declined your offer of $2,500 for Chicago, IL to Dallas, TX."]
    assert "Other Trucking withdrew its offer of $2,600: Chicago, IL to Dallas, TX." in _told(deal.shipper)
    assert _told(deal.rival) == []
    item = DigestItem.objects.get(person_id=deal.carrier.person.public_id)
    assert (item.kind, item.url) == ("ended", f"/threads/{declined.thread.public_id}/")


def test_who_lost_the_load_hears_so_courteously_and_is_shown_the_next_best_loads(straight_roads: None) -> None:
    deal = make_deal()
    deal.load.book_now = True
    deal.load.save()
    offer_by(deal.rival, deal.rival_leg, deal.load, 2_500)
    claim_load(
        actor=deal.carrier,
        load_id=deal.load.public_id,
        truck_id=deal.leg.truck.public_id,
        leg_id=deal.leg.public_id,
    )
    pump()
    words = "The load went to another truck. Thank you for your offer; these are the next best loads."
    rivals = Notice.objects.filter(organization_id=deal.rival.organization.public_id)
    (lost,) = [notice for notice in rivals if words in notice.text]
    assert lost.url == f"/bargain/loads/{deal.load.public_id}/"
    assert not any("Ruiz" in notice.text for notice in rivals), "not to whom"
    assert any(text.startswith("Booked: Chicago, IL to Dallas, TX at $2,400") for text in _told(deal.carrier))
    assert any("Ruiz Trucking hauls Chicago, IL to Dallas, TX" in text for text in _told(deal.shipper))
    assert len(_told(deal.rival)) == len(set(_told(deal.rival)))


def test_a_represented_side_hears_what_its_broker_offers_for_it(deal: Deal) -> None:
    agent = make_organization("Agent Brokers", brokers=True)
    make_relationship(deal.carrier.organization, agent, RelationshipKind.REPRESENTS)
    owner = make_person(agent)
    offer = offer_by(deal.carrier, deal.leg, deal.load, 2_500)
    pump()
    told = Notice.objects.filter(organization_id=agent.public_id)
    assert [notice.text for notice in told] == ["Ruiz Trucking offered $2,500 itself: Chicago, IL to Dallas, TX."]
    assert _mailed(owner) == []
    assert offer.status == OfferStatus.LIVE


def test_what_a_broker_does_for_a_side_is_told_as_that_sides_move(deal: Deal) -> None:
    agent = make_actor(make_organization("Agent Brokers", brokers=True))
    make_relationship(deal.carrier.organization, agent.organization, RelationshipKind.REPRESENTS)
    lane = "Chicago, IL to Dallas, TX"

    def told_of(move: Callable[[], object]) -> tuple[str, str]:
        before = [len(_told(side)) for side in (deal.shipper, deal.carrier)]
        move()
        pump()
        (seller,), (carrier,) = (_told(side)[n:] for side, n in zip((deal.shipper, deal.carrier), before, strict=True))
        return seller, carrier

    first = offer_by(deal.carrier, deal.leg, deal.load, 2_500)
    pump()
    assert told_of(lambda: withdraw_offer(actor=agent, offer_id=first.public_id)) == (
        f"Ruiz Trucking, for whom Agent Brokers acts, withdrew its offer of $2,500: {lane}.",
        f"For you, Agent Brokers withdrew your offer of $2,500: {lane}.",
    )
    countered = counter_offer(
        actor=deal.shipper,
        thread_id=first.thread.public_id,
        terms=terms(deal.load, 2_300),
        on_number=1,
        load_version=deal.load.version,
    )
    pump()
    assert told_of(lambda: decline_offer(actor=agent, offer_id=countered.public_id, reason="")) == (
        f"Ruiz Trucking, for whom Agent Brokers acts, declined your offer of $2,300 for {lane}.",
        f"For you, Agent Brokers declined Prairie Paper’s offer of $2,300 for {lane}.",
    )
    second = offer_by(deal.carrier, deal.leg, deal.load, 2_450)
    pump()
    assert told_of(lambda: leave_thread(actor=agent, thread_id=second.thread.public_id)) == (
        f"{lane}: Ruiz Trucking, for whom Agent Brokers acts, left this negotiation.",
        f"{lane}: For you, Agent Brokers left this negotiation.",
    )


def test_every_fact_that_has_words_wakes_the_task_and_the_other_way_round() -> None:
    assert {name for name, tasks in WIRING.items() if "brokers.write_notices" in tasks} <= set(notices.WRITERS)


def test_an_event_has_one_notice_an_organization_whatever_is_bargained(deal: Deal) -> None:
    deal.load.book_now = True
    deal.load.save()
    first = offer_by(deal.carrier, deal.leg, deal.load, 2_500)
    counter_offer(
        actor=deal.shipper,
        thread_id=first.thread.public_id,
        terms=terms(deal.load, 2_350),
        on_number=1,
        load_version=deal.load.version,
    )
    offer_by(deal.rival, deal.rival_leg, deal.load, 2_450)
    pump()
    pairs = list(Notice.objects.exclude(event=None).values_list("event", "organization_id"))
    assert len(pairs) == len(set(pairs)) == 3
    assert Event.objects.filter(name="notice.posted").count() == Notice.objects.count()


def test_who_leaves_with_an_offer_on_the_table_is_told_of_once(deal: Deal) -> None:
    for leaver in (deal.carrier, deal.shipper):
        leg = deal.leg if leaver is deal.carrier else deal.rival_leg
        offer = offer_by(deal.carrier if leg is deal.leg else deal.rival, leg, deal.load, 2_500)
        pump()
        other = deal.shipper if leaver is deal.carrier else deal.rival
        before = len(_told(other))
        leave_thread(actor=leaver, thread_id=offer.thread.public_id)
        pump()
        (said,) = _told(other)[before:]
        assert f"{leaver.organization} left this negotiation." in said


def test_a_carrier_that_books_what_it_bargains_over_is_not_told_that_it_went_to_another(deal: Deal) -> None:
    deal.load.book_now = True
    deal.load.save()
    offer = offer_by(deal.carrier, deal.leg, deal.load, 2_500)
    claim_load(actor=deal.carrier, load_id=deal.load.public_id, leg_id=deal.leg.public_id)
    pump()
    assert Thread.objects.get(pk=offer.thread_id).outcome == ThreadOutcome.BOOKED_BY_TAKER
    for side in (deal.carrier, deal.shipper):
        said = _told(side)
        assert sum("Booked: " in text or "hauls Chicago" in text for text in said) == 1
        assert not any("another" in text for text in said)

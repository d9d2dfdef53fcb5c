"""The canary, and what pruning keeps."""

import pytest
from django.db import transaction

from backhaul.wiring import FACTS
from foundation.events import queries, upkeep
from foundation.events.models import Attachment, Canary, Event, FeedEntry, Mail, Notice, Reaction
from foundation.events.relay.placing import place_batch
from foundation.events.services import keep_attachment, notify, publish, queue_mail
from tests.events.pump import pump

pytestmark = pytest.mark.django_db
LONG_AGO = "2020-01-01T00:00:00Z"


def test_a_canary_goes_through_outbox_relay_and_worker_and_is_heard_by_who_asked() -> None:
    assert queries.pulse().canary_seconds is None
    with transaction.atomic():
        publish(name="canary.sung", subject="org_broker", audience={})
        publish(name="canary.sung", subject="operator", audience={})
    assert pump() == ["canary.sung", "canary.sung", "canary.heard", "canary.heard"]
    assert [entry.event.name for entry in queries.feed_of("org_broker")] == ["canary.heard"]
    assert 0 <= queries.pulse().canary_seconds < 60
    assert Canary.objects.count() == 2


def test_the_pulse_tells_how_long_facts_and_reactions_have_waited() -> None:
    assert (queries.pulse().oldest_fact_seconds, queries.pulse().oldest_reaction_seconds) == (None, None)
    with transaction.atomic():
        publish(name="canary.sung", subject="operator", audience={})
    Event.objects.update(created_at=LONG_AGO)
    assert queries.pulse().oldest_fact_seconds > 1e6
    place_batch(FACTS)
    assert queries.pulse().oldest_fact_seconds is None
    assert queries.pulse().oldest_reaction_seconds >= 0


def test_pruning_takes_what_is_old_and_leaves_undone_work_and_what_is_new() -> None:
    with transaction.atomic():
        old = publish(name="notice.posted", subject="old", audience={"org_1": {}})
        waiting = publish(name="mail.queued", subject="waiting", audience={"org_1": {}})
        new = publish(name="notice.posted", subject="new", audience={"org_1": {}})
        canary = publish(name="canary.heard", subject="operator", audience={"operator": {}})
        notify(organization_id="org_1", event=old, text="old")
        queue_mail(organization_id="org_1", to="a@example.com", subject="s", text="t", kind="k", event=old)
    place_batch(FACTS)
    Event.objects.filter(pk__in=[old.pk, waiting.pk]).update(placed_at=LONG_AGO)
    Event.objects.filter(pk=canary.pk).update(placed_at=LONG_AGO)
    upkeep.prune()
    left = set(Event.objects.values_list("pk", flat=True))
    assert {waiting.pk, new.pk} <= left
    assert not {old.pk, canary.pk} & left
    assert not FeedEntry.objects.filter(event=old.pk).exists()
    assert Mail.objects.get().event_id is None, "a mail outlives its fact"
    Mail.objects.update(created_at=LONG_AGO)
    Notice.objects.update(created_at=LONG_AGO)
    upkeep.prune()
    assert (Mail.objects.count(), Notice.objects.count()) == (0, 0)


def test_a_file_is_pruned_with_the_last_mail_that_had_it_and_no_earlier() -> None:
    def send(to: str, name: str) -> None:
        with transaction.atomic():
            kept = keep_attachment(name=name, content_type="application/pdf", body=b"%PDF")
            queue_mail(organization_id="org_1", to=to, subject="s", text="t", kind="paper", attachment=kept)

    send("a@example.com", "one.pdf")
    send("b@example.com", "one.pdf")
    send("c@example.com", "two.pdf")
    with transaction.atomic():
        keep_attachment(name="new, and of no mail.pdf", content_type="application/pdf", body=b"%PDF")
    Attachment.objects.exclude(name__startswith="new").update(kept_at=LONG_AGO)
    Mail.objects.filter(recipient__in=["a@example.com", "c@example.com"]).update(created_at=LONG_AGO)
    upkeep.prune()
    assert set(Attachment.objects.values_list("name", flat=True)) == {"one.pdf", "new, and of no mail.pdf"}
    Mail.objects.update(created_at=LONG_AGO)
    upkeep.prune()
    assert Attachment.objects.get().name.startswith("new")


def test_reactions_that_were_done_days_ago_are_pruned() -> None:
    with transaction.atomic():
        publish(name="canary.sung", subject="operator", audience={})
    pump()
    Reaction.objects.update(done_at=LONG_AGO)
    upkeep.prune()
    assert not Reaction.objects.exists()
    assert Event.objects.filter(name="canary.sung").exists()

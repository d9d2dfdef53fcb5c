"""Digests: lines that wait for a person's hour, one mail a person and period, nothing twice and nothing lost."""

from datetime import UTC, datetime, timedelta

import pytest

from foundation.events import digests
from foundation.events.digests import delivery_of, forget_reader, next_digest, put_in_digest, save_wishes, send_due
from foundation.events.models import Delivery, Digest, DigestItem, Mail, MailPreference, Period
from foundation.trade import clock
from tests.events.pump import pump

CHICAGO = "America/Chicago"
NOON = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)  # in Chicago


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch, db: None):
    """Set the clock."""

    def set_clock(instant: datetime) -> datetime:
        monkeypatch.setattr(clock, "now", lambda: instant)
        return instant

    return set_clock


def _wish(**columns) -> MailPreference:
    return MailPreference(organization_id="org_1", person_id="person_1", **columns)


def _put(key: str, now: datetime, *, person: str = "person_1", wish: MailPreference | None = None) -> None:
    put_in_digest(
        key=key,
        organization_id="org_1",
        person_id=person,
        recipient=f"{person}@example.com",
        time_zone=CHICAGO,
        kind="ended",
        text=f"News <{key}>",
        url=f"/threads/{key}/",
        wish=wish,
        now=now,
    )


@pytest.mark.parametrize(
    ("wish", "after", "due"),
    [
        (None, NOON, datetime(2026, 11, 25, 13, 0, tzinfo=UTC)),  # seven in Chicago, tomorrow
        (_wish(hour=13), NOON, datetime(2026, 11, 24, 19, 0, tzinfo=UTC)),
        (_wish(hour=12), NOON, datetime(2026, 11, 25, 18, 0, tzinfo=UTC)),  # strictly after
        (_wish(period=Period.HOUR), NOON, datetime(2026, 11, 24, 19, 0, tzinfo=UTC)),
        (_wish(period=Period.HOUR), NOON + timedelta(minutes=59), datetime(2026, 11, 24, 19, 0, tzinfo=UTC)),
        # 2027-03-14: the clocks skip 02:00; it comes at 03:00 of daylight saving time
        (_wish(hour=2), datetime(2027, 3, 14, 6, 0, tzinfo=UTC), datetime(2027, 3, 14, 8, 0, tzinfo=UTC)),
        # 2026-11-01: 01:00 comes twice; the first is meant, and the second is no second digest
        (_wish(hour=1), datetime(2026, 11, 1, 5, 0, tzinfo=UTC), datetime(2026, 11, 1, 6, 0, tzinfo=UTC)),
        (_wish(hour=1), datetime(2026, 11, 1, 6, 30, tzinfo=UTC), datetime(2026, 11, 2, 7, 0, tzinfo=UTC)),
    ],
)
def test_the_next_digest_comes_at_the_wished_local_hour(wish, after, due) -> None:
    assert next_digest(wish, CHICAGO, after) == due


def test_what_somebody_said_goes_before_what_the_role_has() -> None:
    assert delivery_of(None, "offer", Delivery.AT_ONCE) == Delivery.AT_ONCE
    assert delivery_of(_wish(deliveries={"offer": "none"}), "offer", Delivery.AT_ONCE) == Delivery.NONE
    assert delivery_of(_wish(deliveries={"offer": "pigeon"}), "offer", Delivery.DIGEST) == Delivery.DIGEST


def test_a_digest_tells_everything_in_one_mail_and_nothing_twice(at) -> None:
    now = at(NOON)
    for key in ("one", "two", "two"):
        _put(key, now)
    _put("one", now, person="person_2")
    assert send_due() == 0
    at(NOON + timedelta(days=1))
    assert send_due() == 2
    assert send_due() == 0
    mail = Mail.objects.get(recipient="person_1@example.com")
    assert (mail.subject, mail.kind, mail.organization_id) == ("Backhaul: 2 pieces of news", "digest", "org_1")
    assert mail.text.count("News <one>") == mail.text.count("News <two>") == 1
    assert "News &lt;two&gt;" in mail.html
    assert "/threads/two/" in mail.html
    assert "/accounts/notices/" in mail.html
    assert Mail.objects.count() == 2
    assert pump().count("mail.queued") == 2


def test_what_is_written_late_comes_with_the_next_digest_and_not_as_a_second_mail(at) -> None:
    now = at(NOON)
    _put("one", now)
    at(NOON + timedelta(days=1))
    assert send_due() == 1
    _put("late", now)  # committed after the digest of its period had gone
    assert send_due() == 0
    assert DigestItem.objects.get(key="late").due_at == datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
    at(NOON + timedelta(days=2))
    assert send_due() == 1
    assert [mail.text.count("News") for mail in Mail.objects.order_by("pk")] == [1, 1]


def test_a_crash_before_the_commit_loses_nothing(at, monkeypatch: pytest.MonkeyPatch) -> None:
    _put("one", at(NOON))
    at(NOON + timedelta(days=1))
    with monkeypatch.context() as broken:
        broken.setattr(digests, "_written", lambda items: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send_due()
    assert not Digest.objects.exists()
    assert send_due() == 1


def test_new_wishes_move_what_waits_and_drop_what_nobody_wants_by_mail(at) -> None:
    now = at(NOON)
    _put("one", now)
    given = {"organization_id": "org_1", "person_id": "person_1"}
    save_wishes(**given, deliveries={"ended": "digest"}, period="hour", hour=7)
    assert DigestItem.objects.get().due_at == NOON + timedelta(hours=1)
    save_wishes(**given, deliveries={"ended": "none"}, period="hour", hour=7)
    assert not DigestItem.objects.exists()
    with pytest.raises(ValueError, match="no wishes"):
        save_wishes(**given, deliveries={"ended": "pigeon"}, period="hour", hour=7)


def test_who_left_gets_no_more_digests(at) -> None:
    _put("one", at(NOON))
    _put("one", NOON, person="person_2")
    forget_reader(organization_id="org_1", person_id="person_1")
    at(NOON + timedelta(days=1))
    assert send_due() == 1
    assert Mail.objects.get().recipient == "person_2@example.com"

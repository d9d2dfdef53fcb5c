"""Dismiss, snooze, restore: on the desk and over REST."""

from datetime import timedelta
from functools import partial

import pytest

from brokers.models import MatchDecision
from brokers.services import dismiss_match, forget_old_decisions, restore_match, snooze_match
from foundation.events.models import AuditEntry, FeedEntry
from foundation.trade.errors import Forbidden, Invalid, NotFound
from foundation.trade.ids import derived_id
from tests.builders import make_actor, make_organization, now
from tests.races.at_once import at_once
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(sign_in, broker):
    return sign_in(broker)


def listed(client, query="") -> list[str]:
    return [match.public_id for match in client.get(f"/desk/{query}").context["matches"]]


def decide(client, match, **data):
    return client.post(f"/desk/matches/{match.public_id}/decide/", data, headers=HTMX)


def test_a_dismissed_match_leaves_the_desk_for_colleagues_too_and_comes_back(client, desk, sign_in, broker):
    colleague = sign_in(broker, "viewer")
    other = sign_in(make_organization("Other Brokers", brokers=True))
    answer = decide(client, desk.south, verb="dismiss", reason="no dock on Friday")
    assert "no dock on Friday" in answer.content.decode()
    assert listed(client) == listed(colleague) == [desk.west.public_id]
    assert listed(client, "?aside=1") == listed(colleague, "?aside=1") == [desk.south.public_id]
    assert len(listed(other)) == 2
    shown = colleague.get(f"/desk/matches/{desk.south.public_id}/decision/").content.decode()
    assert "no dock on Friday" in shown
    assert "Put back" not in shown  # a viewer decides nothing
    hidden = other.get(f"/desk/matches/{desk.south.public_id}/decision/").content.decode()
    assert "no dock on Friday" not in hidden
    decide(client, desk.south, verb="restore")
    assert len(listed(client)) == 2


def test_a_snoozed_match_comes_back_when_the_snooze_ends(client, desk):
    decide(client, desk.south, verb="snooze", minutes="60")
    assert listed(client) == [desk.west.public_id]
    MatchDecision.objects.update(until=now() - timedelta(seconds=1))
    assert len(listed(client)) == 2
    form = client.get(f"/desk/matches/{desk.south.public_id}/decision/").content.decode()
    assert 'value="dismiss"' in form
    decide(client, desk.south, verb="dismiss")
    assert listed(client) == [desk.west.public_id]


def test_a_reason_with_markup_is_written_as_text(client, desk):
    hostile = '"><img src=x onerror=alert(1)>\x00\n<script>'
    page = decide(client, desk.south, verb="dismiss", reason=hostile).content.decode()
    assert "<img" not in page
    assert "<script" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_a_reason_that_is_too_long_is_said_beside_the_form_and_stays_typed(client, desk):
    answer = decide(client, desk.south, verb="dismiss", reason="x" * 201)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "200 characters at most" in page
    assert "x" * 201 in page
    assert not MatchDecision.objects.exists()


def test_a_double_click_decides_once(client, desk):
    for _ in range(2):
        assert decide(client, desk.south, verb="dismiss").status_code == 200
    assert MatchDecision.objects.count() == 1
    decide(client, desk.south, verb="restore")
    again = decide(client, desk.south, verb="restore")
    assert again.status_code == 422
    assert "on your list" in again.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_colleagues_at_once_make_one_decision(desk, broker):
    actors = [make_actor(broker, "dispatcher") for _ in range(4)]
    assert at_once(*[partial(dismiss_match, actor=actor, match_id=desk.south.public_id) for actor in actors]) == []
    assert MatchDecision.objects.count() == 1


def test_a_match_out_of_sight_is_unknown_to_the_desk(desk, sign_in):
    stranger = sign_in(make_organization("Sandbox Brokers", brokers=True, market="sandbox"))
    for public_id in (desk.south.public_id, derived_id("match", "leg_none", "load_none"), "<script>"):
        assert stranger.get(f"/desk/matches/{public_id}/decision/").status_code == 404
        assert stranger.get(f"/matches/{public_id}/").status_code == 404
        answer = stranger.post(f"/desk/matches/{public_id}/decide/", {"verb": "dismiss"}, headers=HTMX)
        assert answer.status_code >= 400
        assert "<script>" not in answer.content.decode()
    assert not MatchDecision.objects.exists()


def test_a_viewer_may_decide_nothing(desk, broker, sign_in):
    viewer = sign_in(broker, "viewer")
    assert decide(viewer, desk.south, verb="dismiss").status_code == 403
    with pytest.raises(Forbidden):
        dismiss_match(actor=make_actor(broker, "viewer"), match_id=desk.south.public_id)


def test_a_decision_is_told_to_the_own_organization_only_and_written_down(desk, broker):
    actor = make_actor(broker, "dispatcher")
    FeedEntry.objects.all().delete()
    dismiss_match(actor=actor, match_id=desk.south.public_id, reason=" too   low ")
    restore_match(actor=actor, match_id=desk.south.public_id)
    told = FeedEntry.objects.values_list("organization_id", "event__name")
    assert set(told) == {(broker.public_id, "match.dismissed"), (broker.public_id, "match.restored")}
    entry = AuditEntry.objects.get(action="match.dismissed")
    assert entry.changes == {"reason": "too low", "until": None}


def test_a_snooze_ends_after_now_and_within_a_week(desk, broker):
    actor = make_actor(broker, "dispatcher")
    for until in (now() - timedelta(minutes=1), now() + timedelta(days=8)):
        with pytest.raises(Invalid):
            snooze_match(actor=actor, match_id=desk.south.public_id, until=until)


def test_a_decision_outlives_its_match(desk, broker):
    actor = make_actor(broker, "dispatcher")
    dismiss_match(actor=actor, match_id=desk.south.public_id)
    desk.south.delete()
    restore_match(actor=actor, match_id=desk.south.public_id)
    with pytest.raises(NotFound):
        dismiss_match(actor=actor, match_id=desk.south.public_id)


def test_old_snoozes_are_forgotten_and_dismissals_are_not(desk, broker):
    actor = make_actor(broker, "dispatcher")
    dismiss_match(actor=actor, match_id=desk.south.public_id)
    snooze_match(actor=actor, match_id=desk.west.public_id, until=now() + timedelta(hours=1))
    assert forget_old_decisions() == 0
    MatchDecision.objects.filter(kind="snooze").update(until=now() - timedelta(days=31))
    assert forget_old_decisions() == 1
    assert MatchDecision.objects.get().kind == "dismiss"


def test_the_api_dismisses_snoozes_shows_and_restores(desk, broker):
    api = ApiClient(broker)
    address = f"/api/v1/matches/{desk.south.public_id}"
    assert api.get(f"{address}/decision").status_code == 404
    dismissed = api.post(f"{address}/dismissal", {"reason": "no"})
    assert dismissed.status_code == 200, dismissed.content
    assert (dismissed.json()["kind"], dismissed.json()["reason"], dismissed.json()["until"]) == ("dismiss", "no", None)
    until = (now() + timedelta(hours=2)).isoformat()
    snoozed = api.post(f"{address}/snooze", {"until": until}).json()
    assert (snoozed["kind"], snoozed["match"]) == ("snooze", desk.south.public_id)
    shown = api.get(f"{address}/decision")
    assert shown.json() == snoozed
    stale = api.delete(f"{address}/decision", headers={"If-Match": '"other"'})
    assert stale.status_code == 412
    assert api.delete(f"{address}/decision", headers={"If-Match": shown["ETag"]}).status_code == 204
    assert api.delete(f"{address}/decision").status_code == 404


@pytest.mark.parametrize(
    ("verb", "body", "status", "code"),
    [
        ("snooze", {}, 400, "required"),
        ("snooze", {"until": "tomorrow"}, 400, "not_an_instant"),
        ("snooze", {"until": "2020-01-01T00:00:00Z"}, 422, "in_the_past"),
        ("dismissal", {"reason": 5}, 400, "invalid"),
        ("dismissal", {"reason": "x" * 201}, 422, "too_long"),
        ("dismissal", {"why": "no"}, 400, "unknown_field"),
    ],
)
def test_the_api_says_what_is_wrong_with_a_decision(desk, broker, verb, body, status, code):
    answer = ApiClient(broker).post(f"/api/v1/matches/{desk.south.public_id}/{verb}", body)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["code"] == code


def test_the_api_knows_no_match_out_of_sight_and_no_decision_of_others(desk, broker):
    dismiss_match(actor=make_actor(broker, "dispatcher"), match_id=desk.south.public_id)
    stranger = ApiClient(make_organization("Other Paper"))
    address = f"/api/v1/matches/{desk.south.public_id}"
    assert stranger.get(address).status_code == 404
    assert stranger.get(f"{address}/decision").status_code == 404
    assert stranger.post(f"{address}/dismissal").status_code == 404
    assert stranger.delete(f"{address}/decision").status_code == 404
    readonly = ApiClient(broker, scopes={"matches:read"})
    assert readonly.post(f"{address}/dismissal").status_code == 403

"""Routes of the news: stream, feed, mails, notices."""

from django.urls import URLPattern, URLResolver, path

from foundation.events import api, views

app_name = "events"
urlpatterns: list[URLPattern | URLResolver] = [
    path("events/stream", views.stream, name="stream"),
    path("events/feed", views.feed, name="feed"),
    path("events/mails/", views.mails, name="mails"),
    path("events/mails/<str:mail_id>/attachment", views.attachment, name="attachment"),
    path("events/bell", views.bell, name="bell"),
    path("events/notices", views.notices, name="notices"),
    path("events/notices/read", views.read_notices, name="read_notices"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("events", api.Events.as_view(), name="api-events"),
]

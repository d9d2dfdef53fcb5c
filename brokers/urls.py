"""Routes of the desk, of network plans and of proposals: what people do with matches."""

from django.urls import path

from brokers.views import desk

app_name = "brokers"

urlpatterns = [
    path("desk/", desk.desk_page, name="desk"),
    path("desk/rows/", desk.desk_rows, name="desk_rows"),
    path("desk/matches/<str:match_id>/decision/", desk.decision, name="decision"),
    path("desk/matches/<str:match_id>/decide/", desk.decide, name="decide"),
]

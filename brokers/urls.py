"""Routes of the desk."""

from django.urls import path

from brokers import views

app_name = "brokers"

urlpatterns = [
    path("desk/", views.desk_page, name="desk"),
    path("desk/rows/", views.desk_rows, name="desk_rows"),
    path("desk/matches/<str:match_id>/decision/", views.decision, name="decision"),
    path("desk/matches/<str:match_id>/decide/", views.decide, name="decide"),
]

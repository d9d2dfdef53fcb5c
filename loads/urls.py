"""Addresses of loads: pages, fragments, and the API's."""

from django.urls import path

from loads.api.urls import api_urlpatterns
from loads.views import forms, lists, pages, sales

app_name = "loads"

urlpatterns = [
    path("loads/", lists.own_list, name="list"),
    path("loads/market/", lists.market, name="market"),
    path("loads/market/now/", lists.market_now, name="market_now"),
    path("loads/selling/", lists.selling, name="selling"),
    path("loads/lanes/", lists.lanes, name="lanes"),
    path("loads/new/", forms.new, name="new"),
    path("loads/confirmation/", pages.confirm_shown, name="confirm_shown"),
    path("loads/form/stops/", forms.stops, name="stops"),
    path("loads/form/road/", forms.road, name="road"),
    path("loads/<str:load_id>/", pages.detail, name="detail"),
    path("loads/<str:load_id>/edit/", forms.edit, name="edit"),
    path("loads/<str:load_id>/confirmation/", pages.confirm, name="confirm"),
    path("loads/<str:load_id>/withdrawal/", pages.withdraw, name="withdraw"),
    path("loads/<str:load_id>/price/", sales.price, name="price"),
    path("loads/<str:load_id>/return/", sales.give_back, name="give_back"),
    path("loads/<str:load_id>/opening/", pages.post_again, name="open"),
]

__all__ = ["api_urlpatterns", "app_name", "urlpatterns"]

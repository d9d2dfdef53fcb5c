"""The routes of carriers' pages."""

from django.urls import path

from carriers.views import costs, fleet, leg_forms, legs

app_name = "carriers"

urlpatterns = [
    path("legs/", legs.legs, name="legs"),
    path("legs/market/", legs.market, name="market"),
    path("legs/new/", leg_forms.new_leg, name="new_leg"),
    path("legs/trips/new/", leg_forms.new_trip, name="new_trip"),
    path("legs/zone/", leg_forms.zone, name="zone"),
    path("legs/confirmations/", legs.confirm_all, name="confirm_all"),
    path("legs/<str:leg_id>/", legs.leg, name="leg"),
    path("legs/<str:leg_id>/edit/", leg_forms.edit, name="edit_leg"),
    path("legs/<str:leg_id>/confirmation/", legs.confirm, name="confirm_leg"),
    path("legs/<str:leg_id>/withdrawal/", legs.withdraw, name="withdraw_leg"),
    path("legs/<str:leg_id>/opening/", legs.open_again, name="open_leg"),
    path("trucks/", fleet.units, name="trucks"),
    path("trucks/costs/", costs.costs, name="costs"),
    path("trucks/costs/<int:setting_id>/removal/", costs.remove, name="remove_costs"),
    path("trucks/<slug:slug>/", fleet.units, name="units"),
    path("trucks/<slug:slug>/new/", fleet.new_unit, name="new_unit"),
    path("trucks/<slug:slug>/<str:unit_id>/edit/", fleet.edit_unit, name="edit_unit"),
    path("trucks/<slug:slug>/<str:unit_id>/archive/", fleet.archive_unit, name="archive_unit"),
    path("trucks/<slug:slug>/<str:unit_id>/restoration/", fleet.restore_unit, name="restore_unit"),
]

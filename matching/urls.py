"""Routes of matches."""

from django.urls import path

from matching.views import combinations, preview, rates, why
from matching.views import matches as views

app_name = "matching"

urlpatterns = [
    path("matches/<str:match_id>/", views.match_page, name="match"),
    path("matches/<str:match_id>/way.json", views.match_way, name="match_way"),
    path("matching/legs/<str:leg_id>/matches/", views.leg_matches, name="leg_matches"),
    path("matching/legs/<str:leg_id>/combinations/", combinations.leg_combinations, name="leg_combinations"),
    path("matching/combinations/<str:combination_id>/", combinations.combination_page, name="combination"),
    path("matching/legs/<str:leg_id>/why-not/", why.why_not, name="why_not"),
    path("matching/legs/preview/", preview.leg_preview, name="leg_preview"),
    path("matching/loads/<str:load_id>/matches/", views.load_matches, name="load_matches"),
    path("matching/loads/<str:load_id>/rate/", rates.load_rate, name="load_rate"),
    path("matching/rates/", rates.rates, name="rates"),
    path("matching/rates/form/", rates.form_rate, name="form_rate"),
]

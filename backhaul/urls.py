"""Every room's routes, joined."""

from django.urls import URLPattern, URLResolver, path

from backhaul import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]

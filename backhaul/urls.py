"""Every room's routes, joined."""

from django.urls import URLPattern, URLResolver, include, path

from backhaul import views
from foundation.accounts.urls import account_urlpatterns

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("", include("foundation.accounts.urls")),
    *account_urlpatterns,
]

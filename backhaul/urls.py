"""Every room's routes, joined."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from backhaul import views
from backhaul.admin import operator_site
from brokers.api.urls import api_urlpatterns as brokers_api
from carriers.api.urls import api_urlpatterns as carriers_api
from foundation.accounts.urls import account_urlpatterns
from foundation.accounts.urls import api_urlpatterns as accounts_api
from foundation.events.urls import api_urlpatterns as events_api
from foundation.places.urls import api_urlpatterns as places_api
from foundation.rest.handlers import unknown_address
from foundation.rest.urls import api_urlpatterns as rest_api
from loads.api.urls import api_urlpatterns as loads_api
from matching.api.urls import api_urlpatterns as matching_api

handler400 = "foundation.rest.handlers.bad_request"
handler403 = "foundation.rest.handlers.permission_denied"
handler404 = "foundation.rest.handlers.not_found"
handler500 = "foundation.rest.handlers.server_error"

API: list[URLPattern | URLResolver] = [
    *rest_api,
    *accounts_api,
    *events_api,
    *places_api,
    *loads_api,
    *matching_api,  # before carriers: legs/preview is no id of a leg
    *carriers_api,
    *brokers_api,
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("", include("foundation.accounts.urls")),
    path("", include("foundation.events.urls")),
    path("", include("foundation.places.urls")),
    path("", include("loads.urls")),
    path("", include("carriers.urls")),
    *account_urlpatterns,
    path("", include("matching.urls")),
    path("", include("brokers.urls")),
    path("api/v1/", include(API)),
    path("api/<path:rest>", unknown_address),
]

if settings.ADMIN_ENABLED:
    urlpatterns.append(path("admin/", operator_site().urls))

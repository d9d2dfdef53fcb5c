"""The room's addresses alone."""

from django.urls import URLPattern, URLResolver, include, path

from foundation.places import urls

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((urls.urlpatterns, "places"))),
    path("api/v1/", include(urls.api_urlpatterns)),
]

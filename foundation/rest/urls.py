"""Addresses of the API's documentation."""

from django.urls import URLPattern, URLResolver, path, re_path

from foundation.rest import pages

app_name = "rest"
urlpatterns: list[URLPattern | URLResolver] = []
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("openapi.json", pages.openapi, name="api-openapi"),
    re_path(r"^docs/?$", pages.swagger, name="api-docs"),
    re_path(r"^redoc/?$", pages.redoc, name="api-redoc"),
    path("problems", pages.problems, name="api-problems"),
    path("problems/<slug:name>", pages.problem, name="api-problem"),
]

"""The room's addresses alone, and a page with a place field on it."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path
from django.utils.html import format_html

from foundation.places import urls
from foundation.places.forms import PlaceField


class TripForm(forms.Form):
    """A form with one place that is required and one that is not."""

    origin = PlaceField()
    home = PlaceField(required=False)


def trip(request: HttpRequest) -> HttpResponse:
    """Show the form, or where it leads."""
    form = TripForm(request.GET or None)
    said = repr(form.cleaned_data["origin"].name) if form.is_valid() else ""
    head = (
        "<!doctype html><link rel='icon' href='data:,'>"
        "<meta name='htmx-config' content='{{\"includeIndicatorStyles\": false}}'>"
        "<script src='{}' defer></script><script src='{}' defer></script>"
    )
    page = head + "<form>{}<button>Go</button></form><p>{}</p>"
    scripts = static("django_htmx/htmx-2.min.js"), static("js/places.js")
    return HttpResponse(format_html(page, *scripts, form.as_p(), said))


urlpatterns: list[URLPattern | URLResolver] = [
    path("trip", trip),
    path("", include((urls.urlpatterns, "places"))),
    path("api/v1/", include(urls.api_urlpatterns)),
]

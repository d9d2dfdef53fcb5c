"""Fragments and data for pages: suggestions while one types, and the freeways of the map."""

import gzip
import hashlib

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import condition, require_safe

from foundation.places.queries import suggest_places
from foundation.places.roads.freeways import freeways_gzipped


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """Answer the options of a place field's list; the words come under the asking field's own name."""
    if not request.user.is_authenticated:
        return HttpResponse("Sign in first.", status=401, content_type="text/plain")
    words = next((value for value in request.GET.values() if isinstance(value, str)), "")
    response = render(request, "places/_suggestions.html", {"places": suggest_places(words)})
    response["Cache-Control"] = "private, max-age=300"
    return response


def _freeways_etag(request: HttpRequest) -> str:
    return f'"{hashlib.sha256(freeways_gzipped(settings.ROAD_CACHE)).hexdigest()[:20]}"'


@require_safe
@condition(etag_func=_freeways_etag)
def freeways(request: HttpRequest) -> HttpResponse:
    """Serve the freeways as GeoJSON, the same for everybody."""
    body = freeways_gzipped(settings.ROAD_CACHE)
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(body if packed else gzip.decompress(body), content_type="application/geo+json")
    if packed:
        response["Content-Encoding"] = "gzip"
    response["Cache-Control"] = "public, max-age=86400"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response

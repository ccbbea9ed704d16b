"""The settings under test: the real ones, in test mode."""

import os

os.environ["PRESALES_MODE"] = "test"

from presales.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; hashing is not what tests check
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405

# Tests that run side by side each have their own Redis database, so that none clears another's counts.
_number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) + 1
CACHES["default"]["OPTIONS"]["db"] = _number  # noqa: F405

# Databases are made and dropped here, which a busy machine takes its time for; no test waits for this limit.
DATABASES["default"]["OPTIONS"]["options"] += " -c statement_timeout=120s"  # noqa: F405  the last one counts

"""Front-end packages: exactly the files we use, served as static files, everything else left in node_modules."""

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder, BaseFinder
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Path below /static/ -> path below node_modules/. Source maps come along, since the files name them.
PACKAGE_FILES = {
    "vendor/tabler/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "vendor/tabler/tabler.min.css.map": "@tabler/core/dist/css/tabler.min.css.map",
    "vendor/tabler/tabler.esm.min.js": "@tabler/core/dist/js/tabler.esm.min.js",
    "vendor/tabler/tabler.esm.min.js.map": "@tabler/core/dist/js/tabler.esm.min.js.map",
    "vendor/echarts/echarts.esm.min.js": "echarts/dist/echarts.esm.min.js",
    "vendor/sortablejs/sortable.core.esm.js": "sortablejs/modular/sortable.core.esm.js",
}


class AppFinder(AppDirectoriesFinder):
    """The apps' own static files, without htmx's extensions: unused, and one of them upsets the hashing."""

    def list(self, ignore_patterns: list[str] | None) -> object:
        return super().list([*(ignore_patterns or []), "ext"])


class PackageFinder(BaseFinder):
    """Finds the files of PACKAGE_FILES in node_modules."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.storage = _PackageStorage(location=settings.NODE_MODULES)

    def check(self, **kwargs: object) -> list:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: object) -> str | list[str]:
        source = PACKAGE_FILES.get(path)
        found = str(Path(settings.NODE_MODULES) / source) if source else None
        if find_all:
            return [found] if found else []
        return found or []

    def list(self, ignore_patterns: object) -> object:
        for path in PACKAGE_FILES:
            yield path, self.storage


class _PackageStorage(FileSystemStorage):
    """Opens files by their name below /static/."""

    prefix = ""

    def path(self, name: str) -> str:
        return str(Path(self.location) / PACKAGE_FILES.get(name, name))


class ManifestStorage(CompressedManifestStaticFilesStorage):
    """Hashed and compressed files; imports between our ES modules are hashed with them."""

    support_js_module_import_aggregation = True

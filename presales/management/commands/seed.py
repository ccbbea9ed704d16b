"""`manage.py seed`: what every installation starts with. Safe to run again and again."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import transaction


class Command(BaseCommand):
    help = "Add what is missing of the frameworks, stages and rules that come with Presales; changes nothing else."

    @transaction.atomic
    def handle(self, *args, **options):
        for app in apps.get_app_configs():
            if find_spec(f"{app.name}.seeds"):
                import_module(f"{app.name}.seeds").seed()

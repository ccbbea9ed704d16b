"""`manage.py load_demo`: fills an empty installation with a believable year."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from deals.demo import story


class Command(BaseCommand):
    help = "Load the demo data (people, leads, deals of twelve months). Does nothing where the demo people exist."

    def handle(self, *args, **options):
        if settings.IS_PRODUCTION:
            raise CommandError("Demo data has public passwords; it does not load in production mode.")
        told = story.load()
        self.stdout.write(told or "The demo data is there already.")

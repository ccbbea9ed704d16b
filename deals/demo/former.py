"""Deals of the years before, as a file of the former CRM brought them: what the win probability is learned from."""

import csv
import datetime
import io
import math
import random

from django.core.files.uploadedfile import SimpleUploadedFile

from deals.demo.clock import at, days_ago
from leads.actions import imports as actions
from leads.imports.targets import registry
from leads.models import Company, ImportBatch
from people.models import User

DEALS = 240
# What made a deal likely then, in log-odds; the demo's past knows what its people only suspect.
SOURCES = {"Referral": 1.3, "Partner": 0.7, "Event": 0.1, "Web form": -0.6, "Outbound": -1.2}
INDUSTRIES = {"Manufacturing": 1.1, "Logistics": 0.8, "Retail": -0.4, "Financial services": -0.9, "Insurance": -0.8}


def bring(people: dict[str, User]) -> None:
    """Import them as the admin did when the team began, a year ago."""
    admin = people["admin"]
    with at(days_ago(362), user=admin.pk, action="import"):
        file = SimpleUploadedFile("former-crm-deals.csv", _file(people["ae"]).encode(), "text/csv")
        batch = actions.upload(admin, registry["opportunities"], file)
        actions.match_columns(admin, batch, batch.mapping, {})
        actions.work(batch.pk)
        batch = ImportBatch.objects.get(pk=batch.pk)
        actions.confirm(admin, batch)
        actions.work(batch.pk)


def _file(owner: User) -> str:
    dice = random.Random("former deals")  # noqa: S311  a story, not a secret
    companies = list(Company.objects.order_by("pk")[:120])
    out = io.StringIO()
    write = csv.writer(out).writerow
    write(["Deal ID", "Deal name", "Account", "Stage", "Amount", "Created", "Close date", "Deal type", "Lead source",
           "Owner", "Systems to connect"])  # fmt: skip
    for number in range(DEALS):
        company, source = dice.choice(companies), dice.choice(list(SOURCES))
        systems, amount = dice.randrange(1, 15), 5000 * dice.randrange(4, 50)
        began = datetime.date.today() - datetime.timedelta(days=dice.randrange(480, 720))
        ended = began + datetime.timedelta(days=dice.randrange(25, 110))
        logit = -0.9 + SOURCES[source] + INDUSTRIES.get(company.industry, 0.0) - 0.12 * (systems - 7)
        won = dice.random() < 1 / (1 + math.exp(-1.4 * logit))
        write([
            f"F-{1000 + number}", f"{company.name}: data platform", company.name,
            "Closed Won" if won else "Closed Lost", amount, began.isoformat(), ended.isoformat(), "New business",
            source, owner.name, systems,
        ])  # fmt: skip
    return out.getvalue()

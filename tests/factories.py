"""Rows for tests, made as the domain makes them."""

import factory
from factory.django import DjangoModelFactory

from leads.models import Company, Lead
from people.models import Membership, Role, Team, User

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@ours.example")
    name = factory.Sequence(lambda n: f"Person {n}")
    role = Role.AE

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return model_class.objects.create_user(*args, password=PASSWORD, **kwargs)

    @factory.post_generation
    def team(self, create, extracted, **kwargs):
        if extracted:
            Membership.objects.create(team=extracted, user=self)


class TeamFactory(DjangoModelFactory):
    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")


class CompanyFactory(DjangoModelFactory):
    class Meta:
        model = Company

    name = factory.Sequence(lambda n: f"Company {n}")
    domain = factory.Sequence(lambda n: f"company{n}.example")


class LeadFactory(DjangoModelFactory):
    class Meta:
        model = Lead

    name = factory.Sequence(lambda n: f"Lead {n}")
    email = factory.Sequence(lambda n: f"lead{n}@company{n}.example")
    company = factory.SubFactory(CompanyFactory)

"""What every test may ask for: teams, people in every role, and a client signed in as one of them."""

from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from people.models import Role
from presales.cache import _outages
from tests.factories import TeamFactory, UserFactory
from tests.template import template

SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_blocker, django_db_modify_db_settings_parallel_suffix):
    """Test databases are copies of one that is migrated once."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = template()


@pytest.fixture(autouse=True)
def _no_outage():
    """What one test did to Redis is nothing to the next."""
    yield
    _outages.clear()


@pytest.fixture
def shared_data():
    """The folder of public files that lives beside the checkout."""
    if not SHARED_DATA.exists():
        pytest.skip(f"the public data files are not beside this checkout ({SHARED_DATA.name} is missing)")
    return SHARED_DATA


@pytest.fixture
def team(db):
    return TeamFactory(name="West")


@pytest.fixture
def other_team(db):
    return TeamFactory(name="East")


@pytest.fixture
def ae(team):
    return UserFactory(role=Role.AE, team=team, name="Ada AE")


@pytest.fixture
def se(team):
    return UserFactory(role=Role.SE, team=team, name="Sam SE")


@pytest.fixture
def manager(team):
    return UserFactory(role=Role.MANAGER, team=team, name="Mia Manager")


@pytest.fixture
def marketing(db):
    return UserFactory(role=Role.MARKETING, name="Max Marketing")


@pytest.fixture
def admin(db):
    return UserFactory(role=Role.ADMIN, name="Rita RevOps")


@pytest.fixture
def sign_in():
    """`sign_in(user)` is a client signed in as `user`."""

    def client_for(user):
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return client_for

"""A manager sees the own teams and those below; nobody sees sideways."""

import pytest

from people.models import Team, User
from tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_manager_sees_the_own_teams_and_those_below():
    region = TeamFactory()
    west = TeamFactory(parent=region)
    beside = TeamFactory()
    boss = UserFactory(role="manager", team=region)
    assert boss.team_ids == {region.pk, west.pk}
    assert set(Team.objects.visible_to(boss)) == {region, west}
    assert beside not in Team.objects.visible_to(boss)


def test_an_ae_sees_the_own_team_only():
    region = TeamFactory()
    west = TeamFactory(parent=region)
    ae = UserFactory(role="ae", team=region)
    other = UserFactory(role="ae", team=west)
    assert ae.team_ids == {region.pk}
    assert other not in User.objects.visible_to(ae)

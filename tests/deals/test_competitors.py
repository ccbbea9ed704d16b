"""Competitors of a deal: named in the commercial lane, read by the SE."""

import pytest

from deals.actions.competitors import add_competitor, edit_competitor, remove_competitor
from deals.models import Competitor
from presales.errors import Conflict, NotAllowed
from tests.deals.factories import OpportunityFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(team, ae, se):
    return OpportunityFactory(team=team, owner=ae, se=se)


def test_the_ae_adds_changes_and_removes(sign_in, deal, ae):
    client = sign_in(ae)
    client.post(f"/opportunities/{deal.pk}/competitors/add/", {"name": " Conduitly ", "status": "active"})
    rival = Competitor.objects.get()
    assert (rival.name, rival.get_status_display()) == ("Conduitly", "In the running")
    assert "Conduitly" in client.get(f"/opportunities/{deal.pk}/").content.decode()
    changed = {"name": "Conduitly", "status": "ahead", "note": "Cheaper", "version": "1"}
    client.post(f"/competitors/{rival.pk}/edit/", changed)
    rival.refresh_from_db()
    assert (rival.status, rival.note, rival.version) == ("ahead", "Cheaper", 2)
    client.post(f"/competitors/{rival.pk}/remove/")
    assert not Competitor.objects.exists()


def test_the_same_one_is_named_once(deal, ae):
    add_competitor(ae, deal, Competitor(name="Conduitly"))
    with pytest.raises(Conflict, match="named already"):
        add_competitor(ae, deal, Competitor(name="CONDUITLY"))
    other = add_competitor(ae, deal, Competitor(name="Pipewright"))
    other.name = "conduitly"
    with pytest.raises(Conflict):
        edit_competitor(ae, other, 1)


def test_the_se_reads_them(sign_in, deal, ae, se):
    rival = add_competitor(ae, deal, Competitor(name="Conduitly"))
    page = sign_in(se).get(f"/opportunities/{deal.pk}/").content.decode()
    assert "Conduitly" in page
    assert f"/competitors/{rival.pk}/" not in page
    with pytest.raises(NotAllowed):
        add_competitor(se, deal, Competitor(name="Pipewright"))
    with pytest.raises(NotAllowed):
        remove_competitor(se, rival)


def test_those_of_other_teams_do_not_exist(sign_in, deal, ae, other_team):
    rival = add_competitor(ae, deal, Competitor(name="Conduitly"))
    stranger = sign_in(UserFactory(role="ae", team=other_team))
    assert stranger.post(f"/competitors/{rival.pk}/remove/").status_code == 404
    assert stranger.get(f"/competitors/{rival.pk}/edit/").status_code == 404


def test_the_second_of_two_sees_both(sign_in, deal, ae):
    rival = add_competitor(ae, deal, Competitor(name="Conduitly"))
    client = sign_in(ae)
    sent = {"name": "Conduitly", "status": "ahead", "version": "1"}
    client.post(f"/competitors/{rival.pk}/edit/", sent)
    late = client.post(f"/competitors/{rival.pk}/edit/", sent | {"status": "out"})
    assert late.status_code == 409
    assert "Now stored: Ahead of us" in late.content.decode()

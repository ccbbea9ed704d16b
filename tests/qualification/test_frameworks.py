"""Admins change frameworks, managers their teams' policies; everything is judged anew."""

import pytest

from presales.errors import Conflict
from qualification.actions.frameworks import save_policy
from qualification.models import Criterion, DossierStatus, Framework, TeamPolicy
from qualification.seeds import seed
from qualification.status import sweep_statuses
from tests.qualification.factories import DossierFactory, framework
from tests.qualification.test_status import NOW

pytestmark = pytest.mark.django_db


def test_seeding_twice_adds_nothing():
    seed()
    count = Criterion.objects.count()
    seed()
    assert (Framework.objects.count(), Criterion.objects.count()) == (3, count)


def test_an_admin_adds_a_framework_without_code(sign_in, admin):
    client = sign_in(admin)
    client.post("/frameworks/add/", {"name": "SPICED", "description": "", "is_active": "on"})
    spiced = Framework.objects.get(slug="spiced")
    data = {"name": "Impact", "help": "", "lane": "technical", "required_level": "2", "fact": "", "order": "0",
            "questions": "What changes?\n\nFor whom?"}  # fmt: skip
    assert client.post(f"/frameworks/{spiced.pk}/criteria/add/", data).status_code == 302
    impact = spiced.criteria.get()
    assert [question.text for question in impact.questions.all()] == ["What changes?", "For whom?"]


def test_a_changed_criterion_has_its_dossiers_judged_anew(sign_in, admin):
    dossier = DossierFactory()
    sweep_statuses(NOW)
    need = dossier.framework.criteria.get(key="need")
    data = {
        "name": "Need",
        "help": "",
        "lane": "technical",
        "required_level": "3",
        "fact": "",
        "order": "2",
        "questions": "",
    }
    sign_in(admin).post(f"/criteria/{need.pk}/edit/", data)
    assert DossierStatus.objects.stale(NOW).count() == 1


def test_only_admins_change_frameworks(sign_in, manager, ae):
    bant = framework()
    for person in (manager, ae):
        assert sign_in(person).post(f"/frameworks/{bant.pk}/edit/", {"name": "X"}).status_code == 403


def test_a_manager_sets_the_own_teams_policy(sign_in, manager, team, other_team):
    data = {
        "framework": framework("meddicc").pk,
        "minimum_budget": "1000",
        "timeline_months": "9",
        "stale_after_days": "30",
        "discount_limit": "15",
    }
    client = sign_in(manager)
    assert client.post(f"/teams/{team.pk}/qualification/", data).status_code == 302
    policy = TeamPolicy.objects.get(team=team)
    assert policy.framework.slug == "meddicc"
    assert client.post(f"/teams/{other_team.pk}/qualification/", data).status_code == 404
    # The second of two who save at once is shown both versions.
    client.post(f"/teams/{team.pk}/qualification/", data | {"version": "1", "minimum_budget": "2000"})
    late = client.post(f"/teams/{team.pk}/qualification/", data | {"version": "1", "minimum_budget": "3000"})
    assert late.status_code == 409
    assert TeamPolicy.objects.get(team=team).minimum_budget == 2000


def test_the_second_of_two_first_policies_is_refused(admin, manager, team):
    chosen = framework()
    save_policy(manager, TeamPolicy(framework=chosen, stale_after_days=50), team, None)
    with pytest.raises(Conflict):
        save_policy(admin, TeamPolicy(framework=chosen, stale_after_days=60), team, None)
    assert TeamPolicy.objects.get(team=team).stale_after_days == 50

"""Leads go to the team of their territory and there round by turns, past those who are away or full."""

import datetime
import threading
from collections import Counter

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from leads import routing
from leads.actions.routing import assign, route
from leads.actions.stages import make_mql
from leads.models import Lead, LeadStage
from people.models import Absence, Team
from people.workload import Workload
from presales.errors import Conflict, NotAllowed
from tests.factories import CompanyFactory, LeadFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


def company(**values):
    return CompanyFactory.build(**values)


def test_the_most_exact_territory_wins():
    anywhere = Team(pk=1, name="Anywhere")
    emea = Team(pk=2, name="EMEA", regions=["EMEA"])
    banks = Team(pk=3, name="EMEA banks", regions=["EMEA"], verticals=["Banking"])
    teams = [anywhere, emea, banks]
    assert routing.team_for(company(region="emea", industry="banking"), teams) == banks
    assert routing.team_for(company(region="EMEA", industry="Retail"), teams) == emea
    assert routing.team_for(company(region="APAC"), teams) == anywhere
    assert routing.team_for(None, teams) == anywhere
    assert routing.team_for(company(region="APAC"), [emea, banks]) is None


def test_a_territory_may_name_countries():
    assert routing.team_for(company(region="EMEA", country="Norway"), [Team(pk=1, name="N", regions=["Norway"])])


@pytest.mark.parametrize(("employees", "fits"), [(None, False), (49, False), (50, True), (500, True), (501, False)])
def test_company_size_counts(employees, fits):
    team = Team(name="Mid", min_employees=50, max_employees=500)
    assert (routing.territory_score(team, "", "", employees) is not None) == fits


sizes = st.one_of(st.none(), st.integers(0, 10_000))
names = st.sampled_from(["", "EMEA", "APAC", "Banking", "Retail"])


@given(
    st.lists(st.tuples(st.lists(names, max_size=2), st.lists(names, max_size=2), sizes), max_size=5),
    names,
    names,
    sizes,
)
def test_a_chosen_team_always_covers_the_company_and_the_order_of_teams_does_not_matter(specs, region, industry, size):
    teams = [
        Team(pk=i, name=f"T{i}", regions=regions, verticals=verticals, min_employees=smallest)
        for i, (regions, verticals, smallest) in enumerate(specs, 1)
    ]
    target = company(region=region, industry=industry, employees=size)
    chosen = routing.team_for(target, teams)
    assert routing.team_for(target, teams[::-1]) == chosen
    if chosen:
        assert routing.territory_score(chosen, region, industry, size) is not None
    else:
        assert all(routing.territory_score(team, region, industry, size) is None for team in teams)


def test_leads_go_round(team):
    people = [UserFactory(team=team) for _ in range(3)]
    leads = [LeadFactory(team=team) for _ in range(7)]
    for lead in leads:
        make_mql(None, [lead.pk])
    owners = [Lead.objects.get(pk=lead.pk).owner for lead in leads]
    assert owners == [people[i % 3] for i in range(7)]


def test_one_batch_goes_round_like_many_single_leads(team):
    people = [UserFactory(team=team) for _ in range(3)]
    make_mql(None, [LeadFactory(team=team).pk for _ in range(7)])
    counted = Counter(Lead.objects.values_list("owner", flat=True))
    assert sorted(counted.values()) == [2, 2, 3]
    assert set(counted) == {person.pk for person in people}


def test_those_away_or_full_are_passed_over(team):
    today = timezone.now().date()
    away = UserFactory(team=team)
    Absence.objects.create(user=away, starts_on=today - datetime.timedelta(days=3), ends_on=today)
    full = UserFactory(team=team, capacity=1)
    LeadFactory(team=team, owner=full, stage=LeadStage.SAL)
    there = UserFactory(team=team)
    for first, last in ((-5, -1), (1, 9)):  # was away, will be away
        days = [today + datetime.timedelta(days=days) for days in (first, last)]
        Absence.objects.create(user=there, starts_on=days[0], ends_on=days[1])
    UserFactory(team=team, is_active=False)
    UserFactory(team=team, role="se")
    leads = [LeadFactory(team=team) for _ in range(3)]
    make_mql(None, [lead.pk for lead in leads])
    assert {Lead.objects.get(pk=lead.pk).owner for lead in leads} == {there}


def test_a_manager_gives_a_lead_to_who_is_away_only_on_purpose(team, manager, ae, sign_in):
    lead = LeadFactory(team=team, stage=LeadStage.MQL)
    client, page = sign_in(manager), f"/leads/{lead.pk}/assign/"
    assert "Also while away" not in client.get(page).content.decode()
    Absence.objects.create(user=ae, starts_on=ae.today, ends_on=ae.today)
    asked = client.get(page).content.decode()
    assert "Also while away" in asked
    assert f"{ae.name} · away until" in asked
    assert client.post(page, {"owner": ae.pk}).status_code == 409
    lead.refresh_from_db()
    assert lead.owner is None
    assert client.post(page, {"owner": ae.pk, "while_away": "on"}).status_code == 302
    lead.refresh_from_db()
    assert lead.owner == ae


def test_a_team_without_room_keeps_the_lead_for_whoever_accepts(team):
    UserFactory(team=team, capacity=0)
    lead = LeadFactory(team=team)
    make_mql(None, [lead.pk])
    lead.refresh_from_db()
    assert (lead.stage, lead.owner, lead.team) == (LeadStage.MQL, None, team)


def test_rooms_above_add_to_the_load(team, monkeypatch):
    busy, free = UserFactory(team=team), UserFactory(team=team)
    monkeypatch.setattr(routing, "workloads", [Workload("open opportunities", lambda ids: {busy.pk: 30}, "ae")])
    lead = LeadFactory(team=team)
    make_mql(None, [lead.pk])
    lead.refresh_from_db()
    assert lead.owner == free


def test_a_lead_without_a_team_goes_where_its_company_belongs(team, other_team):
    team.regions = ["EMEA"]
    team.save()
    ae = UserFactory(team=team)
    UserFactory(team=other_team)
    lead = LeadFactory(company=CompanyFactory(region="EMEA"))
    make_mql(None, [lead.pk])
    lead.refresh_from_db()
    assert (lead.team, lead.owner) == (team, ae)


@pytest.mark.django_db(transaction=True)
def test_routing_at_once_still_goes_round(team):
    people = [UserFactory(team=team) for _ in range(4)]
    leads = [LeadFactory(team=team) for _ in range(8)]
    start = threading.Barrier(len(leads))

    def run(lead):
        start.wait()
        try:
            make_mql(None, [lead.pk])
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[lead]) for lead in leads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(Lead.objects.values_list("owner", flat=True)) == {person.pk: 2 for person in people}


def test_a_manager_assigns_within_the_own_teams(team, manager, ae):
    lead = LeadFactory(team=team, stage=LeadStage.SAL, owner=UserFactory(team=team))
    assert assign(manager, lead, owner=ae, reason="Ada knows them").owner == ae
    assert lead.events.order_by("-pgh_id").first().pgh_context["reason"] == "Ada knows them"


def test_nobody_assigns_to_strangers_or_to_engineers(team, manager, se, other_team):
    lead = LeadFactory(team=team)
    with pytest.raises(Conflict, match="not in one of your teams"):
        assign(manager, lead, owner=UserFactory(team=other_team))
    with pytest.raises(Conflict, match="no active account executive"):
        assign(manager, lead, owner=se)


def test_an_ae_assigns_nothing(team, ae):
    with pytest.raises(NotAllowed):
        assign(ae, LeadFactory(team=team, owner=ae), owner=ae)


def test_marketing_routes_what_nobody_accepted_yet(team, other_team, ae, marketing):
    lead = LeadFactory(team=other_team)
    assert route(marketing, lead, team=team).team == team
    accepted = LeadFactory(team=team, owner=ae, stage=LeadStage.SAL)
    with pytest.raises(NotAllowed):
        route(marketing, accepted, team=team)


def test_without_a_fitting_territory_somebody_has_to_choose(marketing):
    team = TeamFactory(regions=["APAC"])
    UserFactory(team=team)
    with pytest.raises(Conflict, match="No team's territory"):
        route(marketing, LeadFactory(company=CompanyFactory(region="EMEA")))

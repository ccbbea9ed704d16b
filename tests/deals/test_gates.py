"""Every gate: met, unmet and overridden; and the exit criteria that say which stage wants which.

A new gate fails here until SCENES says how a deal meets it and how it falls short.
"""

import datetime

import pytest
from django.utils import timezone

from deals.actions.criteria import add_criterion, change_criterion, remove_criterion
from deals.actions.stages import move_stage
from deals.gates import GATES, demo_held, gate, missing_for, poc_agreed, poc_decided
from deals.models import (
    Claim,
    ClosingStep,
    Debrief,
    ExitCriterion,
    Handoff,
    HuddleItem,
    HuddlePoint,
    Opportunity,
    Override,
    PocWaiver,
    Requirement,
    Stakeholder,
    TechnicalWin,
)
from deals.seeds import EXIT_CRITERIA
from presales.errors import Conflict, GateRefused, NotAllowed
from tests.deals.factories import (
    MeetingFactory,
    OpportunityFactory,
    StakeholderFactory,
    pipeline,
    poc_of,
    proposal_of,
    stage,
)
from tests.qualification.factories import DossierFactory, evidence, framework, qualify

pytestmark = pytest.mark.django_db


def save(deal, **facts):
    Opportunity.objects.filter(pk=deal.pk).update(**facts)


def knows(key, level, **facts):
    return lambda deal, people: evidence(deal.dossier, key, level, **facts)


def claimed(deal, people):
    Claim.objects.create(opportunity=deal, se=people["se"])
    save(deal, se=people["se"])


SOON = datetime.date.today() + datetime.timedelta(days=20)

# Gate: framework, how the deal falls short and what it then misses, how it is met.
SCENES = {
    "dossier_qualified": (
        "bant",
        lambda deal, people: qualify(deal.dossier) or evidence(deal.dossier, "budget", 1),
        "Budget: assumed, wanted is stated",
        lambda deal, people: qualify(deal.dossier),
    ),
    "compelling_event_named": (
        "bant",
        lambda deal, people: save(deal, compelling_event="  "),
        "No compelling event is named",
        lambda deal, people: save(deal, compelling_event="Audit in March"),
    ),
    "next_step_dated": (
        "bant",
        lambda deal, people: save(deal, next_step="Workshop"),
        "No dated next step is agreed",
        lambda deal, people: save(deal, next_step="Workshop", next_step_on=SOON),
    ),
    "se_on_it": ("bant", lambda deal, people: None, "An SE has to claim the deal", claimed),
    "technical_pain_validated": (
        "meddicc",
        knows("identify_pain", 2),
        "Identify pain: stated, wanted is validated",
        knows("identify_pain", 3),
    ),
    "economic_buyer_identified": (
        "meddicc",
        knows("economic_buyer", -1),
        "Economic buyer: known not to be so",
        knows("economic_buyer", 2, person_name="Lena Ortiz"),
    ),
    "champion_identified": (
        "meddicc",
        knows("champion", 1),
        "Champion: assumed, wanted is stated",
        knows("champion", 2, person_name="Kim Doe"),
    ),
    "decision_criteria_known": (
        "meddicc",
        lambda deal, people: None,
        "Decision criteria: unknown, wanted is stated",
        knows("decision_criteria", 2),
    ),
    "decision_process_known": (
        "meddicc",
        lambda deal, people: None,
        "Decision process: unknown, wanted is stated",
        knows("decision_process", 2, decision_on=SOON),
    ),
    "demo_held": (
        "bant",
        lambda deal, people: MeetingFactory(opportunity=deal, kind="technical", hours=-30),
        "No demo has been held yet",
        lambda deal, people: hold(deal, people),
    ),
    "proposal_sent": (
        "bant",
        lambda deal, people: proposal_of(deal, "declined"),
        "Proposal 1 is declined; send a new version",
        lambda deal, people: proposal_of(deal, "sent", number=2),
    ),
    "requirements_recorded": (
        "bant",
        lambda deal, people: wants(deal, must="", could="native"),
        "1 must has no fit yet",
        lambda deal, people: wants(deal, must="gap", could=""),
    ),
    "poc_agreed": (
        "bant",
        lambda deal, people: poc_of(deal, "running", unagreed_reason="In a hurry"),
        "POC 1 started before its criteria were agreed",
        lambda deal, people: poc_of(deal, "running"),
    ),
    "poc_decided": (
        "bant",
        lambda deal, people: poc_of(deal, "running"),
        "POC 1 is running; nobody has decided yet",
        lambda deal, people: poc_of(deal, "failed"),
    ),
    "technical_win_recorded": (
        "bant",
        lambda deal, people: TechnicalWin.objects.create(opportunity=deal, satisfaction=5),
        "The technical win is not recorded yet",
        lambda deal, people: TechnicalWin.objects.create(
            opportunity=deal, state="won", decided_on=datetime.date.today(), signed_off_name="Kim Doe"
        ),
    ),
    "closing_steps_listed": (
        "bant",
        lambda deal, people: ClosingStep.objects.create(opportunity=deal, what="Their remarks", kind="legal"),
        "No security step is listed",
        lambda deal, people: [
            ClosingStep.objects.create(opportunity=deal, what="A step", kind=kind) for kind in ("legal", "security")
        ],
    ),
    "handoff_started": (
        "bant",
        # What an earlier closing left behind is its record, not a start.
        lambda deal, people: Handoff.objects.create(
            opportunity=deal,
            started_by=people["ae"],
            promises="Sign-on",
            closed_on=datetime.date(2024, 3, 1),
            reopened_at=datetime.datetime(2024, 4, 1, tzinfo=datetime.UTC),
        ),
        "The handoff is not started",
        lambda deal, people: Handoff.objects.create(opportunity=deal, started_by=people["ae"], promises="Sign-on"),
    ),
}


def wants(deal, **fits):
    """Requirements of these importances with these fits."""
    for importance, fit in fits.items():
        Requirement.objects.create(opportunity=deal, text=f"A {importance}", importance=importance, fit=fit)


def hold(deal, people, *, huddle=True, by=("ae", "se"), hours=-30):
    """A demo that is over, with what is asked for."""
    demo = MeetingFactory(opportunity=deal, hours=hours)
    if huddle:
        HuddlePoint.objects.bulk_create(
            HuddlePoint(meeting=demo, item=item, by=people["ae"]) for item in HuddleItem.values
        )
    for lane in by:
        Debrief.objects.create(meeting=demo, author=people[lane], lane=lane, missed="-", real_pain="yes", context=4)
    return demo


@pytest.fixture
def people(ae, se, manager):
    return {"ae": ae, "se": se, "manager": manager}


@pytest.fixture
def asked(team, ae, request):
    """A deal in Discovery, whose stage wants one gate alone."""

    def build(name, *, is_required=True):
        first = stage("discovery")
        first.criteria.all().delete()
        ExitCriterion.objects.create(stage=first, gate=name, is_required=is_required)
        dossier = DossierFactory(framework=framework(SCENES[name][0]))
        return OpportunityFactory(team=team, owner=ae, stage=first, dossier=dossier)

    return build


def fresh(deal):
    return Opportunity.objects.get(pk=deal.pk)


def test_every_gate_has_its_scene():
    assert set(SCENES) == set(GATES)


def test_every_gate_explains_itself():
    for found in GATES.values():
        assert found.label[0].isupper()
        assert found.description.endswith((".", "2.", "3."))
        assert len(found.name) <= 60


def test_stages_want_only_gates_that_there_are():
    assert {name for wanted in EXIT_CRITERIA.values() for name, _ in wanted} <= set(GATES)
    pipeline()
    assert ExitCriterion.objects.count() == sum(map(len, EXIT_CRITERIA.values()))


@pytest.mark.parametrize("name", sorted(GATES))
class TestEveryGate:
    def test_met(self, name, asked, people):
        deal = asked(name)
        SCENES[name][3](deal, people)
        move_stage(people["ae"], fresh(deal), stage("presentation"))
        assert fresh(deal).stage == stage("presentation")
        assert not Override.objects.exists()

    def test_unmet_says_what_is_missing_and_where_it_is_mended(self, name, asked, people, sign_in):
        deal = asked(name)
        SCENES[name][1](deal, people)
        with pytest.raises(GateRefused) as refused:
            move_stage(people["ae"], fresh(deal), stage("presentation"))
        assert [item.what for item in refused.value.missing] == [SCENES[name][2]]
        assert not refused.value.may_override
        assert sign_in(people["manager"]).get(refused.value.missing[0].url).status_code == 200
        assert fresh(deal).stage == stage("discovery")

    def test_overridden(self, name, asked, people):
        deal = asked(name)
        SCENES[name][1](deal, people)
        with pytest.raises(GateRefused) as refused:
            move_stage(people["manager"], fresh(deal), stage("presentation"))
        assert refused.value.may_override
        move_stage(people["manager"], fresh(deal), stage("presentation"), override=True, reason="I know them")
        override = Override.objects.get()
        assert (override.opportunity, override.by, override.reason) == (deal, people["manager"], "I know them")
        assert (override.from_stage.slug, override.to_stage.slug) == ("discovery", "presentation")
        assert override.missing == [SCENES[name][2]]
        assert fresh(deal).stage == stage("presentation")

    def test_advisory_only_advises(self, name, asked, people):
        deal = asked(name, is_required=False)
        SCENES[name][1](deal, people)
        found = missing_for(fresh(deal), stage("presentation"))
        assert [(item.what, item.advisory) for item in found] == [(SCENES[name][2], True)]
        move_stage(people["ae"], fresh(deal), stage("presentation"))
        assert not Override.objects.exists()


def test_stale_evidence_meets_no_gate(asked, people):
    deal = asked("technical_pain_validated")
    evidence(deal.dossier, "identify_pain", 3, age=60)
    [missing] = missing_for(fresh(deal), stage("presentation"))
    assert "went stale; confirm it" in missing.what


def test_bant_names_pain_and_buyer_in_its_own_words(team, ae):
    deal = OpportunityFactory(team=team, owner=ae, stage=stage("discovery"))
    qualify(deal.dossier)
    whats = [item.what for item in missing_for(deal, stage("presentation")) if not item.advisory]
    assert whats == ["An SE has to claim the deal", "Need: stated, wanted is validated"]


@pytest.mark.parametrize(("gate", "role"), [("champion_identified", "champion"),
                                            ("economic_buyer_identified", "economic_buyer")])  # fmt: skip
def test_the_buying_committee_answers_for_people(asked, people, gate, role):
    deal = asked(gate)
    known = StakeholderFactory(opportunity=deal, role=role, stance="against")
    assert missing_for(deal, stage("presentation"))
    Stakeholder.objects.filter(pk=known.pk).update(stance="unknown")
    assert missing_for(deal, stage("presentation")) == []


def test_a_framework_without_the_person_leaves_the_buying_committee(team):
    dossier = DossierFactory(framework=framework("none"))
    deal = OpportunityFactory(team=team, stage=stage("discovery"), dossier=dossier)
    whats = [item.what for item in missing_for(deal, stage("presentation"))]
    assert "Nobody on the buying committee is the economic buyer" in whats
    assert "Nobody on the buying committee is the champion" in whats


def test_all_gates_at_once_ask_twelve_questions(team, django_assert_max_num_queries):
    deal = Opportunity.objects.select_related("stage", "dossier").get(
        pk=OpportunityFactory(team=team, dossier=DossierFactory(framework=framework("meddicc"))).pk
    )
    target = stage("won")
    with django_assert_max_num_queries(12):
        assert len(missing_for(deal, target)) == 19


def test_what_a_framework_does_not_ask_is_not_missing(team, ae):
    deal = OpportunityFactory(
        team=team, stage=stage("negotiation"), dossier=DossierFactory(framework=framework("none"))
    )
    proposal_of(deal, "sent")
    missing = missing_for(deal, stage("won"))
    assert [item.what for item in missing if not item.advisory] == ["The handoff is not started"]
    assert [item.what for item in missing if item.advisory] == [
        "No legal step is listed", "No security step is listed"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "fields", "agreed", "decided"),
    [
        ("proposed", {}, "The customer has not agreed to the criteria of POC 1",
         "POC 1 is proposed; nobody has decided yet"),
        ("agreed", {}, None, "POC 1 is agreed; nobody has decided yet"),
        ("running", {}, None, "POC 1 is running; nobody has decided yet"),
        ("running", {"agreed_on": None, "change_reason": "Two plants"},
         "The customer has not agreed to the changed criteria of POC 1", "POC 1 is running; nobody has decided yet"),
        ("passed", {"unagreed_reason": "In a hurry"}, "POC 1 started before its criteria were agreed", None),
        ("passed", {}, None, None),
        ("failed", {}, None, None),
        ("abandoned", {}, "No POC is agreed with the customer, nor waived by them",
         "No POC is decided, nor waived by the customer"),
    ],
)  # fmt: skip
def test_how_far_a_poc_has_come(team, state, fields, agreed, decided):
    deal = OpportunityFactory(team=team)
    poc_of(deal, state, **fields)
    assert [item.what for item in poc_agreed(deal)] == ([agreed] if agreed else [])
    assert [item.what for item in poc_decided(deal)] == ([decided] if decided else [])


def test_an_abandoned_poc_hides_no_earlier_one_and_a_waiver_stands_for_both(team):
    deal = OpportunityFactory(team=team)
    poc_of(deal, "passed")
    poc_of(deal, "abandoned", number=2)
    assert poc_agreed(deal) + poc_decided(deal) == []
    other = OpportunityFactory(team=team)
    poc_of(other, "abandoned")
    PocWaiver.objects.create(
        opportunity=other, waived_name="Kim Doe", waived_on=datetime.date.today(), reason="Enough seen"
    )
    assert poc_agreed(other) + poc_decided(other) == []


def test_an_override_that_was_not_needed_is_none(asked, people):
    deal = asked("next_step_dated")
    SCENES["next_step_dated"][3](deal, people)
    move_stage(people["manager"], fresh(deal), stage("presentation"), override=True, reason="To be sure")
    assert not Override.objects.exists()


def test_two_gates_cannot_share_a_name():
    with pytest.raises(ValueError, match="se_on_it"):
        gate("se_on_it", "Twice", "Never.")(lambda opportunity: [])


def test_a_criterion_wanted_twice_on_the_way_is_asked_once_and_required_wins(team, ae):
    add = ExitCriterion.objects.create
    pipeline()
    ExitCriterion.objects.all().delete()
    add(stage=stage("discovery"), gate="se_on_it", is_required=False)
    add(stage=stage("presentation"), gate="se_on_it", is_required=True)
    deal = OpportunityFactory(team=team, owner=ae, stage=stage("discovery"))
    assert [(item.what, item.advisory) for item in missing_for(deal, stage("evaluation"))] == [
        ("An SE has to claim the deal", False)
    ]


class TestTheAdminsEditor:
    @pytest.fixture(autouse=True)
    def _evaluation_wants_nothing(self):
        stage("evaluation").criteria.all().delete()

    def test_what_the_admin_changes_counts_at_once(self, admin, ae, team):
        deal = OpportunityFactory(team=team, owner=ae, stage=stage("evaluation"))
        made = add_criterion(admin, stage("evaluation"), "se_on_it", is_required=True)
        with pytest.raises(GateRefused):
            move_stage(ae, deal, stage("negotiation"))
        change_criterion(admin, made, is_required=False, position=1)
        assert [item.advisory for item in missing_for(deal, stage("negotiation"))] == [True]
        remove_criterion(admin, made)
        assert missing_for(deal, stage("negotiation")) == []
        move_stage(ae, deal, stage("negotiation"))

    def test_the_order_is_theirs(self, admin):
        first = stage("discovery")
        last = first.criteria.last()
        change_criterion(admin, last, is_required=last.is_required, position=2)
        assert [row.gate for row in first.criteria.all()][1] == last.gate
        assert [row.order for row in first.criteria.all()] == list(range(first.criteria.count()))

    def test_only_the_admin_changes_them(self, manager, ae):
        criterion = stage("discovery").criteria.first()
        for person in (manager, ae):
            with pytest.raises(NotAllowed):
                add_criterion(person, stage("evaluation"), "se_on_it", is_required=True)
            with pytest.raises(NotAllowed):
                change_criterion(person, criterion, is_required=False, position=1)
            with pytest.raises(NotAllowed):
                remove_criterion(person, criterion)

    def test_refused_with_a_sentence(self, admin):
        with pytest.raises(Conflict, match="wants that already"):
            add_criterion(admin, stage("discovery"), "se_on_it", is_required=True)
        with pytest.raises(Conflict, match="no such gate"):
            add_criterion(admin, stage("discovery"), "made_up", is_required=True)
        with pytest.raises(Conflict, match="closed stage"):
            add_criterion(admin, stage("won"), "se_on_it", is_required=True)
        criterion = stage("discovery").criteria.first()
        remove_criterion(admin, criterion)
        with pytest.raises(Conflict, match="removed this criterion"):
            change_criterion(admin, criterion, is_required=True, position=1)

    def test_in_the_browser_with_history(self, sign_in, admin):
        client, first = sign_in(admin), stage("evaluation")
        page = f"/stages/{first.pk}/"
        assert client.post(f"{page}criteria/add/", {"gate": "se_on_it", "is_required": "required"}).url == page
        criterion = first.criteria.get()
        client.post(f"/stages/criteria/{criterion.pk}/edit/", {"is_required": "advisory", "position": 1})
        assert not first.criteria.get().is_required
        client.post(f"/stages/criteria/{criterion.pk}/remove/")
        shown = client.get(page).content.decode()
        for line in ("added “An SE is on it”, required", "made “An SE is on it” advisory", "removed “An SE is on it”"):
            assert line in shown
        assert shown.count("Rita RevOps") >= 3

    @pytest.mark.parametrize("data", [{}, {"gate": "made_up", "is_required": "required"}, {"gate": "se_on_it"}])
    def test_bad_input_is_a_form_error(self, sign_in, admin, data):
        assert sign_in(admin).post(f"/stages/{stage('evaluation').pk}/criteria/add/", data).status_code == 422

    def test_a_gate_that_is_gone_holds_nothing_back_and_the_page_says_so(self, sign_in, admin, ae, team):
        ExitCriterion.objects.create(stage=stage("evaluation"), gate="of_another_version")
        deal = OpportunityFactory(team=team, owner=ae, stage=stage("evaluation"))
        move_stage(ae, deal, stage("negotiation"))
        client = sign_in(admin)
        assert "does not know the gate “of_another_version”" in client.get(
            f"/stages/{stage('evaluation').pk}/"
        ).content.decode().replace("\n", " ")
        assert "of_another_version" in client.get("/stages/").content.decode()

    def test_few_queries_whatever_the_number(self, sign_in, admin, django_assert_max_num_queries):
        client = sign_in(admin)
        for name in set(GATES) - set(stage("discovery").criteria.values_list("gate", flat=True)):
            add_criterion(admin, stage("discovery"), name, is_required=True)
        for address in ("/stages/", f"/stages/{stage('discovery').pk}/"):
            with django_assert_max_num_queries(12):
                assert client.get(address).status_code == 200


class TestOverridesAreShown:
    @pytest.fixture
    def gone_past(self, asked, people):
        deal = asked("se_on_it")
        move_stage(people["manager"], deal, stage("presentation"), override=True, reason="Their CFO called me")
        return deal

    def test_on_the_deal(self, gone_past, people, sign_in):
        client = sign_in(people["ae"])
        page = client.get(f"/opportunities/{gone_past.pk}/").content.decode()
        assert "Their CFO called me" in page
        assert "1 time" in page
        told = client.get(f"/opportunities/{gone_past.pk}/timeline/").content.decode()
        assert "went past a gate to Solution Presentation: An SE has to claim the deal" in told

    def test_in_the_list(self, gone_past, people, sign_in, team, ae):
        OpportunityFactory(team=team, owner=ae, name="Straight on")
        client = sign_in(people["manager"])
        page = client.get("/opportunities/?attention=overridden").content.decode()
        assert gone_past.name in page
        assert "went past a gate" in page
        assert "Straight on" not in page

    def test_at_the_stage(self, gone_past, admin, sign_in):
        page = sign_in(admin).get(f"/stages/{stage('discovery').pk}/").content.decode()
        assert gone_past.name in page
        assert "Their CFO called me" in page

    def test_seen_by_those_who_see_the_deal(self, gone_past, people, marketing):
        assert Override.objects.visible_to(people["ae"]).count() == 1
        assert Override.objects.visible_to(marketing).count() == 0


class TestTheBoardsAnswer:
    @pytest.mark.parametrize(("role", "may"), [("ae", False), ("manager", True)])
    def test_says_who_may_go_past(self, asked, people, sign_in, role, may):
        deal = asked("se_on_it")
        answer = sign_in(people[role]).post(
            f"/opportunities/{deal.pk}/move/",
            {"stage": stage("presentation").pk},
            headers={"Accept": "application/json", "HX-Request": "true"},
        )
        assert answer.status_code == 409
        assert answer.json()["may_override"] is may
        assert answer.json()["missing"] == [
            {"what": "An SE has to claim the deal", "url": f"/opportunities/{deal.pk}/ask/"}
        ]

    def test_without_scripts_the_form_itself_offers_it(self, asked, people, sign_in):
        deal = asked("se_on_it")
        client, address = sign_in(people["manager"]), f"/opportunities/{deal.pk}/move/"
        page = client.post(address, {"stage": stage("evaluation").pk})
        assert page.status_code == 409
        assert "Before Evaluation / POC, this is missing" in page.content.decode()
        assert 'name="override"' in page.content.decode()
        data = {"stage": stage("evaluation").pk, "override": "on", "reason": "Board meeting"}
        assert client.post(address, data).status_code == 302
        assert Override.objects.get().reason == "Board meeting"


class TestTheDemo:
    @pytest.mark.parametrize(
        ("held", "lacking"),
        [
            ({"huddle": False}, ["The demo of {day} had no huddle: plan the next one with it"]),
            ({"by": ["se"]}, ["The AE has not debriefed the demo of {day}"]),
            ({"by": ["ae"]}, ["The SE has not debriefed the demo of {day}"]),
        ],
    )
    def test_says_what_a_demo_lacks(self, held, lacking, asked, people):
        deal = asked("demo_held")
        demo = hold(deal, people, **held)
        day = f"{demo.starts_at:%-d %b}"
        assert [item.what for item in demo_held(deal)] == [line.format(day=day) for line in lacking]

    def test_the_best_of_several_counts(self, asked, people):
        deal = asked("demo_held")
        hold(deal, people, huddle=False, by=())
        hold(deal, people, by=("ae",), hours=-60)
        assert [item.what[:14] for item in demo_held(deal)] == ["The SE has not"]
        hold(deal, people, hours=-90)
        assert demo_held(deal) == []

    def test_one_that_is_ahead_or_was_cancelled_is_none(self, asked, people):
        deal = asked("demo_held")
        MeetingFactory(opportunity=deal, hours=20)
        MeetingFactory(opportunity=deal, hours=-20, cancelled_at=timezone.now())
        assert [item.what for item in demo_held(deal)] == ["No demo has been held yet"]

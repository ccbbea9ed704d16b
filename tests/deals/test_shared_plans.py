"""The plan that a customer reads under a link: it leaks nothing, and the link is not guessed, altered or outlived."""

import datetime
import itertools
import logging
import re

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import DatabaseError, models, transaction
from django.test import Client
from django.utils import timezone

from deals.actions.poc_links import TOKEN_LENGTH, hash_token, revoke_link, share_poc
from deals.models import (
    Autopsy,
    AutopsyView,
    CharterException,
    Claim,
    ClosingStep,
    CriterionRequirement,
    Decline,
    HuddleItem,
    HuddlePoint,
    Opportunity,
    Override,
    Poc,
    PocCriterion,
    PocLink,
    PocStep,
    PocWaiver,
    Proposal,
    ProposalLine,
    ProposalWork,
    QueueEntry,
    Scrub,
    ScrubDecision,
    SpecialistDecline,
    SpecialistRequest,
    TechnicalWin,
)
from deals.models.poc_links import MOST_LINKS
from presales.errors import Conflict, NotAllowed
from tests.deals.factories import OpportunityFactory, RequirementFactory, poc_of, stage
from tests.factories import CompanyFactory, UserFactory
from tests.permissions.world import PLAN_TOKEN, build

pytestmark = pytest.mark.django_db
TODAY = datetime.date.today()


@pytest.fixture(autouse=True)
def _nobody_counted():
    cache.clear()


@pytest.fixture
def deal(team, ae, se):
    company = CompanyFactory(name="Northwind")
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("evaluation"), company=company)
    Claim.objects.create(opportunity=made, se=se)
    return made


@pytest.fixture
def poc(deal):
    return poc_of(deal, "running")


@pytest.fixture
def token(poc, se):
    return share_poc(se, poc, "Their project lead", 30)[1]


def read(token, method="get", **headers):
    return getattr(Client(), method)(f"/plan/{token}/", **headers)


class TestLink:
    def test_it_is_random_shown_once_and_stored_as_a_hash(self, poc, se):
        links = [share_poc(se, poc, "Lead", 30) for _ in range(5)]
        tokens = {token for _, token in links}
        assert len(tokens) == 5
        assert {len(token) for token in tokens} == {43}  # 32 bytes, 256 bits
        for link, token in links:
            assert link.token_hash == hash_token(token)
            assert token.startswith(link.prefix)
            assert len(link.prefix) == 6
        stored = str(list(PocLink.objects.values())) + str(
            list(PocLink._meta.get_field("events").related_model.objects.values())
        )
        assert not any(token in stored for token in tokens)

    def test_the_page_that_shows_it_is_the_only_one(self, poc, se, sign_in):
        client = sign_in(se)
        answer = client.post(f"/pocs/{poc.pk}/share/", {"label": "Lead", "days": 14, "shows_names": "on"})
        address = re.search(r"/plan/([\w-]+)/", answer.content.decode())
        assert read(address[1]).status_code == 200
        assert "no-store" in answer["Cache-Control"]
        link = PocLink.objects.get()
        assert (link.label, link.shows_names, link.created_by) == ("Lead", True, se)
        assert round((link.expires_at - link.created_at).total_seconds()) == 14 * 86400
        for page in (f"/pocs/{poc.pk}/", f"/pocs/{poc.pk}/share/"):
            shown = client.get(page).content.decode()
            assert address[1] not in shown
            assert link.token_hash not in shown
        assert link.prefix in client.get(f"/pocs/{poc.pk}/").content.decode()

    def test_the_technical_lane_makes_and_revokes_it(self, poc, token, ae, team):
        for person in (ae, UserFactory(role="se", team=team)):
            with pytest.raises(NotAllowed):
                share_poc(person, poc, "Lead", 30)
            with pytest.raises(NotAllowed):
                revoke_link(person, PocLink.objects.get())
        assert read(token).status_code == 200

    def test_so_many_at_a_time(self, poc, se):
        for _ in range(MOST_LINKS):
            share_poc(se, poc, "Lead", 30)
        with pytest.raises(Conflict, match="Revoke one first"):
            share_poc(se, poc, "Lead", 30)

    @pytest.mark.parametrize("data", [{}, {"label": "x", "days": 9999}, {"label": "x" * 121, "days": 7}])
    def test_bad_input_is_a_form_error(self, poc, se, sign_in, data):
        assert sign_in(se).post(f"/pocs/{poc.pk}/share/", data).status_code == 422
        assert not PocLink.objects.exists()

    def test_revoked_it_shows_nothing(self, poc, token, se, sign_in):
        link = PocLink.objects.get()
        assert sign_in(se).post(f"/poc-links/{link.pk}/revoke/").status_code == 302
        assert read(token).status_code == 404
        before = PocLink.objects.get().revoked_at
        revoke_link(se, link)
        assert PocLink.objects.get().revoked_at == before

    def test_expired_it_shows_nothing(self, token):
        PocLink.objects.update(
            created_at=timezone.now() - datetime.timedelta(days=2),
            expires_at=timezone.now() - datetime.timedelta(seconds=1),
        )
        assert read(token).status_code == 404

    def test_altered_or_guessed_it_shows_nothing(self, token):
        swapped = [token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :] for place in range(43)]
        others = [token[:-1], token + "A", token.swapcase(), token[::-1], hash_token(token), token[:6], "A" * 43, "1"]
        for wrong in (*swapped, *others, f"{token}%00", "é" * 43, "x" * 3000, "%2e%2e"):
            assert read(wrong).status_code in (400, 404), wrong
        assert TOKEN_LENGTH == 43
        assert read(token).status_code == 200

    def test_wrong_expired_and_revoked_get_the_very_same_answer(self, poc, token, se):
        gone, _ = share_poc(se, poc, "Lead", 30)
        other = share_poc(se, poc, "Lead", 30)[1]
        revoke_link(se, PocLink.objects.get(token_hash=hash_token(other)))
        PocLink.objects.filter(token_hash=hash_token(token)).update(
            created_at=timezone.now() - datetime.timedelta(days=2), expires_at=timezone.now()
        )
        answers = []
        for wrong in (token, other, "A" * 43, "short"):
            answer = read(wrong)
            body = re.sub(rb"[0-9a-f]{16}", b"", answer.content)
            heads = {name: value for name, value in answer.items() if name != "X-Request-ID"}
            heads["Content-Security-Policy"] = re.sub(r"nonce-[^']+", "", heads["Content-Security-Policy"])
            answers.append((answer.status_code, body, heads))
        assert answers[1:] == answers[:-1]
        assert b"Northwind" not in answers[0][1]
        assert gone.revoked_at is None

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_nothing_is_written_through_it(self, token, method):
        answer = read(token, method, data=b"title=Mine", content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 405
        assert Poc.objects.get().title == "Live orders"

    def test_it_is_remembered_when_it_was_opened_to_the_minute(self, token):
        assert PocLink.objects.get().last_opened_at is None
        assert read(token, "head").status_code == 200
        assert PocLink.objects.get().last_opened_at is None
        read(token)
        first = PocLink.objects.get().last_opened_at
        read(token)
        assert PocLink.objects.get().last_opened_at == first
        PocLink.objects.update(last_opened_at=first - datetime.timedelta(minutes=2))
        read(token)
        assert PocLink.objects.get().last_opened_at >= first

    def test_whoever_asks_too_often_waits(self, token, monkeypatch):
        monkeypatch.setattr("deals.views.shared_plans.PER_NETWORK", 3)
        assert [read("A" * 43).status_code for _ in range(3)] == [404, 404, 404]
        answer = read(token)
        assert (answer.status_code, answer["Retry-After"]) == (429, "3600")

    def test_no_log_keeps_the_token(self, token, caplog):
        caplog.set_level(logging.DEBUG)
        read(token)
        read(token[:-1])
        PocLink.objects.update(revoked_at=timezone.now())
        read(token)
        assert token[:30] not in caplog.text


class TestPage:
    def test_headers_keep_it_out_of_caches_indexes_and_referrers(self, token):
        for answer in (read(token), read("A" * 43)):
            assert answer["Cache-Control"] == "no-store, private"
            assert answer["Referrer-Policy"] == "no-referrer"
            assert "noindex" in answer["X-Robots-Tag"]
            assert answer["X-Content-Type-Options"] == "nosniff"
            policy = answer["Content-Security-Policy"]
            assert "'unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert not answer.cookies

    def test_it_holds_no_script_no_form_and_no_link_into_the_site(self, token, poc):
        shown = read(token).content.decode()
        assert "<script" not in shown
        assert "<form" not in shown
        assert "csrf" not in shown
        links = set(re.findall(r'(?:href|src|action)="([^"]+)"', shown))
        assert all(link.startswith("/static/") for link in links), links

    def test_signed_in_or_not_it_is_the_same(self, token, se, sign_in):
        assert sign_in(se).get(f"/plan/{token}/").content == read(token).content

    def test_it_shows_the_plan(self, poc, token, se):
        row = poc.criteria.get()
        PocCriterion.objects.filter(pk=row.pk).update(
            result="97 of 100", met=True, evidence="Their log of May", evidence_on=TODAY, evidence_by="Ola Nord",
            evidence_shared=True,
        )  # fmt: skip
        PocStep.objects.create(poc=poc, text="Clone it for us", is_internal=True)
        PocStep.objects.update(who="Kai Berg")
        shown = read(token).content.decode()
        for text in ("Northwind", "Live orders", "One plant", "Criterion 0", "Counted", "95 of 100", "97 of 100",
                     "Met", "Their log of May", "Kick-off", "You", "Running"):  # fmt: skip
            assert text in shown, text
        for text in ("Clone it", "Kai Berg", "Ola Nord", "Kim Doe", se.name):
            assert text not in shown, text
        PocLink.objects.update(shows_names=True)
        shown = read(token).content.decode()
        for text in ("Kai Berg", "Ola Nord", "Kim Doe", se.name):
            assert text in shown, text
        assert "Clone it" not in shown

    @pytest.mark.parametrize("state", ["proposed", "agreed", "running", "passed", "failed", "abandoned"])
    def test_in_every_state(self, deal, se, state):
        made = poc_of(deal, state, criteria=0 if state == "proposed" else 2)
        assert read(share_poc(se, made, "Lead", 30)[1]).status_code == 200

    def test_what_we_wrote_is_text(self, poc, token):
        Poc.objects.update(state="proposed", agreed_on=None, agreed_name="", started_on=None)
        Poc.objects.update(title="<script>alert(1)</script>", scope='"><img src=x onerror=alert(1)>')
        shown = read(token).content.decode()
        assert "<script>alert" not in shown
        assert "<img" not in shown

    def test_few_queries(self, poc, token, django_assert_max_num_queries):
        PocStep.objects.bulk_create(PocStep(poc=poc, text=f"No. {n}") for n in range(30))
        with django_assert_max_num_queries(5):
            assert read(token).status_code == 200


# What the customer is meant to read; everything else of the deal is ours.
SHARED = {
    "deals.Poc": {"title", "scope"},
    "deals.PocCriterion": {"text", "measure", "target", "result"},
    "deals.PocStep": {"text"},
    "leads.Company": {"name"},
}
# Text that is neither free nor ours: keys, hashes and choices that code compares with.
NOT_WORDS = {"password", "token_hash", "session_key", "currency", "time_zone"}
ROOMS = ("deals", "leads", "qualification", "people")


def free_texts(model):
    """The fields of `model` in which people write."""
    for column in model._meta.concrete_fields:
        is_text = isinstance(column, models.CharField | models.TextField) and not column.choices
        is_free = column.name not in NOT_WORDS and (column.max_length or 999) >= 12 and not column.generated
        if is_text and is_free:
            yield column


def belongs_to_a_deal():
    """Every model from which a chain of keys leads to a deal."""
    found, before = {Opportunity}, None
    while before != found:
        before = set(found)
        for room in ROOMS:
            for model in apps.get_app_config(room).get_models():
                keys = (column.related_model for column in model._meta.concrete_fields if column.is_relation)
                if not model._meta.model_name.endswith("event") and found & set(keys):
                    found.add(model)
    return found


def write_markers():
    """Fill every free text of everything there is with words that stand nowhere else; those that are only ours."""
    ours, filled, numbers = {}, set(), itertools.count()
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            if model._meta.model_name.endswith("event") or not model._meta.managed:
                continue
            shared = SHARED.get(model._meta.label, set())
            for row in model._base_manager.order_by("pk")[:30]:
                for column in free_texts(model):
                    marker = f"zq{next(numbers)}x{row.pk}qz"
                    value = f"{marker}@acme.example" if isinstance(column, models.EmailField) else marker
                    try:
                        with transaction.atomic():
                            model._base_manager.filter(pk=row.pk).update(**{column.name: value[: column.max_length]})
                    except DatabaseError:
                        continue  # what the database holds fast, it holds fast
                    filled.add((model, column.name))
                    if column.name not in shared:
                        ours[marker] = f"{model._meta.label}.{column.name}"
    return ours, filled


def tell_the_rest(world):
    """Rows of what hangs on a deal and the world of the permission tests does without."""
    deal, se, owner = world.deal, world.people["se"], world.people["owner"]
    now = timezone.now()
    CharterException.objects.create(
        request=world.with_se, opportunity=deal, kind="poc", missing=["A budget"], by=se, reason="They are ready"
    )
    Override.objects.create(
        opportunity=deal, from_stage=deal.stage, to_stage=stage("evaluation"), by=owner, reason="Why", missing=["All"]
    )
    scrub = Scrub.objects.create(pairing=world.charter.pairing, started_by=se)
    ScrubDecision.objects.create(scrub=scrub, opportunity=deal, decision="keep", note="Well", by=se)
    Decline.objects.create(entry=QueueEntry.objects.filter(opportunity=deal).first(), se=se, reason="skills", note="No")
    HuddlePoint.objects.create(meeting=world.meeting, item=HuddleItem.values[0], by=owner, note="Who says what")
    autopsy = Autopsy.objects.create(opportunity=deal, closed_on=TODAY, lost_reason="price", reopened_at=now)
    AutopsyView.objects.create(autopsy=autopsy, author=se, lane="se", missed="It", first_known="In May", again="All")
    proposal = Proposal.objects.get(opportunity=deal)
    ProposalLine.objects.create(proposal=proposal, order=1, description="Licence", unit_price=60000)
    ProposalWork.objects.create(proposal=proposal, order=1, title="A connector", what="Twelve days of it")
    TechnicalWin.objects.create(
        opportunity=deal, state="won", decided_on=TODAY, signed_off_name="Lena", against_name="Them", note="Said so"
    )
    wanted = SpecialistRequest.objects.filter(opportunity=deal).first()
    SpecialistDecline.objects.create(request=wanted, specialist=se, reason="skills", note="No")
    row = PocCriterion.objects.get(poc__opportunity=deal)
    CriterionRequirement.objects.create(criterion=row, requirement=RequirementFactory(opportunity=deal))
    PocWaiver.objects.create(opportunity=deal, waived_name="Lena", waived_on=TODAY, reason="Enough")
    ClosingStep.objects.update(side="theirs", owner=None)  # theirs alone name a contact


def test_of_everything_that_is_written_about_the_deal_nothing_else_is_shown():
    world = build()
    deal = world.deal
    tell_the_rest(world)
    poc = Poc.objects.get(opportunity=deal)
    PocCriterion.objects.filter(poc=poc).update(
        result="97", met=True, evidence="Log", evidence_on=TODAY, evidence_by="Lead"
    )
    PocStep.objects.create(poc=poc, text="Ours alone", is_internal=True, due_on=TODAY)
    internal = PocStep.objects.get(is_internal=True)
    ours, filled = write_markers()
    Opportunity.objects.filter(pk=deal.pk).update(
        amount="987654.32", one_off="123987.45", claimed_probability=73, term_months=37
    )
    Poc.objects.filter(pk=poc.pk).update(days_planned="41.5", days_spent="38.5", state="running", started_on=TODAY,
                                         change_reason="zqreasonqz")  # fmt: skip

    # Nothing slipped past the markers: of all that hangs on a deal, something was written into every free text.
    # Whoever adds a model adds a row of it to the world of the permission tests, or to `tell_the_rest`.
    unmarked = [
        f"{model._meta.label}.{column.name}"
        for model in belongs_to_a_deal()
        for column in free_texts(model)
        if (model, column.name) not in filled
    ]
    assert unmarked == []

    Poc.objects.filter(pk=poc.pk).update(agreed_on=TODAY)
    answer = read(PLAN_TOKEN)
    assert answer.status_code == 200
    shown = answer.content.decode()
    internal.refresh_from_db()
    leaked = {ours[marker] for marker in re.findall(r"zq\d+x\d+qz", shown) if marker in ours}
    assert leaked == set()
    assert internal.text not in shown
    assert "zqreasonqz" not in shown
    for figure in ("987654", "987,654", "123987", "123,987", "73 %", "41.5", "38.5", "37 months"):
        assert figure not in shown
    # And the page is not empty for it: what is meant for the customer stands there, as it was marked.
    poc.refresh_from_db()
    row = poc.criteria.get()
    step = poc.steps.get(is_internal=False)
    for text in (poc.title, poc.scope, row.text, row.measure, row.target, row.result, step.text):
        assert text.startswith("zq")
        assert text in shown
    for link in PocLink.objects.all():
        assert link.prefix not in shown

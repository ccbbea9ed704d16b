"""The weekly mail: whose Monday morning it is, what it says, never twice, and how it ends."""

import datetime
import re
import zoneinfo
from decimal import Decimal

import pytest
from django.core import mail as sent
from django.core import signing
from django.utils import timezone

from insights.digest import content, due, links
from insights.filters import Quarterly
from insights.tasks import weekly_mails
from insights.week import told
from people.models import Role, User
from presales import outbox
from presales.models import OutboxMail
from tests.factories import UserFactory
from tests.insights.factories import deal, random_book

pytestmark = pytest.mark.django_db
MONDAY = datetime.date(2026, 11, 23)


def at(zone, hour, day=MONDAY, minute=0):
    return datetime.datetime.combine(day, datetime.time(hour, minute), zoneinfo.ZoneInfo(zone))


def readers():
    return set(OutboxMail.objects.values_list("to", flat=True))


# -- When --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Midway"])
def test_it_comes_on_monday_from_seven_by_the_persons_own_clock(zone, manager):
    User.objects.filter(pk=manager.pk).update(time_zone=zone)
    day = datetime.timedelta(days=1)
    for early in (
        at(zone, 6, minute=59),
        at(zone, 23, MONDAY - day),
        at(zone, 12, MONDAY - day),
        at(zone, 8, MONDAY + day),
    ):
        assert due.post_due(early) == 0
    assert due.post_due(at(zone, 7)) == 1
    assert readers() == {manager.email}


def test_each_zone_on_its_own_morning(team):
    zones = {"Asia/Tokyo": 0, "Europe/Berlin": 0, "America/New_York": 0}
    people = {zone: UserFactory(role=Role.MANAGER, team=team, time_zone=zone) for zone in zones}
    for zone in zones:  # from east to west
        due.post_due(at(zone, 7))
        zones[zone] = len(readers())
    assert list(zones.values()) == [1, 2, 3]
    assert readers() == {person.email for person in people.values()}


def test_whoever_slept_through_the_morning_catches_up_before_the_day_is_over(manager):
    assert due.post_due(at("UTC", 23)) == 1


def test_never_twice_for_one_week_and_again_in_the_next(manager):
    assert [due.post_due(at("UTC", hour)) for hour in (7, 8, 20)] == [1, 0, 0]
    assert due.post_due(at("UTC", 7, MONDAY + datetime.timedelta(days=7))) == 1
    assert set(OutboxMail.objects.values_list("key", flat=True)) == {
        f"digest:{manager.pk}:2026-W48", f"digest:{manager.pk}:2026-W49",
    }  # fmt: skip


def test_a_traveller_gets_one_a_week(manager):
    due.post_due(at("Asia/Tokyo", 7))
    User.objects.filter(pk=manager.pk).update(time_zone="Asia/Tokyo")
    due.post_due(at("Asia/Tokyo", 8))
    User.objects.filter(pk=manager.pk).update(time_zone="America/New_York")
    due.post_due(at("America/New_York", 8))
    assert OutboxMail.objects.count() == 1


# -- Who ---------------------------------------------------------------------------------------------------------------


def test_off_is_off_and_who_is_gone_or_reads_no_deals_gets_nothing(team, manager, ae, se, admin, marketing):
    UserFactory(role=Role.MANAGER, team=team, is_active=False)
    UserFactory(role=Role.MANAGER, team=team, weekly_mail=False)
    due.post_due(at("UTC", 7))
    assert readers() == {manager.email, ae.email, se.email, admin.email}


@pytest.mark.parametrize("change", [{"weekly_mail": False}, {"is_active": False}, {"role": Role.MARKETING}])
def test_who_turned_it_off_meanwhile_is_not_sent_what_was_written(change, manager):
    due.post_due(at("UTC", 7))
    User.objects.filter(pk=manager.pk).update(**change)
    outbox.send(timezone.now() + datetime.timedelta(days=1))
    assert sent.outbox == []
    assert OutboxMail.objects.get().state == OutboxMail.State.CANCELLED


def test_what_fails_for_one_keeps_nobody_else_from_theirs_and_is_told(manager, ae, monkeypatch):
    write = content.write

    def fails(user, last_day):
        if user.pk == manager.pk:
            raise ZeroDivisionError
        return write(user, last_day)

    monkeypatch.setattr(due, "write", fails)
    with pytest.raises(ExceptionGroup):
        due.post_due(at("UTC", 7))
    assert readers() == {ae.email}
    monkeypatch.setattr(due, "write", write)
    assert due.post_due(at("UTC", 8)) == 1


# -- What --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def deals(team, other_team, ae, se):
    common = {"team": team, "owner": ae, "se": se, "next_step": ""}
    deal(name="Ours & <b>bold</b>", amount=Decimal(4000), **common)
    deal(name="Mate's", team=team, amount=Decimal(500), next_step="")
    deal(name="Theirs", team=other_team, amount=Decimal(70000), next_step="")


def test_only_the_deals_of_the_own_teams(deals, manager, ae, other_team):
    other = UserFactory(role=Role.MANAGER, team=other_team)
    words = {who: content.write(who, None).text() + content.write(who, None).html() for who in (manager, ae, other)}
    assert "Ours" in words[manager]
    assert "Mate's" in words[manager] or "Mate&#x27;s" in words[manager]
    assert "Theirs" not in words[manager]
    assert "Ours" in words[ae]
    assert "Mate" not in words[ae].replace("teammate", "")
    assert "Theirs" in words[other]
    assert "Ours" not in words[other]


def test_an_se_reads_of_the_deals_that_the_se_holds(deals, se):
    text = content.write(se, None).text()
    assert "Ours" in text
    assert "Mate" not in text


def test_names_are_text(deals, manager):
    mail = content.write(manager, None)
    assert "<b>bold</b>" not in mail.html()
    assert "Ours &amp; &lt;b&gt;bold" in mail.html()
    assert "Ours & <b>bold</b>" in mail.text()


def test_the_figures_are_those_of_the_page_of_that_sunday(manager, team):
    random_book(5)
    boss = UserFactory(role=Role.ADMIN)
    sunday = timezone.localdate() - datetime.timedelta(days=timezone.localdate().weekday() + 1)
    mail = content.write(boss, sunday)
    page = told(Quarterly(boss, {"as_of": str(sunday)}), 8)
    assert [(one.now, one.before, one.url) for one in mail.week.figures] == [
        (one.now, one.before, one.url) for one in page.figures
    ]  # fmt: skip
    assert mail.week.week.until == sunday
    for one in page.figures:
        assert one.told in mail.text()


def test_its_links_go_on_saying_the_same_later(deals, manager, sign_in):
    mail = content.write(manager, timezone.localdate() - datetime.timedelta(days=1))
    found = re.findall(r"http://\S+", mail.text())
    client = sign_in(manager)
    assert len(found) > 7
    for address in found:
        assert client.get(address.removeprefix("http://localhost:8000")).status_code == 200, address
    assert all("as_of=" in figure.url or "until=" in figure.url for figure in mail.week.figures)


def test_a_mail_takes_a_fixed_number_of_queries(admin, django_assert_max_num_queries):
    for seed, size in ((1, 5), (2, 80)):
        random_book(seed, size=size)
        fresh = User.objects.get(pk=admin.pk)
        with django_assert_max_num_queries(12):
            mail = content.write(fresh, timezone.localdate() - datetime.timedelta(days=1))
            mail.text()
            mail.html()


def test_it_leaves_as_text_and_page_with_a_link_that_ends_it(deals, manager):
    due.post_due(at("UTC", 7))
    outbox.send(timezone.now() + datetime.timedelta(days=1))
    message = next(one for one in sent.outbox if one.to == [manager.email])
    assert [kind for _, kind in message.alternatives] == ["text/html"]
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert links.off_address(manager).rpartition(":")[0].rpartition(":")[0] in message.extra_headers["List-Unsubscribe"]
    assert "\n\n\n" not in message.body
    assert not re.search(r"[;,]$", message.body, re.MULTILINE)
    assert "http" not in re.sub(r'href="[^"]*"', "", message.alternatives[0][0]), "nothing is fetched"


def test_the_job_writes_them(manager, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: at("UTC", 9))
    weekly_mails()
    assert readers() == {manager.email}


# -- How it ends -------------------------------------------------------------------------------------------------------


def test_one_click_ends_it_without_signing_in(client, manager):
    address = f"/weekly-mail/{links.token(manager)}/off/"
    assert "One click" in client.get(address).content.decode()
    assert User.objects.get(pk=manager.pk).weekly_mail
    for _ in range(2):
        assert client.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    after = User.objects.get(pk=manager.pk)
    assert not after.weekly_mail
    assert after.version == manager.version + 1


def test_wrong_old_and_foreign_tokens_are_not_found(client, manager, monkeypatch):
    good = links.token(manager)
    others = [good[:-1], "x", f"{manager.pk}", signing.TimestampSigner(salt="other").sign(str(manager.pk)), "9" * 300]
    for token in others:
        assert client.post(f"/weekly-mail/{token}/off/").status_code == 404
    monkeypatch.setattr(links, "VALID", datetime.timedelta(seconds=-1))
    assert client.post(f"/weekly-mail/{good}/off/").status_code == 404
    assert User.objects.get(pk=manager.pk).weekly_mail


def test_the_account_page_turns_it_on_and_off(manager, marketing, sign_in):
    client = sign_in(manager)
    page = client.get("/account/").content.decode()
    assert "See the next one" in page
    form = client.get("/account/").context["form"]
    data = {name: form[name].value() or "" for name in form.fields if name != "weekly_mail"}
    assert client.post("/account/", data).status_code == 302
    assert not User.objects.get(pk=manager.pk).weekly_mail
    data["version"] = User.objects.get(pk=manager.pk).version
    client.post("/account/", data | {"weekly_mail": "on"})
    assert User.objects.get(pk=manager.pk).weekly_mail
    page = sign_in(marketing).get("/account/").content.decode()
    assert "See the next one" not in page
    assert "weekly_mail" not in page


def test_the_preview_shows_what_comes_next(deals, manager, sign_in):
    page = sign_in(manager).get("/insights/weekly-mail/").content.decode()
    assert "Ours &amp;" in page
    assert "As plain text" in page
    assert content.next_monday(MONDAY) == MONDAY + datetime.timedelta(days=7)
    assert content.next_monday(MONDAY - datetime.timedelta(days=1)) == MONDAY

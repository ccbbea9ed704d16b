"""Two people editing the same record: the second sees both values and loses nothing."""

from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from leads.models import Company
from presales.actions import action
from presales.editing import VersionedForm, save_version
from presales.errors import StaleEdit

pytestmark = pytest.mark.django_db


class CompanyForm(VersionedForm):
    class Meta:
        model = Company
        fields = ["name", "country"]


@pytest.fixture
def company():
    return Company.objects.create(name="Acme", country="Kenya")


def submit(company, **changes):
    stored = Company.objects.get(pk=company.pk)
    data = {"name": "Acme", "country": "Kenya", "version": company.version} | changes
    form = CompanyForm(QueryDict(urlencode(data)), instance=stored)
    assert form.is_valid()
    return form


def save(form):
    save_version(form.instance, ["name", "country"], form.cleaned_data["version"])


def test_a_save_adds_one_to_the_version(company):
    save(submit(company, name="Acme Corp"))
    company.refresh_from_db()
    assert (company.name, company.version) == ("Acme Corp", 2)


def test_the_second_writer_overwrites_nothing_and_sees_both_values(company):
    first, second = submit(company, name="First"), submit(company, name="Second", country="Chile")
    save(first)
    with pytest.raises(StaleEdit):
        save(second)
    second.show_conflict()
    assert second.conflicts == {"name": "First"}
    assert [(both.label, both.mine, both.theirs) for both in second.both] == [("Name", "Second", "First")]
    assert "Now stored: First" in str(second.errors["name"])
    # The own input stays, also in the field that only this one changed.
    assert (second["name"].value(), second["country"].value()) == ("Second", "Chile")
    assert second["version"].value() == "2"
    company.refresh_from_db()
    assert (company.name, company.country) == ("First", "Kenya")


def test_what_only_the_other_changed_is_taken_over_and_said(company):
    first, second = submit(company, country="Chile"), submit(company, name="Second")
    save(first)
    second.show_conflict()
    assert second.conflicts == {}
    assert [(one.label, one.mine, one.theirs) for one in second.only_theirs] == [("Country", "Kenya", "Chile")]
    assert (second["name"].value(), second["country"].value()) == ("Second", "Chile")


def test_who_saved_in_between_is_named(company, admin):
    @action
    def rename(actor, form):
        save(form)

    first, second = submit(company, name="First"), submit(company, name="Second")
    rename(admin, first)
    second.show_conflict()
    assert second.saved_by == "Rita RevOps"
    assert "Rita RevOps saved this record while you were editing" in str(second.non_field_errors())


def test_theirs_is_taken_field_by_field(company):
    first, second = submit(company, name="First", country="Peru"), submit(company, name="Second", country="Chile")
    save(first)
    second.show_conflict()
    company.refresh_from_db()
    save(submit(company, **second.data.dict(), **{"keep-name": "theirs", "keep-country": "mine"}))
    company.refresh_from_db()
    assert (company.name, company.country) == ("First", "Chile")


def test_of_three_writers_none_overwrites_another_unseen(company):
    first, second, third = (submit(company, name=name) for name in ("First", "Second", "Third"))
    save(first)
    second.show_conflict()
    company.refresh_from_db()
    save(submit(company, **second.data.dict()))
    third.show_conflict()
    assert third.conflicts == {"name": "Second"}
    company.refresh_from_db()
    assert (company.name, company.version) == ("Second", 3)


def test_without_a_history_to_tell_who_changed_what_every_difference_is_asked(company, monkeypatch):
    first, second = submit(company, country="Chile"), submit(company, name="Second")
    save(first)
    monkeypatch.setattr("presales.editing.version_of", lambda record, version: None)
    second.show_conflict()
    assert second.conflicts == {"name": "Acme", "country": "Chile"}
    assert second.saved_by == "Somebody else"


def test_keeping_the_own_values_works_after_the_conflict_was_shown(company):
    save(submit(company, name="First"))
    company.refresh_from_db()
    save(submit(company, name="Second"))
    company.refresh_from_db()
    assert company.name == "Second"


@pytest.mark.parametrize("version", ["", "junk", "0", "-1", "99999999999999", None])
def test_a_missing_or_junk_version_is_a_form_error(company, version):
    data = {"name": "Acme", "country": "Kenya"} | ({} if version is None else {"version": version})
    assert not CompanyForm(data, instance=company).is_valid()


def test_a_new_record_needs_no_version():
    form = CompanyForm({"name": "New", "country": ""})
    assert form.is_valid()
    assert "version" not in form.fields

"""Two people editing the same record: the second sees both values and loses nothing."""

import pytest

from leads.models import Company
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
    form = CompanyForm({"name": "Acme", "country": "Kenya", "version": company.version} | changes, instance=stored)
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
    assert second.conflicts == {"name": "First", "country": "Kenya"}
    assert "Now stored: First" in str(second.errors["name"])
    assert second["name"].value() == "Second"
    assert second["version"].value() == "2"
    company.refresh_from_db()
    assert company.name == "First"


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

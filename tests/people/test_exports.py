"""Rules 28: who exported how many rows is recorded."""

import pytest
from django.test import RequestFactory

from people.exports import export
from people.models import Export

pytestmark = pytest.mark.django_db


def request_of(user, address="/leads/export/?stage=mql"):
    request = RequestFactory().get(address)
    request.user = user
    return request


def test_an_export_is_recorded_with_its_filters_and_number_of_rows(ae):
    response = export(request_of(ae), "leads", ["Name"], [["Ann"], ["Bob"]])
    assert Export.objects.get().rows is None
    b"".join(response.streaming_content)
    record = Export.objects.get()
    assert (record.user, record.what, record.filters, record.rows) == (ae, "leads", "stage=mql", 2)


def test_people_see_their_own_exports_and_an_admin_all(ae, manager, admin):
    export(request_of(ae), "leads", ["Name"], [])
    assert Export.objects.visible_to(ae).count() == 1
    assert Export.objects.visible_to(manager).count() == 0
    assert Export.objects.visible_to(admin).count() == 1

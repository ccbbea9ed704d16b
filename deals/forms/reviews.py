"""Forms of a deal review: that it took place, and the task that came of a question."""

import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from deals.coaching import Question
from deals.models import Opportunity
from people.models import User
from presales.fields import DateField
from qualification.models import Lane

USUAL = datetime.timedelta(days=7)
"""A task of a review is due by the next one, unless somebody says otherwise."""


class ReviewForm(forms.Form):
    """What came of it."""

    note = forms.CharField(
        max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}), label="What came of it",
        help_text="Whoever sees the deal reads it, its AE and SE among them.",
    )  # fmt: skip


def _not_past(day: object) -> None:
    if day < timezone.localdate():
        raise ValidationError("Choose a day that is still to come.")


class TaskForm(forms.Form):
    """Who of the two does what by when."""

    what = forms.CharField(max_length=200, label="What has to be done")
    assignee = forms.ModelChoiceField(User.objects.none(), label="Who", empty_label=None)
    due_on = DateField(label="By when", validators=[_not_past])

    def __init__(
        self, *args: object, user: User, deal: Opportunity, question: Question | None, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)
        two = [pk for pk in (deal.owner_id, deal.se_id) if pk]
        self.fields["assignee"].queryset = User.objects.visible_to(user).active().filter(pk__in=two).order_by("role")
        self.fields["due_on"].initial = timezone.localdate() + USUAL
        if question:
            self.fields["what"].initial = question.task
            technical = question.lane == Lane.TECHNICAL and deal.se_id
            self.fields["assignee"].initial = deal.se_id if technical else deal.owner_id

"""Entering, editing and annotating leads."""

import datetime

from django import forms
from django.utils import timezone

from leads.forms.custom_fields import CustomFieldsMixin, CustomVersionedForm
from leads.models import EngagementKind, Lead, Source
from people.models import Role, Team, User
from presales.text import squeeze


class CompanyNameField(forms.CharField):
    """A company by name; the page offers the ones the person knows."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(label="Company", max_length=200, required=False, **kwargs)
        self.widget.attrs.update({"list": "known-companies", "autocomplete": "off"})


class LogLeadForm(CustomFieldsMixin, forms.Form):
    """One line of fields, Enter saves. `key` keeps a form sent twice from making two leads."""

    name = forms.CharField(max_length=160, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}))
    email = forms.EmailField(label="E-mail", max_length=254, required=False)
    company_name = CompanyNameField()
    job_title = forms.CharField(max_length=160, required=False)
    source = forms.ChoiceField(choices=Source, initial=Source.NETWORKING)
    phone = forms.CharField(max_length=40, required=False)
    campaign = forms.CharField(max_length=120, required=False)
    consent = forms.ChoiceField(choices=Lead._meta.get_field("consent").choices, required=False, initial="unknown")
    notes = forms.CharField(max_length=10000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    key = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    quick = ["name", "email", "company_name", "job_title", "source"]
    more = ["phone", "campaign", "consent", "notes"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for name in ("email", "job_title", "phone"):
            self.fields[name].widget.attrs["autocomplete"] = "off"
        self.add_custom("lead")

    def clean_name(self) -> str:
        """A name of more than white space."""
        return squeeze(self.cleaned_data["name"])

    def clean_consent(self) -> str:
        """Not asked, unless said otherwise."""
        return self.cleaned_data["consent"] or "unknown"

    @property
    def quick_fields(self) -> list[forms.BoundField]:
        """The line every lead needs."""
        return [self[name] for name in self.quick]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        """What can wait."""
        return [self[name] for name in self.more] + self.custom_bound


class LeadForm(CustomVersionedForm):
    """A lead's own facts; stage, owner and team change by actions."""

    record = "lead"

    company_name = CompanyNameField()

    class Meta:
        model = Lead
        fields = ["name", "email", "phone", "job_title", "source", "campaign", "consent", "notes"]
        widgets = {"notes": forms.Textarea(attrs={"rows": 5})}

    field_order = ["name", "email", "phone", "job_title", "company_name"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.initial["company_name"] = self.instance.company_name


class EngagementForm(forms.Form):
    """Something the lead did."""

    kind = forms.ChoiceField(label="What happened", choices=EngagementKind, initial=EngagementKind.MEETING)
    occurred_at = forms.DateTimeField(
        label="When",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"],
    )
    channel = forms.CharField(max_length=40, required=False, help_text="Phone, fair, e-mail …")
    note = forms.CharField(max_length=300, required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["occurred_at"].initial = timezone.localtime().replace(second=0, microsecond=0)

    def clean_occurred_at(self) -> datetime.datetime:
        """Within living memory and not ahead of the clock."""
        moment = self.cleaned_data["occurred_at"]
        if moment.year < 1990 or moment > timezone.now() + datetime.timedelta(minutes=1):
            raise forms.ValidationError("Choose a time that has passed.")
        return moment


class CommentForm(forms.Form):
    """A comment."""

    text = forms.CharField(
        label="Comment",
        max_length=5000,
        widget=forms.Textarea(
            attrs={"rows": 2, "class": "form-control", "placeholder": "Write down what the next person should know"}
        ),
    )


def assignable(user: User) -> "forms.ModelChoiceField.queryset":
    """The AEs to whom `user` may give leads."""
    return User.objects.in_role(Role.AE).filter(memberships__team__in=user.team_ids).distinct().order_by("name", "pk")


def routable_teams(user: User) -> "forms.ModelChoiceField.queryset":
    """The teams to which `user` may route leads."""
    return Team.objects.visible_to(user).order_by("name")

"""Forms of meetings and those who attend them."""

import datetime

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet

from deals.models import Attendee, Meeting, MeetingKind, Opportunity, SpecialistRequest, Stakeholder
from deals.models.meetings import Subject, pair_of
from people.models import Role, User
from presales.editing import VersionedForm
from presales.text import squeeze

FIRST = datetime.datetime(1990, 1, 1, tzinfo=datetime.UTC)
LAST = datetime.datetime(2100, 12, 31, tzinfo=datetime.UTC)
PARTS = ("driver", "commercial_by", "notes_by")


def our_people(user: User, *keep: int | None) -> QuerySet:
    """Those of us whom `user` may name, and those who are named already."""
    seen = User.objects.visible_to(user).in_role(Role.AE, Role.SE, Role.MANAGER).filter(is_active=True)
    return User.objects.filter(Q(pk__in=seen.values("pk")) | Q(pk__in=[pk for pk in keep if pk])).order_by("name")


def who_may_come(user: User, subject: Subject) -> QuerySet:
    """Those of us whom `user` may name, the pair, and the specialists who are on the deal."""
    known = our_people(user, *pair_of(subject))
    if not isinstance(subject, Opportunity):
        return known
    helping = SpecialistRequest.objects.engaged().filter(opportunity=subject)
    return User.objects.filter(Q(pk__in=known.values("pk")) | Q(pk__in=helping.values("specialist"))).order_by("name")


class MeetingForm(VersionedForm):
    """What the meeting is for, when it is, and who does what. `subject` is the deal or lead it is about."""

    kind = forms.ChoiceField(choices=MeetingKind, label="Kind of meeting")
    starts_at = forms.DateTimeField(
        label="Starts", help_text="By your own clock.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        validators=[
            MinValueValidator(FIRST, "Enter a day from 1990 on."), MaxValueValidator(LAST, "Enter a day up to 2100."),
        ],
    )  # fmt: skip
    minutes = forms.IntegerField(label="Minutes", min_value=5, max_value=600, initial=45)
    objective = forms.CharField(max_length=300, help_text="What is different afterwards, in one sentence.")
    agenda = forms.CharField(
        max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 4}), help_text="As the customer sees it."
    )
    call_to_action = forms.CharField(
        max_length=300, required=False, help_text="What you ask of the customer before you hang up."
    )

    class Meta:
        model = Meeting
        fields = [
            "kind", "starts_at", "minutes", "place", "objective", "agenda", "agenda_confirmed", "call_to_action",
            *PARTS,
        ]  # fmt: skip

    def __init__(self, *args: object, user: User, subject: Subject, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        named = [getattr(self.instance, f"{part}_id") for part in PARTS]
        ae, se = pair_of(subject)
        people = our_people(user, ae, se, *named)
        for part in PARTS:
            self.fields[part].queryset = people
            self.fields[part].empty_label = "Nobody yet"
        if not self.instance.pk:
            self.initial.setdefault("driver", ae)
            self.initial.setdefault("commercial_by", ae)
            self.initial.setdefault("notes_by", se)


class PlanForm(MeetingForm):
    """A new meeting, with those who are to come."""

    def __init__(self, *args: object, user: User, subject: Subject, **kwargs: object) -> None:
        super().__init__(*args, user=user, subject=subject, **kwargs)
        pair = [pk for pk in pair_of(subject) if pk]
        self.fields["ours"] = forms.ModelMultipleChoiceField(
            who_may_come(user, subject), required=False, label="Who of us comes", initial=pair,
            widget=forms.CheckboxSelectMultiple,
        )  # fmt: skip
        if not isinstance(subject, Opportunity):
            who = f"{subject.name}, {subject.job_title}" if subject.job_title else subject.name
            self.fields["with_lead"] = forms.BooleanField(
                required=False, initial=True, label=f"{who}, comes",
                help_text="Others of theirs can be added on the meeting's page.",
            )  # fmt: skip
            return
        committee = committee_of(subject)
        if committee:
            self.fields["theirs"] = forms.ModelMultipleChoiceField(
                committee, required=False, label="Who of them comes", widget=forms.CheckboxSelectMultiple,
                help_text="Others can be added on the meeting's page.",
            )  # fmt: skip
            self.fields["theirs"].label_from_instance = titled


def committee_of(subject: Subject) -> QuerySet:
    """The buying committee of a deal; a lead has none yet."""
    if not isinstance(subject, Opportunity):
        return Stakeholder.objects.none()
    return Stakeholder.objects.filter(opportunity=subject).order_by("name", "pk")


def titled(person: Stakeholder) -> str:
    """Name and title in one line."""
    return f"{person.name}, {person.job_title or person.get_role_display().lower()}"


class CancelMeetingForm(forms.Form):
    """Why a meeting does not take place."""

    reason = forms.CharField(max_length=300, required=False, label="Why (the history keeps it)")


class OurAttendeeForm(forms.ModelForm):
    """One of us."""

    user = forms.ModelChoiceField(User.objects.none(), label="Who of us")

    class Meta:
        model = Attendee
        fields = ["user", "is_confirmed"]

    def __init__(self, *args: object, user: User, subject: Subject, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = who_may_come(user, subject)


class TheirAttendeeForm(forms.ModelForm):
    """One of theirs: from the buying committee, or by name and title."""

    name = forms.CharField(max_length=160, required=False)

    class Meta:
        model = Attendee
        fields = ["stakeholder", "name", "job_title", "is_confirmed"]

    def __init__(self, *args: object, user: User, subject: Subject, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not isinstance(subject, Opportunity):
            del self.fields["stakeholder"]
            self.fields["name"].required = True
            return
        self.fields["stakeholder"].queryset = committee_of(subject)
        self.fields["stakeholder"].label = "From the buying committee"
        self.fields["stakeholder"].label_from_instance = titled
        self.fields["stakeholder"].empty_label = "Somebody else, named below"

    def clean(self) -> dict:
        """Somebody is named, by the committee or by hand."""
        data = super().clean()
        person = data.get("stakeholder")
        if person is not None:
            data["name"] = person.name
            data["job_title"] = data.get("job_title") or person.job_title
        data["name"] = squeeze(data.get("name") or "")
        if not data["name"] and "name" not in self.errors:
            self.add_error("name", "Choose somebody of the committee, or write the name.")
        return data


class ConfirmForm(forms.Form):
    """Whether somebody has confirmed."""

    confirmed = forms.BooleanField(required=False)

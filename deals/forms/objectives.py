"""The forms of an objective, its key results and their check-ins."""

import datetime

from django import forms
from django.utils import timezone

from deals.models import CheckIn, KeyResult, Objective
from deals.models.objectives import last_day
from deals.objectives import FIGURES
from people.models import Role, Team, User
from presales.editing import VersionedForm
from presales.fields import DateField
from presales.quarters import around, parse
from presales.text import squeeze

SENTENCE_HELP = "What is to be true at the end, in one sentence: “Every evaluation starts with agreed criteria.”"
ANSWERS_HELP = "Whoever answers for it. For a person that is the person."
BY_HAND = "By hand, with dated check-ins"
LARGEST = {"max_digits": 14, "decimal_places": 2}


def people_for(by: User) -> object:
    """Who may answer for an objective that `by` writes."""
    working = [Role.AE, Role.SE, Role.MANAGER, Role.ADMIN]
    return User.objects.active().filter(role__in=working).visible_to(by).order_by("name")


class Sentence(forms.CharField):
    """One line, white space squeezed."""

    def clean(self, value: object) -> str:
        """Without doubled white space."""
        return squeeze(super().clean(value))


class NewObjectiveForm(forms.Form):
    """An objective that is not there yet. Whom it may be for follows from who writes it: an AE or SE for themselves."""

    sentence = Sentence(max_length=200, label="Objective", help_text=SENTENCE_HELP)
    whom = forms.ChoiceField(label="For", help_text="A team's objective counts all teams below it.")
    quarter = forms.ChoiceField()
    owner = forms.ModelChoiceField(
        User.objects.none(), label="Answers for it", required=False, empty_label="I do", help_text=ANSWERS_HELP
    )
    deadline = DateField(required=False, help_text="Empty means the last day of the quarter.")

    def __init__(self, *args: object, by: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.fields["quarter"].choices = around(timezone.localdate())
        if by.role in (Role.AE, Role.SE):
            del self.fields["whom"], self.fields["owner"]
            return
        teams = list(Team.objects.visible_to(by))
        people = list(people_for(by))
        self.targets: dict[str, Team | User | None] = {f"team-{team.pk}": team for team in teams}
        self.targets |= {f"user-{one.pk}": one for one in people if one.role != Role.ADMIN}
        choices = [
            ("Teams", [(f"team-{team.pk}", team.name) for team in teams]),
            ("People", [(f"user-{one.pk}", one.name) for one in people if one.role != Role.ADMIN]),
        ]
        if by.role == Role.ADMIN:
            self.targets["company"] = None
            choices.insert(0, ("company", "The whole company"))
        self.fields["whom"].choices = choices
        self.fields["owner"].queryset = people_for(by)

    def clean_quarter(self) -> datetime.date:
        """Its first day."""
        return parse(self.cleaned_data["quarter"], timezone.localdate())

    def clean(self) -> dict:
        """A deadline within the quarter."""
        cleaned = super().clean()
        if "quarter" in cleaned and "deadline" in cleaned:
            cleaned["deadline"] = cleaned["deadline"] or last_day(cleaned["quarter"])
            must_lie_within(self, cleaned["quarter"], cleaned["deadline"])
        return cleaned

    def objective(self) -> Objective:
        """What was filled in."""
        data = self.cleaned_data
        target = self.targets[data["whom"]] if "whom" in self.fields else self.by
        team, user = (target if isinstance(target, kind) else None for kind in (Team, User))
        return Objective(
            team=team, user=user, owner=user or data.get("owner") or self.by, quarter=data["quarter"],
            sentence=data["sentence"], deadline=data["deadline"],
        )  # fmt: skip


def must_lie_within(form: forms.BaseForm, quarter: datetime.date, deadline: datetime.date | None) -> None:
    """Say so on the form where the deadline lies outside the quarter."""
    if deadline and not quarter <= deadline <= last_day(quarter):
        form.add_error("deadline", f"The quarter runs from {quarter:%-d %b %Y} to {last_day(quarter):%-d %b %Y}.")


class ObjectiveForm(VersionedForm):
    """Sentence, deadline and, where it is not one person's own, who answers for it."""

    sentence = Sentence(max_length=200, label="Objective", help_text=SENTENCE_HELP)
    deadline = DateField()

    class Meta:
        model = Objective
        fields = ["sentence", "owner", "deadline"]

    def __init__(self, *args: object, by: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.user_id:
            del self.fields["owner"]
            return
        field = self.fields["owner"]
        field.queryset = people_for(by) | User.objects.filter(pk=self.instance.owner_id)
        field.label, field.empty_label = "Answers for it", None

    def clean(self) -> dict:
        """A deadline within the quarter."""
        cleaned = super().clean()
        must_lie_within(self, self.instance.quarter, cleaned.get("deadline"))
        return cleaned


class DropForm(forms.Form):
    """Why an objective is given up."""

    reason = forms.CharField(
        max_length=500, label="Why it is dropped", widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The history keeps it.",
    )  # fmt: skip


class KeyResultForm(VersionedForm):
    """A key result. What it is measured by is chosen once."""

    text = Sentence(max_length=160, label="Key result", help_text="“Technical win rate from 55 to 70 %”")
    figure = forms.ChoiceField(label="Kept", required=False)
    unit = forms.CharField(
        max_length=20, required=False, help_text="Of one kept by hand: workshops, points, %."
    )  # fmt: skip
    start = forms.DecimalField(
        **LARGEST, label="Start", help_text="Where it stands at the beginning of the quarter. Sums begin at 0."
    )
    target = forms.DecimalField(**LARGEST, label="Target", help_text="Below the start where less is better.")

    class Meta:
        model = KeyResult
        fields = ["text", "figure", "unit", "start", "target"]

    def __init__(self, *args: object, measurable: bool = True, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["figure"]
            if self.instance.figure:
                del self.fields["unit"]
            return
        measured = [(one.name, f"{one.label}") for one in FIGURES.values()] if measurable else []
        self.fields["figure"].choices = [("", BY_HAND), *([("Measured", measured)] if measured else [])]

    def clean(self) -> dict:
        """A value that goes somewhere; a unit only where nothing is measured."""
        cleaned = super().clean()
        if cleaned.get("start") is not None and cleaned.get("start") == cleaned.get("target"):
            self.add_error("target", "Start and target are the same.")
        if cleaned.get("figure"):
            cleaned["unit"] = ""
        return cleaned


class CheckInForm(forms.ModelForm):
    """What a key result stands at."""

    value = forms.DecimalField(**LARGEST)
    on = DateField(label="As of")
    evidence = forms.CharField(
        max_length=500, label="What shows it", widget=forms.Textarea(attrs={"rows": 2}),
        help_text="A list, a mail, a report: where somebody else could look.",
    )  # fmt: skip

    class Meta:
        model = CheckIn
        fields = ["value", "on", "evidence"]

    def clean_on(self) -> datetime.date:
        """No day to come, none after the deadline."""
        day, deadline = self.cleaned_data["on"], self.instance.key_result.objective.deadline
        if day > timezone.localdate():
            raise forms.ValidationError("That day is still to come.")
        if day > deadline:
            raise forms.ValidationError(f"The deadline was {deadline:%-d %b %Y}. Say how it stood then.")
        return day

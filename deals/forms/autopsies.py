"""Forms of the autopsy."""

from django import forms

from deals.models import Autopsy, AutopsyView, LostReason, Opportunity
from presales.editing import VersionedForm
from presales.fields import DateField
from qualification.models import Evidence


def _words(label: str, rows: int, limit: int, help_text: str = "", required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, max_length=limit, required=required,
        widget=forms.Textarea(attrs={"rows": rows}),
    )  # fmt: skip


class AutopsyViewForm(VersionedForm):
    """What one of the two sees looking back."""

    missed = _words("What did we miss?", 3, 3000, "Your partner reads it once their own is written.")
    first_known = forms.CharField(
        label="When did we first know?", max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The first sign, seen from today, and who saw it.",
    )  # fmt: skip
    known_on = DateField(required=False, label="On which day, about")
    wrong_evidence = forms.ModelMultipleChoiceField(
        Evidence.objects.none(), required=False, label="Which evidence was wrong?",
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    wrong = _words("What was wrong with it", 2, 2000, "Who told us, and why we believed it.", required=False)
    again = _words("What would we do again?", 2, 2000)

    class Meta:
        model = AutopsyView
        fields = ["missed", "first_known", "known_on", "wrong_evidence", "wrong", "again"]

    def __init__(self, *args: object, opportunity: Opportunity, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        known = Evidence.objects.filter(dossier=opportunity.dossier_id).current().select_related("criterion")
        field = self.fields["wrong_evidence"]
        field.queryset = known.order_by("criterion__order", "pk")
        field.label_from_instance = _told

    def show_conflict(self) -> None:
        """Both values of every field; the evidence is a list of its own and is asked for again as it was ticked."""
        kept = self.fields.pop("wrong_evidence")
        super().show_conflict()
        self.fields["wrong_evidence"] = kept
        self.order_fields(["version", *self.Meta.fields])


def _told(entry: Evidence) -> str:
    text = entry.text if len(entry.text) <= 90 else f"{entry.text[:90]}…"
    return f"{entry.criterion.name}: {text or entry.get_level_display().lower()}"


class LessonForm(VersionedForm):
    """What both take from it."""

    lesson = _words("What we take from it", 5, 3000, "One thing to do otherwise next time, and how we would notice.")

    class Meta:
        model = Autopsy
        fields = ["lesson"]


class AutopsyFilter(forms.Form):
    """Which autopsies the list shows."""

    q = forms.CharField(max_length=100, required=False)
    state = forms.ChoiceField(choices=[("", "All"), ("owed", "Owed"), ("agreed", "Agreed")], required=False)
    reason = forms.ChoiceField(choices=[("", "Any reason"), *LostReason.choices], required=False)

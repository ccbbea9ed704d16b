"""Forms of RFPs, their file and their answers."""

from django import forms
from django.db.models import Q, QuerySet

from deals import rfp_files
from deals.models import AnswerFit, Opportunity, QuestionState, Rfp, RfpKind, RfpQuestion
from deals.models.rfps import MAX_ANSWER, MAX_QUESTION
from people.models import Role, User
from presales.editing import VersionedForm
from presales.fields import DateField
from presales.text import squeeze

LABELS = {
    "question": "Questions",
    "number": "Their numbers",
    "section": "Sections",
    "answer": "Answers",
    "fit": "How we do it",
}


def answerers(opportunity: Opportunity, *keep: int | None) -> QuerySet:
    """Who may be given a question: the AE and the SE of the deal, the AEs and managers of its team, and `keep`."""
    pair = [pk for pk in (opportunity.owner_id, opportunity.se_id, *keep) if pk]
    of_team = Q(memberships__team=opportunity.team_id, role__in=[Role.AE, Role.MANAGER], is_active=True)
    return User.objects.filter(Q(pk__in=pair) | Q(pk__in=User.objects.filter(of_team).values("pk"))).order_by("name")


class RfpForm(VersionedForm):
    """What the customer asks for, by when, and who brings it home."""

    kind = forms.ChoiceField(choices=RfpKind, label="Kind")
    due_on = DateField(label="Due on")
    sent_on = DateField(required=False, label="Sent to the customer on", help_text="Leave empty while you work on it.")
    note = forms.CharField(max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}))

    class Meta:
        model = Rfp
        fields = ["name", "kind", "due_on", "sent_on", "owner", "note"]

    def __init__(self, *args: object, opportunity: Opportunity, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        owner.queryset = answerers(opportunity, self.instance.owner_id)
        owner.empty_label, owner.help_text = "Nobody yet", "Sees to it that every question is answered in time."
        if not self.instance.pk:
            self.initial.setdefault("owner", opportunity.se_id)
            del self.fields["sent_on"]

    def clean_name(self) -> str:
        """The name on one line."""
        return squeeze(self.cleaned_data["name"])


class QuestionsFileForm(forms.Form):
    """The customer's spreadsheet."""

    file = forms.FileField(
        label="The customer's file (XLSX or CSV)", max_length=255,
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
        help_text="You get this very file back with the answers in it.",
    )  # fmt: skip


class ColumnsForm(forms.Form):
    """Which column of the file is what."""

    header_line = forms.IntegerField(
        label="The names of the columns stand in line", min_value=0, max_value=1000, help_text="0 where there are none."
    )

    def __init__(self, *args: object, rfp: Rfp, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("header_line", rfp.reading["header_line"])
        columns = [(str(at), name) for at, name in enumerate(rfp.columns)]
        for part in rfp_files.PARTS:
            first = {"question": [], "answer": [(str(rfp_files.NEW_COLUMN), "A new column on the right")]}
            self.fields[part] = forms.TypedChoiceField(
                choices=[*first.get(part, [("", "In no column")]), *columns], coerce=int, empty_value=None,
                required=part in first, label=LABELS[part], initial=rfp.mapping.get(part, ""),
            )  # fmt: skip
        self.order_fields([*rfp_files.PARTS, "header_line"])

    def clean(self) -> dict[str, object]:
        """No column means two things."""
        data = super().clean()
        taken: dict[int, str] = {}
        for part in rfp_files.PARTS:
            at = data.get(part)
            if at is None or at == rfp_files.NEW_COLUMN:
                continue
            if at in taken:
                self.add_error(part, f"That column is “{LABELS[taken[at]]}” already.")
            taken[at] = part
        return data

    def mapping(self) -> dict[str, int]:
        """Part to column, of those that the file has."""
        return {part: self.cleaned_data[part] for part in rfp_files.PARTS if self.cleaned_data.get(part) is not None}


class AnswerForm(VersionedForm):
    """The answer to one question."""

    answer = forms.CharField(
        max_length=MAX_ANSWER, required=False, widget=forms.Textarea(attrs={"rows": 8, "autofocus": True})
    )
    fit = forms.ChoiceField(choices=[("", "Not said"), *AnswerFit.choices], required=False, label="How we do it")
    state = forms.ChoiceField(choices=QuestionState, label="The answer is")
    is_reusable = forms.BooleanField(
        required=False, label="Everybody may reuse this answer",
        help_text="They read question and answer without whose they were. Take out what names the customer.",
    )  # fmt: skip

    class Meta:
        model = RfpQuestion
        fields = ["answer", "fit", "state", "owner", "requirement", "is_reusable"]

    def __init__(self, *args: object, in_lane: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        owner.queryset = answerers(self.instance.rfp.opportunity, self.instance.owner_id)
        owner.empty_label, owner.label = "Nobody yet", "Who answers"
        requirement = self.fields["requirement"]
        requirement.queryset = self.instance.rfp.opportunity.requirements.all()
        requirement.empty_label, requirement.label = "None in particular", "Requirement"
        if not in_lane:
            # Whoever was given the question answers it; the lane says who does, what it is about and what leaves the
            # deal.
            del self.fields["owner"], self.fields["is_reusable"], self.fields["requirement"]
        elif not requirement.queryset.exists():
            del self.fields["requirement"]

    def clean(self) -> dict[str, object]:
        """Only an answer can be reviewed, done or reused."""
        data = super().clean()
        if not data.get("answer"):
            if data.get("state") in (QuestionState.REVIEWED, QuestionState.DONE):
                self.add_error("answer", "Write the answer first.")
            if data.get("is_reusable"):
                self.add_error("is_reusable", "There is no answer to reuse yet.")
        return data


class NewQuestionForm(forms.ModelForm):
    """A question that is in no file."""

    text = forms.CharField(max_length=MAX_QUESTION, label="Question", widget=forms.Textarea(attrs={"rows": 4}))
    number = forms.CharField(max_length=60, required=False, label="Their number")
    section = forms.CharField(max_length=300, required=False, label="Section")

    class Meta:
        model = RfpQuestion
        fields = ["text", "number", "section", "owner"]

    def __init__(self, *args: object, rfp: Rfp, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        owner.queryset = answerers(rfp.opportunity, rfp.owner_id)
        owner.empty_label, owner.label = "Nobody yet", "Who answers"
        self.initial["owner"] = rfp.owner_id

    def clean_text(self) -> str:
        """Without white space around it."""
        return self.cleaned_data["text"].strip()

    def clean_number(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["number"])

    def clean_section(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["section"])


class AssignForm(forms.Form):
    """To whom questions are given."""

    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Nobody", widget=forms.Select(attrs={"class": "form-select"})
    )

    def __init__(self, *args: object, opportunity: Opportunity, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = answerers(opportunity)

"""The forms of a proposal: its texts, its prices, and what becomes of it."""

from decimal import Decimal

from django import forms
from django.utils import timezone

from deals.actions.proposals import TEXT_LENGTH
from deals.models import Proposal, ProposalLine, ProposalSection, Recurrence, SectionKind
from deals.models.proposals import CENT, MOST_LINES
from presales.editing import VersionedForm
from presales.fields import DateField

HELP = {
    SectionKind.NEEDS: "In their words. It began with what they said in the qualification; internal remarks go out.",
    SectionKind.SOLUTION: "What they get, and how it answers each need. The SE's text.",
    SectionKind.APPROACH: "Why ours rather than another, and the steps from signature to use.",
    SectionKind.TERMS: "Payment, start, what is not included.",
}


class SectionForm(VersionedForm):
    """One text of a version."""

    text = forms.CharField(max_length=TEXT_LENGTH, required=False, widget=forms.Textarea(attrs={"rows": 14}))

    class Meta:
        model = ProposalSection
        fields = ["text"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = self.instance.get_kind_display()
        self.fields["text"].help_text = f"{HELP[self.instance.kind]} An empty line begins a paragraph."


class PricingForm(VersionedForm):
    """What the lines of the price stand under."""

    title = forms.CharField(max_length=200, help_text="Stands at the top of what the customer reads.")
    valid_until = DateField(label="Valid until")
    term_months = forms.IntegerField(min_value=1, max_value=120, label="Contract term (months)")

    class Meta:
        model = Proposal
        fields = ["title", "valid_until", "term_months"]


def _small(widget: type[forms.Widget], label: str, **attrs: object) -> forms.Widget:
    return widget(attrs={"aria-label": label, "class": "form-control form-control-sm", **attrs})


class LineForm(forms.Form):
    """One line of the price; one that nobody has touched counts for nothing."""

    description = forms.CharField(max_length=200, widget=_small(forms.TextInput, "Description"))
    quantity = forms.DecimalField(
        min_value=CENT, max_value=1_000_000, max_digits=9, decimal_places=2, initial=Decimal(1),
        widget=_small(forms.NumberInput, "Quantity", inputmode="decimal"),
    )  # fmt: skip
    unit_price = forms.DecimalField(
        min_value=0, max_value=Decimal("999999999.99"), max_digits=12, decimal_places=2,
        widget=_small(forms.NumberInput, "Unit price", inputmode="decimal"),
    )  # fmt: skip
    discount = forms.DecimalField(
        min_value=0, max_value=100, max_digits=5, decimal_places=2, initial=Decimal(0),
        widget=_small(forms.NumberInput, "Discount in percent", inputmode="decimal"),
    )  # fmt: skip
    recurrence = forms.ChoiceField(
        label="Paid", initial=Recurrence.YEARLY,
        choices=[(Recurrence.YEARLY, "Yearly"), (Recurrence.ONCE, "One-off")],
        widget=forms.Select(attrs={"aria-label": "Paid", "class": "form-select form-select-sm"}),
    )  # fmt: skip

    def line(self) -> ProposalLine:
        """The line as the model knows it."""
        data = self.cleaned_data
        return ProposalLine(**{name: data[name] for name in self.declared_fields})


LineRows = forms.formset_factory(
    LineForm, extra=3, max_num=MOST_LINES, absolute_max=MOST_LINES + 10, can_delete=True, validate_max=True
)


def line_rows(data: object, proposal: Proposal) -> forms.BaseFormSet:
    """The rows of the price, bound to `data` or filled from the stored lines."""
    stored = [{name: _short(getattr(line, name)) for name in LineForm.base_fields} for line in proposal.lines.all()]
    rows = LineRows(data, initial=stored, prefix="lines")
    for row in rows:
        row.fields["DELETE"].label = "Remove"
        row.fields["DELETE"].widget.attrs.update({"aria-label": "Remove this line", "class": "form-check-input"})
    return rows


def _short(value: object) -> object:
    """Numbers without the cents they don't have."""
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


def lines_of(rows: forms.BaseFormSet) -> list[ProposalLine]:
    """The lines of valid `rows`, without those that were emptied or taken out."""
    kept = [row for row in rows.forms if row.cleaned_data.get("description") and not row.cleaned_data.get("DELETE")]
    return [row.line() for row in kept]


class ReasonForm(forms.Form):
    """Why: asked of whoever wants a discount, gives one, or takes something back."""

    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: object, label: str, help_text: str = "", **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label, self.fields["reason"].help_text = label, help_text


class SendForm(forms.Form):
    """When it went out, and to whom."""

    sent_to = forms.CharField(max_length=160, label="To whom", help_text="Name and title at the customer.")
    sent_on = DateField(label="Sent on")

    def clean_sent_on(self) -> object:
        """Not ahead of time."""
        return _not_ahead(self.cleaned_data["sent_on"])


class AnswerForm(forms.Form):
    """What the customer answered, when, and who said so."""

    answered_by = forms.CharField(max_length=160, label="Who answered", help_text="Name and title at the customer.")
    answered_on = DateField(label="Answered on")
    answer_note = forms.CharField(
        max_length=1000, required=False, label="What they said", widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean_answered_on(self) -> object:
        """Not ahead of time."""
        return _not_ahead(self.cleaned_data["answered_on"])


def _not_ahead(day: object) -> object:
    if day > timezone.localdate():
        raise forms.ValidationError("It is recorded when it has happened.")
    return day

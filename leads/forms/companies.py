"""Editing companies."""

from django import forms

from leads.domains import domain_of
from leads.forms.custom_fields import CustomVersionedForm
from leads.models import Company
from presales.text import squeeze


class TagsField(forms.CharField):
    """Short words separated by commas."""

    def prepare_value(self, value: object) -> object:
        """Show a list as its words."""
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: object) -> list[str]:
        """Words without repetition, each up to 60 characters."""
        words = list(dict.fromkeys(squeeze(word)[:60] for word in str(value or "").split(",")))
        return [word for word in words if word][:50]

    def run_validators(self, value: object) -> None:
        """The limits are applied above."""


class CompanyForm(CustomVersionedForm):
    """A company's facts. The parent is chosen by name among those the person sees."""

    record = "company"

    technologies = TagsField(
        required=False,
        max_length=3000,
        help_text="Separated by commas.",
        widget=forms.TextInput(attrs={"maxlength": 3000}),
    )
    parent_name = forms.CharField(
        label="Parent company",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"list": "known-companies", "autocomplete": "off"}),
    )

    class Meta:
        model = Company
        fields = [
            "name", "domain", "industry", "employees", "annual_revenue", "country", "region", "technologies",
        ]  # fmt: skip

    def __init__(self, *args: object, user: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if self.instance.parent_id:
            parent = Company.objects.visible_to(user).filter(pk=self.instance.parent_id).first()
            if parent is None:  # a parent this person does not see stays as it is
                del self.fields["parent_name"]
            else:
                self.initial["parent_name"] = parent.name
        self.fields["employees"].max_value = 10_000_000
        self.fields["employees"].widget.attrs["max"] = 10_000_000

    def clean_employees(self) -> int | None:
        """A figure that a company can have."""
        value = self.cleaned_data["employees"]
        if value is not None and value > 10_000_000:
            raise forms.ValidationError("No company is that large.")
        return value

    def clean_domain(self) -> str:
        """The bare domain."""
        return domain_of(self.cleaned_data["domain"])

    def clean(self) -> dict[str, object]:
        """Find the parent by its name."""
        from leads.actions.companies import find_company

        data = super().clean()
        if "parent_name" not in self.fields:
            return data
        name = data.get("parent_name")
        data["parent"] = None
        if name and not self.errors.get("parent_name"):
            parent = find_company(self.user, name=name)
            if parent is None:
                self.add_error("parent_name", "No company of that name. Add it first.")
            data["parent"] = parent
        return data

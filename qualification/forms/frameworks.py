"""Forms for frameworks, criteria and teams' policies."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify

from presales.editing import VersionedForm
from presales.text import squeeze
from qualification.models import Criterion, Framework, TeamPolicy


class FrameworkForm(VersionedForm):
    """A framework's name and description."""

    class Meta:
        model = Framework
        fields = ["name", "description", "is_active"]
        labels = {"is_active": "Teams may choose it"}
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}

    def clean_name(self) -> str:
        """A new framework's short name for addresses is made from its name."""
        name = squeeze(self.cleaned_data["name"])
        if not self.instance.pk:
            self.instance.slug = slugify(name)
            if not self.instance.slug:
                raise ValidationError("Use at least one letter or digit.")
            if Framework.objects.filter(slug=self.instance.slug).exists():
                raise ValidationError("There is a framework with a very similar name.")
        return name


class CriterionForm(forms.ModelForm):
    """One criterion with its question bank."""

    questions = forms.CharField(
        required=False, max_length=6000, widget=forms.Textarea(attrs={"rows": 5}),
        help_text="One question a line, in the words to ask a customer.",
    )  # fmt: skip

    class Meta:
        model = Criterion
        fields = ["name", "help", "lane", "required_level", "fact", "order"]
        labels = {"required_level": "Level that counts as met (1–3)", "fact": "Fact to record", "lane": "Validated by"}

    def __init__(self, *args: object, framework: Framework, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.framework = framework
        if self.instance.pk:
            self.initial["questions"] = "\n".join(question.text for question in self.instance.questions.all())

    def clean_name(self) -> str:
        """Names are unique within a framework."""
        name = squeeze(self.cleaned_data["name"])
        if not self.instance.pk:
            self.instance.framework = self.framework
            self.instance.key = slugify(name)[:40]
            if not self.instance.key:
                raise ValidationError("Use at least one letter or digit.")
        taken = self.framework.criteria.exclude(pk=self.instance.pk)
        if taken.filter(key=self.instance.key).exists() or taken.filter(name__iexact=name).exists():
            raise ValidationError("The framework has a criterion of this name.")
        return name

    def clean_questions(self) -> list[str]:
        """At most 20 questions of at most 300 characters."""
        lines = [squeeze(line) for line in re.split(r"[\r\n]+", self.cleaned_data["questions"])]
        lines = [line for line in lines if line]
        if len(lines) > 20:
            raise ValidationError("At most 20 questions.")
        if any(len(line) > 300 for line in lines):
            raise ValidationError("A question has at most 300 characters.")
        return lines


class PolicyForm(VersionedForm):
    """A team's framework and thresholds."""

    class Meta:
        model = TeamPolicy
        fields = ["framework", "minimum_budget", "timeline_months", "stale_after_days", "discount_limit"]

    timeline_months = forms.IntegerField(label="Decision within (months)", min_value=1, max_value=60)
    stale_after_days = forms.IntegerField(label="Evidence goes stale after (days)", min_value=1, max_value=730)

    def __init__(self, *args: object, is_new: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if is_new:
            self.fields.pop("version", None)
        self.fields["framework"].queryset = Framework.objects.active()

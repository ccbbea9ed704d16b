"""The rule editor: settings, groups, their rules and the teams' thresholds in one form, saved as one."""

import csv
from dataclasses import dataclass, field

from django import forms
from django.http import QueryDict

from leads.models import ScoringGroup, ScoringRule, ScoringSettings
from leads.models.engagements import EngagementKind
from leads.models.scoring import Dimension
from leads.scoring import fields
from leads.scoring.rules import DEFAULT_THRESHOLD, Group, Rule, Ruleset, settings_row
from people.models import Team
from presales.text import squeeze

MOST_VALUES = 50


class SettingsForm(forms.ModelForm):
    """The figures that hold for all rules."""

    class Meta:
        model = ScoringSettings
        fields = ["half_life_days", "fit_weight", "hot_from", "warm_from"]
        labels = {
            "half_life_days": "Half-life (days)",
            "fit_weight": "Weight of fit (%)",
            "hot_from": "Hot from",
            "warm_from": "Warm from",
        }
        help_texts = {
            "half_life_days": "After this long an event is worth half its points.",
            "fit_weight": "Engagement has the rest.",
        }
        widgets = {
            name: forms.NumberInput(attrs={"class": "form-control"})
            for name in ("half_life_days", "fit_weight", "hot_from", "warm_from")
        }

    def clean(self) -> dict[str, object]:
        """Hot is at least warm."""
        data = super().clean()
        if None not in (data.get("hot_from"), data.get("warm_from")) and data["warm_from"] > data["hot_from"]:
            self.add_error("warm_from", "Warm cannot begin above hot.")
        return data


def _small(widget: type[forms.Widget], label: str, **attrs: object) -> forms.Widget:
    css = "form-select form-select-sm" if issubclass(widget, forms.Select) else "form-control form-control-sm"
    return widget(attrs={"class": css, "aria-label": label, **attrs})


def _split(text: str) -> list[str]:
    """The parts between commas; quotes keep a comma inside a part."""
    return next(csv.reader([text.replace("\n", " ").replace("\r", " ")], skipinitialspace=True), [])


def _joined(values: list[str]) -> str:
    """`values` as `_split` reads them."""
    quoted = (
        '"' + value.replace('"', '""') + '"' if "," in value or value.startswith('"') else value for value in values
    )
    return ", ".join(quoted)


class RowForm(forms.Form):
    """A row that may be an existing record (`pk`), a new one or, if left as it was offered, none."""

    pk = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    remove = forms.BooleanField(required=False)

    @property
    def pk_number(self) -> int | None:
        """The record's key, whether the form is bound or not; None for a new row."""
        text = str(self["pk"].value() or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    @property
    def removed(self) -> bool:
        """Marked to be deleted."""
        return bool(self.cleaned_data.get("remove"))

    @property
    def given(self) -> bool:
        """Filled in, and to be kept."""
        return bool(self.cleaned_data.get("pk") or self.has_changed()) and not self.removed


class GroupForm(RowForm):
    """A group's name and ceiling."""

    dimension = forms.ChoiceField(
        choices=Dimension, initial=Dimension.FIT, widget=_small(forms.Select, "What it measures")
    )
    name = forms.CharField(max_length=60, widget=_small(forms.TextInput, "Group"))
    ceiling = forms.IntegerField(min_value=1, max_value=100, widget=_small(forms.NumberInput, "At most"))

    def clean_name(self) -> str:
        """Without superfluous blanks."""
        return squeeze(self.cleaned_data["name"])


class RuleForm(RowForm):
    """One rule. Which fields count depends on what its group measures."""

    name = forms.CharField(max_length=100, widget=_small(forms.TextInput, "Rule"))
    field = forms.ChoiceField(required=False, widget=_small(forms.Select, "Looks at"))
    operator = forms.ChoiceField(
        required=False,
        choices=[("", "…"), *ScoringRule.Operator.choices],
        widget=_small(forms.Select, "Compares"),
    )
    values = forms.CharField(
        required=False, max_length=2000, widget=_small(forms.TextInput, "Values, separated by commas")
    )
    engagement_kind = forms.ChoiceField(
        required=False, choices=[("", "…"), *EngagementKind.choices], widget=_small(forms.Select, "Event")
    )
    points = forms.IntegerField(min_value=-100, max_value=100, widget=_small(forms.NumberInput, "Points"))
    is_active = forms.BooleanField(
        required=False,
        initial=True,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input", "aria-label": "On"}),
    )
    dimension = Dimension.FIT

    def __init__(self, *args: object, known: dict[str, fields.Field], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.known = known
        own = [(key, one.label) for key, one in known.items() if key not in fields.FIELDS]
        there = [(key, one.label) for key, one in known.items() if key in fields.FIELDS]
        self.fields["field"].choices = [("", "…"), *there, *([("Your own fields", own)] if own else [])]

    def clean_name(self) -> str:
        """Without superfluous blanks."""
        return squeeze(self.cleaned_data["name"])

    def clean_values(self) -> list[str]:
        """The values between the commas; one that holds a comma itself is in quotes."""
        values = [squeeze(value) for value in _split(self.cleaned_data["values"])]
        values = list(dict.fromkeys(value for value in values if value))
        if len(values) > MOST_VALUES:
            raise forms.ValidationError(f"At most {MOST_VALUES} values; this has {len(values)}.")
        if any(len(value) > 120 for value in values):
            raise forms.ValidationError("Each value has at most 120 characters.")
        return values

    def clean(self) -> dict[str, object]:
        """Refuse a condition that no lead could be asked."""
        data = super().clean()
        if self.errors or data.get("remove"):
            return data
        if self.dimension == Dimension.ENGAGEMENT:
            data["field"], data["operator"], data["values"] = "", "", []
            if not data["engagement_kind"]:
                self.add_error("engagement_kind", "Choose an event.")
            return data
        data["engagement_kind"] = ""
        try:
            fields.check(data["field"], data["operator"], data["values"], self.known)
        except fields.BadCondition as problem:
            self.add_error("values", str(problem))
        if data["operator"] in fields.PRESENCE:
            data["values"] = []
        return data

    def rule(self) -> Rule:
        """The rule as a value, for a rule set that is not saved."""
        data = self.cleaned_data
        return Rule(
            name=data["name"],
            points=data["points"],
            field=data["field"],
            operator=data["operator"],
            values=tuple(data["values"]),
            engagement_kind=data["engagement_kind"],
            pk=data["pk"],
        )


class ThresholdForm(forms.Form):
    """From which score on a team's leads become MQLs."""

    team = forms.IntegerField(min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    threshold = forms.IntegerField(min_value=1, max_value=100, widget=_small(forms.NumberInput, "MQL from"))


# The rows are limited, so that nobody can have the server make forms without end.
GroupRows = forms.formset_factory(GroupForm, extra=1, max_num=41, absolute_max=60)
RuleRows = forms.formset_factory(RuleForm, extra=1, max_num=61, absolute_max=80)
ThresholdRows = forms.formset_factory(ThresholdForm, extra=0, max_num=500, absolute_max=501)


@dataclass
class GroupRow:
    """A group's form with the forms of its rules; `stored` is the group, None for a new one."""

    form: GroupForm
    rules: forms.BaseFormSet | None
    stored: ScoringGroup | None


@dataclass
class Editor:
    """The whole form, bound to `data` or filled from the database."""

    data: QueryDict | None = None
    conflicts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = settings_row()
        self.revision = self.settings.revision
        stored = list(ScoringGroup.objects.order_by("dimension", "order", "pk"))
        stored.sort(key=lambda group: group.dimension != Dimension.FIT)
        self.stored_groups = {group.pk: group for group in stored}
        self.stored_rules: dict[int, ScoringRule] = {}
        by_group: dict[int, list[ScoringRule]] = {}
        for rule in ScoringRule.objects.order_by("order", "pk"):
            self.stored_rules[rule.pk] = rule
            by_group.setdefault(rule.group_id, []).append(rule)
        # A copy, because a ModelForm writes into its instance while it validates.
        self.settings_form = SettingsForm(self.data, instance=ScoringSettings(**_values(self.settings)), prefix="s")
        initial = [
            {"pk": group.pk, "dimension": group.dimension, "name": group.name, "ceiling": group.ceiling}
            for group in stored
        ]
        self.known = fields.asked_by_rules({rule.field for rule in self.stored_rules.values()})
        self.group_forms = GroupRows(self.data, initial=initial, prefix="g")
        self.groups = [self._group_row(form, by_group) for form in self.group_forms]
        self.teams = {team.pk: team for team in Team.objects.select_related("lead_policy").order_by("name")}
        self.threshold_forms = ThresholdRows(
            self.data, initial=[{"team": pk, "threshold": self.threshold(pk)} for pk in self.teams], prefix="t"
        )

    def _group_row(self, form: GroupForm, by_group: dict[int, list[ScoringRule]]) -> GroupRow:
        pk = form.initial.get("pk")
        if self.data is not None:
            text = self.data.get(form.add_prefix("pk"), "")
            pk = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
        stored = self.stored_groups.get(pk)
        if pk is None:
            return GroupRow(form, None, None)
        rows = [
            {
                "pk": rule.pk, "name": rule.name, "field": rule.field, "operator": rule.operator,
                "values": _joined(rule.values), "engagement_kind": rule.engagement_kind, "points": rule.points,
                "is_active": rule.is_active,
            }
            for rule in by_group.get(pk, [])
        ]  # fmt: skip
        rules = RuleRows(self.data, initial=rows, prefix=f"r{pk}", form_kwargs={"known": self.known})
        dimension = stored.dimension if stored else self.data.get(form.add_prefix("dimension"), "")
        for row in rules.forms:
            row.dimension = dimension
        return GroupRow(form, rules, stored)

    def threshold(self, team_id: int) -> int:
        """The team's stored threshold."""
        policy = getattr(self.teams[team_id], "lead_policy", None)
        return policy.mql_threshold if policy else DEFAULT_THRESHOLD

    def threshold_rows(self) -> list[tuple[Team, ThresholdForm]]:
        """Each team with its form, as far as the form names a team that exists."""
        rows = []
        for form in self.threshold_forms:
            value = form["team"].value()
            team = self.teams.get(int(value)) if str(value).isascii() and str(value).isdigit() else None
            if team is not None:
                rows.append((team, form))
        return rows

    def of(self, dimension: str) -> list[GroupRow]:
        """The groups of one dimension; a new group has none yet."""
        return [row for row in self.groups if row.stored and row.stored.dimension == dimension]

    @property
    def fit_groups(self) -> list[GroupRow]:
        """Groups of fit rules."""
        return self.of(Dimension.FIT)

    @property
    def engagement_groups(self) -> list[GroupRow]:
        """Groups of engagement rules."""
        return self.of(Dimension.ENGAGEMENT)

    @property
    def new_groups(self) -> list[GroupRow]:
        """Rows for groups that do not exist yet."""
        return [row for row in self.groups if row.stored is None]

    def is_valid(self) -> bool:
        """Whether everything can be saved; all parts are checked, so that all errors show at once."""
        parts = [self.settings_form, self.group_forms, self.threshold_forms]
        parts += [row.rules for row in self.groups if row.rules is not None]
        invalid = [part for part in parts if not part.is_valid()]
        valid = not invalid
        if valid:
            seen = set()
            for row in self.groups:
                data = row.form.cleaned_data
                if not row.form.given:
                    continue
                key = (data["dimension"], data["name"].casefold())
                if key in seen:
                    row.form.add_error("name", "Another group has this name.")
                    valid = False
                seen.add(key)
        return valid

    # -- what was asked for ---------------------------------------------------------------------------

    def ruleset(self) -> Ruleset:
        """The rule set as the form has it; active rules only. Call after `is_valid`."""
        groups = tuple(
            Group(
                name=row.form.cleaned_data["name"],
                dimension=row.stored.dimension,
                ceiling=row.form.cleaned_data["ceiling"],
                rules=rules,
                pk=row.stored.pk,
            )
            for row in self.fit_groups + self.engagement_groups
            if row.form.given
            and (rules := tuple(one.rule() for one in row.rules if one.given and one.cleaned_data["is_active"]))
        )
        row = ScoringSettings(**{**_values(self.settings), **self.settings_form.cleaned_data})
        return Ruleset.of_settings(row, groups)

    def thresholds(self) -> dict[int, int]:
        """Threshold by team id."""
        return {team.pk: form.cleaned_data["threshold"] for team, form in self.threshold_rows()}

    def sent_revision(self) -> int:
        """The revision that the form was opened with; 0 where it names none."""
        text = (self.data or {}).get("revision", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0

    # -- somebody saved in between ----------------------------------------------------------------------

    def show_conflict(self) -> None:
        """Say beside every field what is stored now where that differs; saving again keeps what is in the form."""
        self.conflicts = []
        self._compare(self.settings_form, {name: getattr(self.settings, name) for name in self.settings_form.fields})
        for row in self.groups:
            if row.stored is None:
                if row.rules is not None:
                    self.conflicts.append(f"The group “{row.form.cleaned_data.get('name', '')}” was deleted.")
                continue
            self._compare(row.form, {"name": row.stored.name, "ceiling": row.stored.ceiling})
            shown = set()
            for form in row.rules:
                pk = form.cleaned_data.get("pk")
                shown.add(pk)
                rule = self.stored_rules.get(pk)
                if rule is not None:
                    names = ("name", "field", "operator", "values", "engagement_kind", "points", "is_active")
                    self._compare(form, {name: getattr(rule, name) for name in names})
                elif pk:
                    form.add_error(None, "Somebody deleted this rule. Saving again makes it anew.")
            added = [r.name for r in self.stored_rules.values() if r.group_id == row.stored.pk and r.pk not in shown]
            self.conflicts += [f"“{name}” was added to {row.stored.name}; it stays." for name in added]
        for team, form in self.threshold_rows():
            self._compare(form, {"threshold": self.threshold(team.pk)})

    @staticmethod
    def _compare(form: forms.Form, stored: dict[str, object]) -> None:
        for name, value in stored.items():
            if form.cleaned_data.get(name) != value:
                shown = ", ".join(value) if isinstance(value, list) else value
                form.add_error(name, f"Now stored: {shown if shown not in ('', None) else 'nothing'}.")


def _values(row: ScoringSettings) -> dict[str, object]:
    return {one.attname: getattr(row, one.attname) for one in ScoringSettings._meta.concrete_fields}

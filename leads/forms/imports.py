"""Forms of the import."""

from django import forms

from leads.imports.targets import Target, targets_for
from leads.models import ImportBatch
from people.models import Team, User
from presales.text import squeeze

FEW = 60


class UploadForm(forms.Form):
    """A file and what it holds."""

    target = forms.ChoiceField(label="What does the file hold?", widget=forms.RadioSelect)
    file = forms.FileField(
        label="CSV or XLSX file",
        max_length=255,
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        choices = [(target.name, target.label) for target in targets_for(user)]
        self.fields["target"].choices = choices
        if choices:
            self.fields["target"].initial = choices[0][0]


class MatchForm(forms.Form):
    """Which column means which field, and what the values of choice columns mean.

    Fields are named by position, since columns are named by whoever made the file.
    """

    fill = forms.BooleanField(required=False, label="Fill in what is empty in records that are already there")
    save_as = forms.CharField(required=False, max_length=80, label="Save this matching as")

    def __init__(
        self, *args: object, batch: ImportBatch, target: Target, user: User, saved: dict | None = None, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)
        self.batch, self.target = batch, target
        columns = (saved or {}).get("columns", batch.mapping)
        known_values = (saved or {}).get("values", {}) | batch.options.get("values", {})
        choices = [("", "Leave out"), *((item.name, item.label) for item in target.fields)]
        self.columns = []
        for position, column in enumerate(batch.columns):
            chosen = columns.get(column, "")
            field = forms.ChoiceField(choices=choices, required=False, label=column, initial=chosen)
            self.fields[f"column-{position}"] = field
            self.columns.append((position, column))
        self.value_fields: dict[str, list[str]] = {}
        for position, column in self.columns:
            item = self._choice_field(position, columns.get(column, ""))
            values = batch.options.get("few", {}).get(column, [])
            if item is None or not values:
                continue
            for number, value in enumerate(values[:FEW]):
                name = f"value-{position}-{number}"
                guess = known_values.get(column, {}).get(value, item.guess(value))
                self.fields[name] = forms.ChoiceField(
                    choices=[("", "Leave empty"), *item.choices()], required=False, label=value, initial=guess
                )
                self.value_fields.setdefault(column, []).append(name)
        for position, column in self.columns:
            if column in batch.options.get("order", {}) and not batch.options["order"][column]:
                self.fields[f"order-{position}"] = forms.ChoiceField(
                    choices=[("", "Choose"), ("dmy", "Day first"), ("mdy", "Month first")], required=False,
                    label=f"Dates in “{column}”",
                )  # fmt: skip
        if target.name in ("leads", "opportunities"):
            teams = Team.objects.visible_to(user)
            self.fields["team"] = forms.ModelChoiceField(
                teams.filter(pk__in=user.team_ids) if user.role == "ae" else teams, required=False,
                label="Team for rows whose owner we do not know", initial=batch.options.get("team"),
            )  # fmt: skip

    def _choice_field(self, position: int, suggested: str):
        name = self.data.get(f"column-{position}", "") if self.is_bound else suggested
        item = next((item for item in self.target.fields if item.name == name), None)
        return item if item is not None and item.kind == "choice" else None

    def rows(self) -> list[dict[str, object]]:
        """The columns as the page shows them: field, examples, values."""
        first = self.batch.options.get("first", [])
        return [
            {
                "field": self[f"column-{position}"],
                "column": column,
                "examples": [cells[position] for cells in first if position < len(cells) and cells[position]][:3],
                "values": [self[name] for name in self.value_fields.get(column, [])],
                "order": self[f"order-{position}"] if f"order-{position}" in self.fields else None,
            }
            for position, column in self.columns
        ]

    def clean(self) -> dict:
        """Each field once, the required ones at all, and day orders where they are a question."""
        data = super().clean()
        mapping: dict[str, str] = {}
        for position, column in self.columns:
            name = data.get(f"column-{position}")
            if name:
                if name in mapping.values():
                    self.add_error(f"column-{position}", "Another column means this already.")
                mapping[column] = name
                dated = self.target.field(name).kind in ("day", "moment")
                if dated and f"order-{position}" in self.fields and not data.get(f"order-{position}"):
                    self.add_error(f"order-{position}", "3/4 can be March or April: say which comes first.")
        for item in self.target.fields:
            if item.required and item.name not in mapping.values():
                self.add_error(None, f"Say which column is the {item.label.lower()}.")
        if not mapping:
            self.add_error(None, "Match at least one column.")
        data["mapping"] = mapping
        data["options"] = self._options(data)
        data["save_as"] = squeeze(data.get("save_as") or "")
        return data

    def _options(self, data: dict) -> dict:
        orders = dict(self.batch.options.get("order", {}))
        values: dict[str, dict[str, str]] = {}
        for position, column in self.columns:
            if data.get(f"order-{position}"):
                orders[column] = data[f"order-{position}"]
            for name in self.value_fields.get(column, []):
                # A column matched just now was not asked about its values yet: the guesses count.
                chosen = data.get(name) if name in self.data else self.fields[name].initial
                values.setdefault(column, {})[self.fields[name].label] = chosen or ""
        team = data.get("team")
        return {
            "order": {column: order or "dmy" for column, order in orders.items()},
            "values": values,
            "fill": bool(data.get("fill")),
            "team": team.pk if team else None,
        }

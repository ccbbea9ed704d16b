"""Forms of the import."""

from dataclasses import dataclass

from django import forms

from leads.imports.targets import Field, Target, targets_for
from leads.models import ImportBatch
from people.models import Team, User
from presales.text import squeeze

FEW = 60


@dataclass(frozen=True)
class Question:
    """What a column's cells leave open; the answer is kept in the batch's options under `option`."""

    option: str
    kinds: tuple[str, ...]
    choices: tuple[tuple[str, str], ...]
    label: str
    error: str


QUESTIONS = (
    Question(
        "order", ("day", "moment"), (("dmy", "Day first: 3/4 is 3 April"), ("mdy", "Month first: 3/4 is March 4")),
        "Dates in “{column}”", "3/4 can be March or April: say which comes first.",
    ),
    Question(
        "mark", ("money",), (("point", "Decimal point: 1,234.50"), ("comma", "Decimal comma: 1.234,50")),
        "Numbers in “{column}”", "1,234 can be a thousand or a little more than one: say how decimals are written.",
    ),
)  # fmt: skip


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
            for question in QUESTIONS:
                if self._asks(question, position, columns.get(column, "")):
                    self.fields[f"{question.option}-{position}"] = forms.ChoiceField(
                        choices=[("", "Choose"), *question.choices], required=False,
                        label=question.label.format(column=column), initial=self._likely(question, column),
                    )  # fmt: skip
        if target.name in ("leads", "opportunities"):
            teams = Team.objects.visible_to(user)
            self.fields["team"] = forms.ModelChoiceField(
                teams.filter(pk__in=user.team_ids) if user.role == "ae" else teams, required=False,
                label="Team for rows whose owner we do not know", initial=batch.options.get("team"),
            )  # fmt: skip

    def _likely(self, question: Question, column: str) -> str:
        """The answer given before, else what the file's other columns agree on."""
        settled = self.batch.options[question.option]
        others = {answer for answer in settled.values() if answer}
        return settled[column] or (others.pop() if len(others) == 1 else "")

    def _field(self, position: int, suggested: str) -> Field | None:
        """What the column means, by the sent form or the suggestion."""
        name = self.data.get(f"column-{position}", "") if self.is_bound else suggested
        return next((item for item in self.target.fields if item.name == name), None)

    def _choice_field(self, position: int, suggested: str) -> Field | None:
        item = self._field(position, suggested)
        return item if item is not None and item.kind == "choice" else None

    def _asks(self, question: Question, position: int, suggested: str) -> bool:
        item = self._field(position, suggested)
        settled = self.batch.options.get(question.option, {}).get(self.batch.columns[position])
        if item is None or item.kind not in question.kinds or settled is None:
            return False
        return not settled or self.batch.columns[position] in self.batch.options.get("asked", [])

    def rows(self) -> list[dict[str, object]]:
        """The columns as the page shows them: field, examples, values."""
        first = self.batch.options.get("first", [])
        return [
            {
                "field": self[f"column-{position}"],
                "column": column,
                "examples": [cells[position] for cells in first if position < len(cells) and cells[position]][:3],
                "values": [self[name] for name in self.value_fields.get(column, [])],
                "questions": [
                    self[name] for question in QUESTIONS if (name := f"{question.option}-{position}") in self.fields
                ],
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
                for question in QUESTIONS:
                    asked = f"{question.option}-{position}"
                    if asked in self.fields and not data.get(asked):
                        self.add_error(asked, question.error)
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
        settled = {question.option: dict(self.batch.options.get(question.option, {})) for question in QUESTIONS}
        asked = set(self.batch.options.get("asked", []))
        values: dict[str, dict[str, str]] = {}
        for position, column in self.columns:
            for question in QUESTIONS:
                if answer := data.get(f"{question.option}-{position}"):
                    settled[question.option][column] = answer
                    asked.add(column)
            for name in self.value_fields.get(column, []):
                # A column matched just now was not asked about its values yet: the guesses count.
                chosen = data.get(name) if name in self.data else self.fields[name].initial
                values.setdefault(column, {})[self.fields[name].label] = chosen or ""
        team = data.get("team")
        return {
            **settled,
            "asked": sorted(asked),
            "values": values,
            "fill": bool(data.get("fill")),
            "team": team.pk if team else None,
        }

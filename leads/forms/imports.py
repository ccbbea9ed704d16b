"""Forms of the import."""

from dataclasses import dataclass

from django import forms

from leads.imports import custom, outcomes
from leads.imports.suggestions import kept_as
from leads.imports.targets import Field, Target, targets_for
from leads.models import ImportBatch
from people.models import Team, User
from presales.text import key, squeeze

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
        "mark", ("money", "number"), (("point", "Decimal point: 1,234.50"), ("comma", "Decimal comma: 1.234,50")),
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
        self.found = {name: batch.options.get(name, {}) for name in ("few", "kinds")}
        self.may_define = custom.may_define(target, user)
        own = custom.existing(target, user)
        new = custom.NEW_FIELDS if self.may_define else {}
        self.items: dict[str, Field] = {item.name: item for item in target.fields} | own | new
        known_values = (saved or {}).get("values", {}) | batch.options.get("values", {})
        groups = [(target.label, target.fields), ("Your own fields", own.values()), ("Make a new field", new.values())]
        choices = [
            ("", "Leave out"),
            *((label, [(item.name, item.label) for item in items]) for label, items in groups if items),
        ]
        self.columns = list(enumerate(batch.columns))
        suggested = self._suggested((saved or {}).get("columns", batch.mapping), own)
        for position, column in self.columns:
            self.fields[f"column-{position}"] = forms.ChoiceField(
                choices=choices, required=False, label=column, initial=suggested.get(column, "")
            )
        # What each column means, by the sent form or the suggestion.
        self.meant = {
            column: self.items.get(
                self.data.get(f"column-{position}", "") if self.is_bound else suggested.get(column, "")
            )
            for position, column in self.columns
        }
        self.value_fields: dict[str, list[str]] = {}
        for position, column in self.columns:
            self._ask_values(position, column, known_values.get(column, {}))
            self._ask_open(position, column)
        self._ask_outcome()
        self._ask_who()
        if target.name in ("leads", "opportunities"):
            teams = Team.objects.visible_to(user)
            self.fields["team"] = forms.ModelChoiceField(
                teams.filter(pk__in=user.team_ids) if user.role == "ae" else teams, required=False,
                label="Team for rows whose owner we do not know", initial=batch.options.get("team"),
            )  # fmt: skip

    def _suggested(self, columns: dict[str, str], own: dict[str, Field]) -> dict[str, str]:
        """The matching to begin with: where a field that was to be made is there by now, that field."""
        there = {key(item.label): item.name for item in own.values()}
        found = {}
        for column, name in columns.items():
            if name.startswith(custom.NEW) and there.get(key(column)) not in (None, *columns.values()):
                name = there[key(column)]
            found[column] = name if name in self.items else ""
        return found

    def _ask_values(self, position: int, column: str, known: dict[str, str]) -> None:
        """What the values of a choice mean, and whether its own words are kept beside."""
        item = self.meant[column]
        if item is None or item.kind != "choice":
            return
        nothing = "Choose" if item.every_value else "Leave empty"
        for number, value in enumerate(self.found["few"].get(column, [])[:FEW]):
            name = f"value-{position}-{number}"
            self.fields[name] = forms.ChoiceField(
                choices=[("", nothing), *item.choices()], required=False, label=value,
                initial=known.get(value, item.guess(value)),
            )  # fmt: skip
            self.value_fields.setdefault(column, []).append(name)
        kind = kept_as(item, column, self.found) if self.may_define else ""
        if kind:
            kept = self.batch.options.get("keep", {}).get(column, kind if "kept" not in self.batch.options else "")
            self.fields[f"keep-{position}"] = forms.ChoiceField(
                choices=[(kind, f"Keep them in a new field “{column}”"), ("", "Let them go")], required=False,
                label="What the file says besides", initial=kept,
            )  # fmt: skip

    def _ask_open(self, position: int, column: str) -> None:
        for question in QUESTIONS:
            if self._asks(question, column):
                self.fields[f"{question.option}-{position}"] = forms.ChoiceField(
                    choices=[("", "Choose"), *question.choices], required=False,
                    label=question.label.format(column=column), initial=self._likely(question, column),
                )  # fmt: skip

    def _ask_outcome(self) -> None:
        """Which of several columns tells how a lead ended."""
        could = self.batch.options.get("outcomes", [])
        if could and not any(item and item.name == outcomes.FIELD for item in self.meant.values()):
            columns = [(str(position), column) for position, column in self.columns if column in could]
            self.fields["outcome"] = forms.ChoiceField(
                choices=[("", "Choose"), *columns, ("none", "None of them")], required=False,
                label="Which column says whether a lead became a customer?",
                initial="none" if "values" in self.batch.options else "",
            )  # fmt: skip

    def _ask_who(self) -> None:
        """Whether leads that the file does not name are to be called by their lines."""
        names = {item.name for item in self.meant.values() if item}
        if self.target.named_by and not names & set(self.target.named_by):
            self.fields["by_line"] = forms.BooleanField(
                required=False, initial=self.batch.options.get("by_line", True), label=self.target.nameless
            )
        if self.target.closes_by and self.target.closes_by not in names:
            self.fields["undated"] = forms.BooleanField(
                required=False, initial=self.batch.options.get("undated", False),
                label="No column says when deals closed: let won and lost ones count as closed today",
            )  # fmt: skip

    def _likely(self, question: Question, column: str) -> str:
        """The answer given before, else what the file's other columns agree on."""
        settled = self.batch.options[question.option]
        others = {answer for answer in settled.values() if answer}
        return settled[column] or (others.pop() if len(others) == 1 else "")

    def _asks(self, question: Question, column: str) -> bool:
        item = self.meant[column]
        settled = self.batch.options.get(question.option, {}).get(column)
        if item is None or item.kind not in question.kinds or settled is None:
            return False
        return not settled or column in self.batch.options.get("asked", [])

    @property
    def makes(self) -> int:
        """How many columns make a new field."""
        return sum(item is not None and item.name.startswith(custom.NEW) for item in self.meant.values())

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
                    self[name]
                    for option in (*(question.option for question in QUESTIONS), "keep")
                    if (name := f"{option}-{position}") in self.fields
                ],
            }
            for position, column in self.columns
        ]

    def clean(self) -> dict:
        """Each field once, the required ones at all, and an answer to what is a question."""
        data = super().clean()
        mapping: dict[str, str] = {}
        for position, column in self.columns:
            name = data.get(f"column-{position}")
            if name:
                if name in mapping.values() and not name.startswith(custom.NEW):
                    self.add_error(f"column-{position}", "Another column means this already.")
                mapping[column] = name
                for question in QUESTIONS:
                    asked = f"{question.option}-{position}"
                    if asked in self.fields and not data.get(asked):
                        self.add_error(asked, question.error)
        self._clean_outcome(data, mapping)
        for position, column in self.columns:
            item = self.items.get(mapping.get(column, ""))
            if item and item.needs and item.needs not in mapping.values():
                needed = self.items[item.needs].label.lower()
                self.add_error(
                    f"column-{position}", f"This belongs to the {needed}: match its name too, or make this a new field."
                )
            if item and item.every_value:
                for name in self.value_fields.get(column, []):
                    if name in self.data and not data.get(name):
                        self.add_error(name, "Say what this means.")
        for item in self.target.fields:
            if item.required and item.name not in mapping.values():
                self.add_error(None, f"Say which column is the {item.label.lower()}.")
        if not mapping:
            self.add_error(None, "Match at least one column.")
        if "by_line" in self.fields and not data.get("by_line"):
            self.add_error("by_line", "Say which column is the name or a number, or tick this.")
        data["mapping"] = mapping
        data["options"] = self._options(data)
        data["save_as"] = squeeze(data.get("save_as") or "")
        return data

    def _clean_outcome(self, data: dict, mapping: dict[str, str]) -> None:
        if "outcome" in self.fields:
            answer = data.get("outcome")
            if not answer:
                self.add_error("outcome", "Several columns could be it. Choose one, or “None of them”.")
            elif answer != "none":
                mapping[self.batch.columns[int(answer)]] = outcomes.FIELD

    def _options(self, data: dict) -> dict:
        settled = {question.option: dict(self.batch.options.get(question.option, {})) for question in QUESTIONS}
        asked = set(self.batch.options.get("asked", []))
        values: dict[str, dict[str, str]] = {}
        keep: dict[str, str] = {}
        for position, column in self.columns:
            for question in QUESTIONS:
                if answer := data.get(f"{question.option}-{position}"):
                    settled[question.option][column] = answer
                    asked.add(column)
            if (name := f"keep-{position}") in self.fields:
                kept = data.get(name) if name in self.data else self.fields[name].initial
                keep |= {column: kept} if kept else {}
            for name in self.value_fields.get(column, []):
                # A column matched just now was not asked about its values yet: the guesses count.
                chosen = data.get(name) if name in self.data else self.fields[name].initial
                values.setdefault(column, {})[self.fields[name].label] = chosen or ""
        team = data.get("team")
        return {
            **settled,
            "asked": sorted(asked),
            "values": values,
            "keep": keep,
            "kept": True,
            "by_line": bool(data.get("by_line")),
            "undated": bool(data.get("undated")),
            "fill": bool(data.get("fill")),
            "team": team.pk if team else None,
        }

"""The form of a dashboard: its name, its filters, who finds it, and its cards in order."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from insights import periods
from insights.dashboards import KINDS, REGISTRY, offered
from people.models import Dashboard, Role, Sharing, Team, User
from people.models.dashboards import MOST_CARDS, Placed
from presales.editing import VersionedForm
from presales.fields import DateField
from presales.text import squeeze


class CardsField(forms.Field):
    """The names of cards with their widths, in order."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: object) -> list[str]:
        """Each as it is stored."""
        rows = value if isinstance(value, list) else []
        return [str(Placed.read(str(row)[:80])) for row in rows[: MOST_CARDS + 1]]

    def validate(self, value: list[str]) -> None:
        """Cards that there are, each once."""
        super().validate(value)
        if len(value) > MOST_CARDS:
            raise ValidationError(f"A dashboard has at most {MOST_CARDS} cards.")
        names = [Placed.read(row).name for row in value]
        if len(set(names)) < len(names):
            raise ValidationError("A card stands on a dashboard once.")


class DashboardForm(VersionedForm):
    """A dashboard. `act` says what a button beside a card does to it before it is saved."""

    name = forms.CharField(max_length=80, label="Name")
    period = forms.ChoiceField(required=False)
    as_of = DateField(required=False, label="As of", help_text="Empty means today, every day anew.")
    cards = CardsField(required=False)
    with_teams = forms.TypedMultipleChoiceField(
        coerce=int, required=False, label="Which teams", widget=forms.CheckboxSelectMultiple
    )
    act = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    add = forms.ChoiceField(required=False, label="Add a card", widget=forms.Select(attrs={"class": "form-select"}))

    class Meta:
        model = Dashboard
        fields = ["name", "team", "person", "period", "as_of", "sharing", "with_teams", "cards"]

    def __init__(self, *args: object, by: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        teams = list(Team.objects.visible_to(by))
        chosen = self.instance
        self.fields["team"].queryset = Team.objects.visible_to(by) | Team.objects.filter(pk=chosen.team_id)
        people = User.objects.visible_to(by).filter(role__in=[Role.AE, Role.SE])
        person = self.fields["person"]
        person.queryset = (people | User.objects.filter(pk=chosen.person_id)).order_by("name")
        self.fields["team"].empty_label, person.empty_label = "All teams", "Everyone"
        offered_periods = [(one.key, one.label) for one in periods.choices(timezone.localdate())]
        if chosen.period and chosen.period not in dict(offered_periods):
            offered_periods.append((chosen.period, chosen.period))
        self.fields["period"].choices = [("", "As each screen begins"), *offered_periods]
        self.fields["with_teams"].choices = self._team_choices(teams)
        if not by.has_perm("people.share_with_all") and chosen.sharing != Sharing.ALL:
            self.fields["sharing"].choices = [one for one in Sharing.choices if one[0] != Sharing.ALL]
        self.fields["add"].choices = self._addable()

    def _team_choices(self, teams: list[Team]) -> list[tuple[int, str]]:
        known = [(team.pk, team.name) for team in teams]
        others = set(self.instance.with_teams) - {pk for pk, _ in known}
        return known + [(pk, name) for pk, name in Team.objects.filter(pk__in=others).values_list("pk", "name")]

    def _addable(self) -> list:
        there = {one.name for one in self.instance.placed}
        groups: dict[str, list[tuple[str, str]]] = {}
        for one in offered(self.by):
            if one.name not in there:
                groups.setdefault(one.title, []).append((one.name, f"{KINDS[one.kind]}: {one.label}"))
        return [("", "Choose"), *groups.items()]

    def clean_name(self) -> str:
        """White space squeezed; one of that name each person."""
        name = squeeze(self.cleaned_data["name"])
        owner = self.instance.owner_id or self.by.pk
        if Dashboard.objects.filter(owner=owner, name__iexact=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError("There is a dashboard of that name. Choose another.")
        return name

    def clean_cards(self) -> list[str]:
        """Cards of the registry, and what stands there already."""
        known = set(REGISTRY) | {one.name for one in self.instance.placed}
        return [row for row in self.cleaned_data["cards"] if Placed.read(row).name in known]

    def clean(self) -> dict:
        """With what a button asked for done to the cards."""
        cleaned = super().clean()
        if cleaned.get("sharing") == Sharing.TEAMS and not cleaned.get("with_teams"):
            self.add_error("with_teams", "Say with which teams it is shared.")
        if "cards" in cleaned:
            cleaned["cards"] = self._acted(cleaned["cards"], cleaned.get("act", ""), cleaned.get("add", ""))
        return cleaned

    def _acted(self, cards: list[str], act: str, add: str) -> list[str]:
        """`up:3`, `down:3`, `width:3` and `remove:3` are of the third card; `add` puts one at the end."""
        if add and len(cards) >= MOST_CARDS:
            self.add_error("add", f"A dashboard has at most {MOST_CARDS} cards.")
        elif add:
            cards = [*cards, str(Placed(add))]
        what, _, place = act.partition(":")
        at = int(place) - 1 if place.isascii() and place.isdigit() and len(place) < 3 else -1
        if not 0 <= at < len(cards):
            return cards
        if what == "remove":
            return cards[:at] + cards[at + 1 :]
        if what == "width":
            one = Placed.read(cards[at])
            return [*cards[:at], str(Placed(one.name, not one.is_wide)), *cards[at + 1 :]]
        to = at + {"up": -1, "down": 1}.get(what, 0)
        if 0 <= to < len(cards):
            cards = list(cards)
            cards[at], cards[to] = cards[to], cards[at]
        return cards

    def _in_words(self, name: str, value: object, record: Dashboard | None = None) -> str:
        if name == "cards" and value:
            return "; ".join(REGISTRY[one.name].label for one in map(Placed.read, value) if one.name in REGISTRY)
        if name == "with_teams" and value:
            names = dict(self.fields["with_teams"].choices)
            return ", ".join(names.get(pk, "another team") for pk in value)
        return super()._in_words(name, value, record)

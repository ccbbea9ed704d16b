"""Forms of the pipeline scrub: keep, fix, kill. What is not in somebody's lane is not in their form."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from deals.actions.scrubs import KILLS
from deals.models import LostReason, NoGoReason, Outcome, ScrubDecision
from deals.scrubs import Step
from people.models import User
from presales.fields import DateField

MOST = 2**31 - 1


class DecisionForm(forms.Form):
    """What every decision carries: the versions that were on the screen, and a note."""

    version = forms.IntegerField(min_value=0, max_value=MOST, widget=forms.HiddenInput)
    note = forms.CharField(max_length=500, required=False, label="Note for the next scrub")

    def __init__(self, *args: object, user: User, step: Step, **kwargs: object) -> None:
        before = step.decision
        initial = {"version": before.version if before else 0, "deal_version": step.deal.version}
        super().__init__(*args, initial=initial | self.starts_with(step, before), **kwargs)
        self.step = step
        self.may_sell = user.has_perm("deals.work_commercial", step.deal)

    def starts_with(self, step: Step, before: ScrubDecision | None) -> dict[str, object]:
        """What the form shows at first."""
        return {"note": before.note if before else ""}


def _not_past(day: object) -> None:
    if day < timezone.localdate():
        raise ValidationError("Choose a day that is still to come.")


class KeepForm(DecisionForm):
    """The deal is sound."""

    deal_version = forms.IntegerField(min_value=1, max_value=MOST, widget=forms.HiddenInput)
    look_again_on = DateField(
        label="Look at it again on", required=False, validators=[_not_past], help_text="Empty: in the next scrub."
    )
    close_date = DateField(label="The close date holds", help_text="As it is, or the day it is now.", required=False)
    field_order = ["version", "deal_version", "look_again_on", "close_date", "note"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not self.may_sell:
            del self.fields["close_date"]

    def starts_with(self, step: Step, before: ScrubDecision | None) -> dict[str, object]:
        """The day it was kept until, and the close date."""
        kept = {"look_again_on": before.look_again_on if before else None, "close_date": step.deal.close_date}
        return super().starts_with(step, before) | kept


class FixForm(DecisionForm):
    """Who of the two does what by when."""

    deal_version = forms.IntegerField(min_value=1, max_value=MOST, widget=forms.HiddenInput)
    what = forms.CharField(max_length=200, label="What has to be done")
    assignee = forms.ModelChoiceField(User.objects.none(), label="Who", empty_label=None)
    due_on = DateField(label="By when", validators=[_not_past])
    as_next_step = forms.BooleanField(required=False, label="It is the deal's next step, too")
    field_order = ["version", "deal_version", "what", "assignee", "due_on", "as_next_step", "note"]

    def __init__(self, *args: object, user: User, step: Step, **kwargs: object) -> None:
        super().__init__(*args, user=user, step=step, **kwargs)
        two = [step.deal.owner_id, step.deal.se_id]
        self.fields["assignee"].queryset = User.objects.visible_to(user).filter(pk__in=two).order_by("role")
        self.fields["assignee"].initial = user.pk if user.pk in two else two[0]
        if not self.may_sell:
            del self.fields["as_next_step"]

    def starts_with(self, step: Step, before: ScrubDecision | None) -> dict[str, object]:
        """The task as it stands; a deal without a next step may take this one."""
        found = {"as_next_step": not step.deal.next_step}
        if before and before.task:
            found |= {"what": before.task.what, "assignee": before.task.assignee_id, "due_on": before.task.due_on}
        return super().starts_with(step, before) | found


class KillForm(DecisionForm):
    """Lost or a no-go, with the reason that each wants."""

    way = forms.ChoiceField(label="It ends as", widget=forms.RadioSelect)
    lost_reason = forms.ChoiceField(
        choices=[("", "Choose"), *LostReason.choices], required=False, label="Why it was lost"
    )
    lost_to = forms.CharField(max_length=120, required=False, label="Competitor, if one won it")
    no_go_reason = forms.ChoiceField(
        choices=[("", "Choose"), *NoGoReason.choices], required=False, label="Why it is a no-go"
    )
    note = forms.CharField(max_length=500, label="What was found", widget=forms.Textarea(attrs={"rows": 3}))
    field_order = ["version", "way", "lost_reason", "lost_to", "no_go_reason", "note"]
    LABELS = {Outcome.LOST: "Lost", Outcome.NO_GO: "No-go: it cannot be won technically"}
    WANTS = {Outcome.LOST: "lost_reason", Outcome.NO_GO: "no_go_reason"}

    def __init__(self, *args: object, user: User, step: Step, **kwargs: object) -> None:
        super().__init__(*args, user=user, step=step, **kwargs)
        ways = [way for way, permission in KILLS.items() if user.has_perm(permission, step.deal)]
        self.fields["way"].choices = [(way.value, self.LABELS[way]) for way in ways]
        if len(ways) == 1:
            # The other way is the partner's lane: nothing to choose, and the reason of this one is wanted.
            self.fields["way"].widget = forms.HiddenInput()
            self.fields["way"].initial = ways[0].value
            self.fields[self.WANTS[ways[0]]].required = True
        if Outcome.LOST not in ways:
            del self.fields["lost_reason"], self.fields["lost_to"]
        if Outcome.NO_GO not in ways:
            del self.fields["no_go_reason"]

    def clean(self) -> dict:
        """The way that was chosen has its reason."""
        data = super().clean()
        wanted = self.WANTS.get(data.get("way"))
        if wanted in self.fields and not data.get(wanted) and wanted not in self.errors:
            self.add_error(wanted, "Choose the reason.")
        return data

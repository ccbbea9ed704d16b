"""Changing the scoring rules: all at once, versioned, followed by a rescore of every lead."""

from django.db.models import F, Max

from leads.forms.scoring import Editor, GroupRow
from leads.models import ScoringGroup, ScoringRule, ScoringSettings, TeamPolicy
from leads.models.scoring import today_utc
from leads.scoring.promotion import mark_all_for_promotion
from leads.scoring.rules import settings_row
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.errors import StaleEdit
from presales.jobs import nudge


@action
def save_rules(actor: User, editor: Editor, *, reason: str = "") -> int:
    """Save what a valid `editor` holds and have every lead rescored in the background; the new revision.

    Raises:
        StaleEdit: somebody saved rules since the editor was opened; nothing was written.
    """
    from leads.tasks.scoring import score_all

    require(actor, "leads.change_scoring")
    settings_row()
    row = ScoringSettings.objects.select_for_update().get(pk=1)
    if row.revision != editor.sent_revision():
        raise StaleEdit("Somebody else saved the rules while you were editing. Nothing was overwritten.")
    old_half_life = row.half_life_days
    for name, value in editor.settings_form.cleaned_data.items():
        setattr(row, name, value)
    if row.half_life_days != old_half_life:
        row.mass_epoch, row.mass_rev = today_utc(), row.mass_rev + 1
    row.revision += 1
    row.save()
    removed = [group.stored.pk for group in editor.groups if group.stored and group.form.removed]
    ScoringGroup.objects.filter(pk__in=removed).delete()
    # Renamed groups first to names nobody has, so that two may swap theirs.
    kept = [group for group in editor.groups if group.form.given]
    for group in kept:
        if group.stored and group.stored.name != group.form.cleaned_data["name"]:
            ScoringGroup.objects.filter(pk=group.stored.pk).update(name=f"#{group.stored.pk}")
    for group in kept:
        _save_group(group, editor)
    _save_thresholds(editor)
    nudge(score_all)
    return row.revision


def _save_group(row: GroupRow, editor: Editor) -> None:
    data = row.form.cleaned_data
    group = row.stored
    if group is None:
        highest = ScoringGroup.objects.filter(dimension=data["dimension"]).aggregate(highest=Max("order"))["highest"]
        group = ScoringGroup(dimension=data["dimension"], order=0 if highest is None else highest + 1)
    if group.pk is None or (group.name, group.ceiling) != (data["name"], data["ceiling"]):
        group.name, group.ceiling = data["name"], data["ceiling"]
        group.save()
    for order, form in enumerate(row.rules or ()):
        rule = editor.stored_rules.get(form.cleaned_data.get("pk"))
        if rule is not None and rule.group_id != group.pk:
            rule = None
        if form.removed:
            if rule is not None:
                rule.delete()
        elif form.given:
            before = None if rule is None else {name: getattr(rule, name) for name in _RULE_FIELDS}
            rule = rule or ScoringRule(group=group)
            after = {**{name: form.cleaned_data[name] for name in _RULE_FIELDS if name != "order"}, "order": order}
            if before != after:
                for name, value in after.items():
                    setattr(rule, name, value)
                rule.save()


_RULE_FIELDS = ("name", "field", "operator", "values", "engagement_kind", "points", "is_active", "order")


def _save_thresholds(editor: Editor) -> None:
    changed = {team: value for team, value in editor.thresholds().items() if value != editor.threshold(team)}
    for team_id, threshold in sorted(changed.items()):
        _, made = TeamPolicy.objects.get_or_create(team_id=team_id, defaults={"mql_threshold": threshold})
        if not made:
            TeamPolicy.objects.filter(pk=team_id).update(mql_threshold=threshold, version=F("version") + 1)
    if changed:
        mark_all_for_promotion()

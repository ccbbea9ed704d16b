"""Stages that exist keep wanting what the first version wanted of them; the admin adds the rest in the browser."""

from django.db import migrations

BEFORE = {
    "qualification": [("dossier_qualified", True), ("next_step_dated", False)],
    "discovery": [("se_on_it", True), ("next_step_dated", False)],
}


def keep_gates(apps, schema_editor):
    criterion = apps.get_model("deals", "ExitCriterion")
    for stage in apps.get_model("deals", "Stage").objects.filter(slug__in=BEFORE):
        for order, (gate, is_required) in enumerate(BEFORE[stage.slug]):
            criterion.objects.get_or_create(
                stage=stage, gate=gate, defaults={"is_required": is_required, "order": order}
            )


class Migration(migrations.Migration):
    dependencies = [("deals", "0010_gates_as_data")]
    operations = [migrations.RunPython(keep_gates, migrations.RunPython.noop)]

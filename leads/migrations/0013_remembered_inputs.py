from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0012_nurture"),
    ]

    operations = [
        migrations.CreateModel(
            name="ScoreInputs",
            fields=[
                (
                    "first",
                    models.PositiveBigIntegerField(
                        help_text="The range's lowest lead id.", primary_key=True, serialize=False
                    ),
                ),
                ("mass_rev", models.PositiveIntegerField()),
                ("begun_at", models.DateTimeField(help_text="When the oldest of it was read.")),
                ("data", models.BinaryField()),
            ],
            options={
                "ordering": ["first"],
            },
        ),
        # It is packed already: trying to compress it costs more than reading it.
        migrations.RunSQL(
            "ALTER TABLE leads_scoreinputs ALTER COLUMN data SET STORAGE EXTERNAL", migrations.RunSQL.noop
        ),
    ]

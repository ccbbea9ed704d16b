"""How often the close dates of the deals there are were moved to a later day, read from their history."""

from django.db import migrations

COUNT = """
    UPDATE deals_opportunity o SET close_date_pushes = least(pushed.times, 32767)
      FROM (SELECT pgh_obj_id, count(*) AS times
              FROM (SELECT pgh_obj_id, close_date,
                           lag(close_date) OVER (PARTITION BY pgh_obj_id ORDER BY pgh_id) AS before
                      FROM deals_opportunityevent WHERE close_date IS NOT NULL) AS told
             WHERE close_date > before
             GROUP BY pgh_obj_id) AS pushed
     WHERE o.id = pushed.pgh_obj_id
"""


class Migration(migrations.Migration):
    dependencies = [("deals", "0013_commercial_facts")]

    operations = [migrations.RunSQL(COUNT, migrations.RunSQL.noop)]

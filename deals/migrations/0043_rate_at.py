from django.db import migrations

# A function and no subquery in each deal's line: PostgreSQL spreads no statement over several processes that asks a
# subquery of every row. It is cheap to the planner, since only deals in other currencies ever call it.
CREATE = """
CREATE FUNCTION deals_rate_at(asked varchar, day date) RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE COST 10 AS $$
    SELECT rate FROM deals_exchangerate WHERE currency = asked AND valid_from <= day ORDER BY valid_from DESC LIMIT 1
$$
"""


class Migration(migrations.Migration):
    dependencies = [("deals", "0042_deals_by_currency")]

    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION deals_rate_at(varchar, date)")]

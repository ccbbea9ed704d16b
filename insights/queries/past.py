"""How deals stood when a past day was over: the one way in which every screen looks back."""

import datetime

from django.db.models import Case, Exists, F, IntegerField, Model, OuterRef, QuerySet, Subquery, Value, When

from deals.models import Opportunity, Stage
from presales.validity import as_of, end_of  # noqa: F401  screens ask this module alone


def with_default_probability(rows: QuerySet, day: datetime.date) -> QuerySet:
    """Adds `default_probability`. Of a day before the installation knew the stage, it is today's."""
    told = Stage.pgh_event_model.objects.filter(pgh_obj=OuterRef("pk"), pgh_created_at__lt=end_of(day))
    then = Subquery(told.order_by("-pgh_id").values("probability")[:1])
    stages = Stage.objects.order_by().annotate(then=then).exclude(then=None).exclude(then=F("probability"))
    changed = [When(stage=pk, then=Value(value)) for pk, value in stages.values_list("pk", "then")]
    default = Case(*changed, default=F("stage__probability"), output_field=IntegerField())
    return rows.annotate(default_probability=default)


def rows_at(model: type[Model], filters: object, *columns: str) -> str:
    """What stands in a statement for the table of `model`: as it is, or as its history tells of the moment `%(now)s`.

    For few rows beside the deals, whose history is read by the deal: nothing keeps until when such a row held.
    """
    if not filters.as_of:
        return model._meta.db_table
    names = ", ".join(columns)
    return (
        f"(SELECT pgh_obj_id AS id, {names} FROM (SELECT DISTINCT ON (pgh_obj_id) pgh_obj_id, pgh_label, {names} "  # noqa: S608
        f"FROM {model.pgh_event_model._meta.db_table} WHERE pgh_created_at <= %(now)s "
        "ORDER BY pgh_obj_id, pgh_id DESC) AS told WHERE pgh_label <> 'delete')"
    )


def records_at(model: type[Model], filters: object) -> QuerySet:
    """The same as rows of the ORM: the records, or of a past day the last row of each one's history before its end."""
    if not filters.as_of:
        return model._default_manager.all()
    told = model.pgh_event_model.objects.filter(pgh_created_at__lte=filters.now)
    later = told.filter(pgh_obj=OuterRef("pgh_obj"), pgh_id__gt=OuterRef("pgh_id"))
    return told.exclude(pgh_label="delete").filter(~Exists(later))


def is_past(rows: QuerySet) -> bool:
    """Whether the rows are states of a past day, and not today's deals."""
    return rows.model is not Opportunity


def named(text: str, values: tuple, prefix: str) -> tuple[str, dict[str, object]]:
    """A compiled query whose parameters have names, so that several fit into one."""
    names = [f"{prefix}_{place}" for place in range(len(values))]
    return text.replace("%%", "%%%%") % tuple(f"%({name})s" for name in names), dict(zip(names, values, strict=True))

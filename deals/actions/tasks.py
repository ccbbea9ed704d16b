"""Small tasks on a deal."""

from django.utils import timezone

from deals.models import DealTask
from people.models import User
from people.permissions import require
from presales.actions import action


@action
def finish_task(actor: User, task: DealTask) -> DealTask:
    """The task is done. Repeating it is a success; who did it first stays.

    Raises:
        NotAllowed: neither the one whose task it is, nor in a lane of the deal.
    """
    require(actor, "deals.finish_task", task)
    task = DealTask.objects.select_for_update(of=("self",)).get(pk=task.pk)
    if task.done_at is None:
        task.done_at, task.done_by = timezone.now(), actor
        task.save(update_fields=["done_at", "done_by"])
    return task

from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"
    verbose_name = "Leads"

    def ready(self):
        from django.db.models import Q

        from leads import permissions  # noqa: F401  registers the rules
        from leads.imports import companies, leads, people  # noqa: F401  register their targets
        from leads.models import Lead, ScoreRange
        from leads.nurture import stop  # noqa: F401  says which of its mails are still wanted
        from leads.workload import open_leads_of
        from people.workload import Workload, workloads
        from presales import set_aside
        from qualification import lanes, visibility

        set_aside.register(
            set_aside.Kind("leads-scorerange", "ranges of scores", ScoreRange.given_up, ScoreRange.retry)
        )
        workloads.append(Workload("open leads", open_leads_of))
        visibility.seen_hooks.append(lambda user: Q(lead__in=Lead.objects.visible_to(user)))
        lanes.hooks.append(_lanes_on_lead)
        lanes.page_hooks.append(_page_of_lead)


def _lanes_on_lead(user, dossier):
    """Before there is a deal: the owner works commercially, a manager of the team in both lanes."""
    from django.core.exceptions import ObjectDoesNotExist

    from people.permissions import manages_team
    from qualification.lanes import BOTH

    try:
        lead = dossier.lead
    except ObjectDoesNotExist:
        return None
    if manages_team(user, lead):
        return BOTH
    return {"commercial"} if lead.owner_id == user.pk and user.role == "ae" else set()


def _page_of_lead(dossier):
    from django.core.exceptions import ObjectDoesNotExist

    try:
        return dossier.lead.get_absolute_url()
    except ObjectDoesNotExist:
        return None

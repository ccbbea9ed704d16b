from django.apps import AppConfig


class DealsConfig(AppConfig):
    name = "deals"
    verbose_name = "Deals"

    def ready(self):
        from django.db.models import Q

        import leads.hooks
        import leads.panels
        import leads.visibility
        import people.panels
        import qualification.lanes
        import qualification.visibility
        from deals import calendar_address, panels, permissions  # noqa: F401  registers the rules
        from deals.loads import loads_of
        from deals.models import Opportunity
        from deals.workload import claimed_by, owned_by
        from people.models import Role
        from people.workload import Workload, workloads

        leads.panels.company_panels.append(("deals/panels/opportunities.html", panels.of_company))
        leads.panels.company_panels.append(("deals/panels/environment.html", panels.environment_of_company))
        leads.panels.lead_panels.append(("deals/panels/opportunities.html", panels.of_lead))
        leads.panels.lead_panels.append(("deals/panels/meetings.html", panels.meetings_of_lead))
        people.panels.account_panels.append(("deals/panels/calendar.html", calendar_address.for_account))
        workloads.append(Workload("open opportunities as AE", owned_by, Role.AE))
        workloads.append(Workload("open opportunities as SE", claimed_by, Role.SE, loads_of))

        def for_se(user, condition):
            """SEs see leads and companies through their deals alone; the other roles see them in their own right."""
            return condition if user.role == Role.SE else Q(pk__in=())

        def deals_of(user):
            return Opportunity.objects.visible_to(user)

        leads.visibility.lead_hooks.append(lambda user: for_se(user, Q(pk__in=deals_of(user).values("lead"))))
        leads.visibility.company_hooks.append(lambda user: Q(pk__in=deals_of(user).values("company")))
        qualification.visibility.seen_hooks.append(lambda user: Q(opportunity__in=deals_of(user)))

        from deals.actions.meetings import merge_meetings
        from deals.actions.queue import on_dossier_status
        from deals.imports import register_targets
        from deals.probability import mark_stale_of_companies, mark_stale_of_dossiers, mark_stale_of_leads
        from qualification import hooks

        register_targets()
        leads.hooks.on_merge.append(merge_meetings)
        leads.hooks.on_companies.append(mark_stale_of_companies)
        leads.hooks.on_converted.append(mark_stale_of_leads)
        hooks.on_status_change.append(on_dossier_status)
        hooks.on_derived.append(mark_stale_of_dossiers)
        qualification.lanes.hooks.insert(0, _lanes_on_opportunity)
        # A deal's page comes before its lead's.
        qualification.lanes.page_hooks.insert(0, _page_of_opportunity)


def _lanes_on_opportunity(user, dossier):
    """The owner works in the commercial lane, the SE who claimed it in the technical one, a manager in both."""
    from django.core.exceptions import ObjectDoesNotExist

    try:
        opportunity = dossier.opportunity
    except ObjectDoesNotExist:
        return None
    lanes = set()
    if user.has_perm("deals.work_commercial", opportunity):
        lanes.add("commercial")
    if user.has_perm("deals.work_technical", opportunity):
        lanes.add("technical")
    return lanes


def _page_of_opportunity(dossier):
    from django.core.exceptions import ObjectDoesNotExist

    try:
        return dossier.opportunity.get_absolute_url()
    except ObjectDoesNotExist:
        return None

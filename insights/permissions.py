"""Who may look at the pipeline. Which deals they see in it is `Opportunity.objects.visible_to`, as everywhere."""

import rules

from people.permissions import is_admin, is_ae, is_manager

rules.add_perm("insights.see_pipeline", is_manager | is_admin | is_ae)
rules.add_perm("insights.see_meetings", is_manager | is_admin)

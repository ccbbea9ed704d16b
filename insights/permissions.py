"""Who may look at figures. Which deals they see in them is `Opportunity.objects.visible_to`, as everywhere."""

import rules

from people.permissions import is_admin, is_ae, is_manager, is_marketing, is_se

rules.add_perm("insights.see_pipeline", is_manager | is_admin | is_ae | is_se)
rules.add_perm("insights.see_figures", is_manager | is_admin | is_ae | is_se)
rules.add_perm("insights.see_funnel", is_manager | is_admin | is_ae | is_se | is_marketing)
rules.add_perm("insights.see_meetings", is_manager | is_admin)
rules.add_perm("insights.review_deals", is_manager | is_admin | is_ae | is_se)
rules.add_perm("insights.read_weekly_mail", is_manager | is_admin | is_ae | is_se)

"""How the two pairs keep their charter: alignment checks, pipeline scrubs, and ideas held in reserve."""

from datetime import timedelta

from deals.actions import alignment, reserve, scrubs, tasks
from deals.demo.clock import at, days_ago
from deals.models import DealTask, Opportunity, Pairing, Scrub
from deals.scrubs import shared_deals
from people.models import User

# Days ago, the AE's score, the SE's score; each pair in its own words on the newest.
GROWING = [(155, 5, 4), (124, 6, 5), (94, 6, 7), (64, 8, 7), (33, 8, 8)]
FADING = [(150, 8, 8), (118, 8, 7), (88, 8, 6), (58, 7, 5), (12, 7, 4)]
WISHES = {
    "AE": "Ten minutes after each call, before we both forget what was said between the lines.",
    "SE": "I hear of demos two days ahead. With a week I could use their own data.",
}
SCRUBS = {"growing": [52, 38, 24, 9], "fading": [66, 47, 19]}
"""Days ago: the one pair keeps its two weeks, the other does not and is overdue."""
FIXES = ["Ask their CFO who signs above her", "Get the test data from their architects", "Meet the buyer without IT"]
NOTES = ["Their champion answers within the hour.", "Quiet since the workshop; their quarter ends.", ""]
IDEAS = [
    ("Their night shift still re-keys orders by hand. We could offer one week on site, free of charge.", "", ""),
    ("Their rival went live with us in May. The reference would close the security questions.", "release",
     "Good. Say it in the architecture review, not before."),
    ("We could leave out the reporting module to fit the budget.", "hold", "Not while they have not seen the price."),
    ("Their data team would take our API course; that makes us hard to replace.", "", ""),
]  # fmt: skip


def tell() -> None:
    """The first pair grows together, the second drifts apart without saying so."""
    pairs = Pairing.objects.active().select_related("ae", "se").order_by("pk")
    for pairing, name, scores in zip(pairs, SCRUBS, (GROWING, FADING), strict=False):
        _rate(pairing, scores, shared=name == "growing")
        for number, days in enumerate(SCRUBS[name]):
            _scrub(pairing, days, number)
    deals = Opportunity.objects.open().exclude(owner=None).exclude(se=None).select_related("owner", "se")
    for deal, idea in zip(deals.order_by("-last_activity_at", "pk")[:12:3], IDEAS, strict=False):
        _keep_in_reserve(deal, *idea)


def _rate(pairing: Pairing, scores: list[tuple[int, int, int]], *, shared: bool) -> None:
    for days, by_ae, by_se in scores:
        newest = days == scores[-1][0]
        for lane, person, score in (("AE", pairing.ae, by_ae), ("SE", pairing.se, by_se)):
            with at(days_ago(days)):
                alignment.rate_pairing(
                    person, pairing, score, wish=WISHES[lane] if newest else "", is_shared=newest and shared
                )


def _scrub(pairing: Pairing, days: int, number: int) -> None:
    moment = days_ago(days)
    there = shared_deals(pairing).filter(created_at__lt=moment).select_related("owner", "se")
    touched = dict(there.values_list("pk", "last_activity_at"))
    with at(moment):
        for place, deal in enumerate(there.order_by("pk")):
            actor: User = (pairing.ae, pairing.se)[place % 2]
            if place % 3 == number % 3:
                scrubs.fix(
                    actor, pairing, deal, what=FIXES[(place // 3 + number) % 3],
                    assignee=(deal.se, deal.owner)[place % 2], due_on=(moment + timedelta(days=12)).date(),
                )  # fmt: skip
            else:
                scrubs.keep(actor, pairing, deal, note=NOTES[(place + number) % 3])
        scrubs.finish_scrub(pairing.ae, pairing)
        # What came later was not there to be decided on.
        Scrub.objects.filter(pairing=pairing, finished_at=moment).update(left_open=0)
    for pk, last in touched.items():  # the story of each deal says when it was last touched
        Opportunity.objects.filter(pk=pk).update(last_activity_at=last)
    if days > 12:
        for task in DealTask.objects.to_do().filter(opportunity__in=there, due_on__lt=days_ago(0).date()):
            with at(moment + timedelta(days=8)):
                tasks.finish_task(task.assignee, task)


def _keep_in_reserve(deal: Opportunity, idea: str, decision: str, answer: str) -> None:
    with at(days_ago(5)):
        note = reserve.keep_in_reserve(deal.se, deal, idea)
    if decision:
        with at(days_ago(3)):
            getattr(reserve, decision)(deal.owner, note, answer=answer)

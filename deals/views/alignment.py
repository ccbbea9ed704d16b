"""The alignment check: rating a pairing and sharing the rating."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from deals.actions import alignment as actions
from deals.forms.alignment import RatingForm, ShareForm
from deals.models import AlignmentCheck, AlignmentWish
from deals.views.pairings import visible_pairing
from people.permissions import require
from presales.forms import done, form_response, posted


@require_http_methods(["GET", "HEAD", "POST"])
def rate(request: HttpRequest, pk: int) -> HttpResponse:
    """Rate the pairing today; a rating of today is changed."""
    found = visible_pairing(request, pk)
    require(request.user, "deals.rate_pairing", found)
    own = AlignmentCheck.objects.visible_to(request.user).filter(pairing=found, author=request.user)
    today = own.filter(rated_on=timezone.localdate()).first()
    initial = {}
    if today:
        wish = AlignmentWish.objects.visible_to(request.user).filter(check_of=today).first()
        initial = {"score": today.score, "is_shared": today.is_shared, "wish": wish.text if wish else ""}
    partner = found.partner_of(request.user)
    form = RatingForm(posted(request), initial=initial, partner=partner)
    page = f"{found.get_absolute_url()}#alignment"
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        actions.rate_pairing(
            request.user, found, data["score"], wish=data["wish"], is_shared=data["is_shared"]
        )  # fmt: skip
        told = (
            f"Saved, and {partner.name} reads it." if data["is_shared"] else "Saved. Nobody reads your words but you."
        )
        return done(request, page, told)
    return form_response(request, form, title=f"Working with {partner.name}", submit="Save", cancel_url=page)


@require_POST
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the partner read a rating, or no longer."""
    visible = AlignmentCheck.objects.visible_to(request.user).select_related("pairing__ae", "pairing__se")
    found = get_object_or_404(visible, pk=pk)
    form = ShareForm(request.POST)
    shared = form.is_valid() and form.cleaned_data["shared"]
    actions.share_rating(request.user, found, shared=shared)
    told = "Shared with your partner." if shared else "Not shared any more."
    return done(request, f"{found.pairing.get_absolute_url()}#alignment", told)

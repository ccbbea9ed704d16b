"""The admin's pages of people."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people.actions import users as actions
from people.forms.users import InviteForm, PersonForm
from people.models import Role, User
from people.permissions import require
from people.workload import holdings, loads
from presales import mail
from presales.errors import StaleEdit
from presales.forms import done, form_response, posted
from presales.history import changes_of
from presales.paging import Sort, paginate

SORTS = {
    "name": Sort("name", label="Name"),
    "-name": Sort("name", descending=True, label="Name"),
    "last_login": Sort("last_login", label="Last sign-in"),
    "-last_login": Sort("last_login", descending=True, label="Last sign-in"),
}


def _person(request: HttpRequest, pk: int) -> User:
    require(request.user, "people.manage_people")
    return get_object_or_404(User.objects.visible_to(request.user), pk=pk)


@require_safe
def users(request: HttpRequest) -> HttpResponse:
    """Everybody, by name, role and whether they may sign in."""
    require(request.user, "people.manage_people")
    people = User.objects.visible_to(request.user).prefetch_related("teams")
    query = request.GET.get("q", "").strip()[:120]
    role = request.GET.get("role", "")
    state = request.GET.get("state", "")
    if query:
        people = people.filter(Q(name__icontains=query) | Q(email__icontains=query))
    if role in Role.values:
        people = people.filter(role=role)
    if state != "all":
        people = people.filter(is_active=state != "off")
    sort = request.GET.get("sort", "name")
    sort = sort if sort in SORTS else "name"
    page = paginate(people, SORTS[sort], request.GET.get("cursor", ""))
    context = {
        "page": page,
        "loads": loads(page.rows),
        "q": query,
        "role": role,
        "state": state,
        "sort": sort,
        "roles": Role.choices,
    }
    return render(request, "people/users/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Create an account and send its invitation."""
    require(request.user, "people.manage_people")
    form = InviteForm(posted(request))
    if request.method == "POST" and form.is_valid():
        person = actions.invite_person(request.user, form.save(commit=False), form.cleaned_data["teams"])
        _send_invitation(request, person)
        return done(request, reverse("people:user", args=[person.pk]), f"{person.name} gets an invitation by mail.")
    return form_response(
        request,
        form,
        title="Invite somebody",
        submit="Send invitation",
        cancel_url=reverse("people:users"),
        intro="They get a mail with a link to set their password.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def user(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: what an admin may change, what they hold, what changed."""
    person = _person(request, pk)
    form = PersonForm(posted(request), instance=_person(request, pk))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                actions.change_person(
                    request.user, form.instance, form.cleaned_data["teams"], form.cleaned_data["version"]
                )
                return done(request, request.path, "Saved.")
            except StaleEdit:
                form.show_conflict()
                status = 409
    context = {
        "person": person, "form": form, "holdings": holdings(person), "entries": changes_of(person, 20),
        "absences": person.absences.not_over(),
    }  # fmt: skip
    return render(request, "people/users/detail.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def switch_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, showing what they hold, then end the person's access."""
    person = _person(request, pk)
    if request.method == "POST":
        actions.switch_off(request.user, person)
        return done(request, reverse("people:user", args=[pk]), f"{person.name} can no longer sign in.")
    return render(
        request,
        "people/users/switch_off.html" if request.htmx else "components/form_page.html",
        {
            "title": f"Switch off {person.name}?",
            "submit": "Switch off",
            "tone": "danger",
            "cancel_url": reverse("people:user", args=[pk]),
            "fragment": "people/users/switch_off.html",
            "person": person,
            "holdings": holdings(person),
        },
    )


@require_POST
def switch_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the person sign in again."""
    person = actions.switch_on(request.user, _person(request, pk))
    return done(request, reverse("people:user", args=[pk]), f"{person.name} can sign in again.")


@require_POST
def send_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the invitation, or for somebody who has signed in before a link to set a new password."""
    person = _person(request, pk)
    _send_invitation(request, person)
    return done(request, reverse("people:user", args=[pk]), f"{person.name} gets a link to set a password.")


@require_POST
def end_sign_ins(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign somebody out everywhere."""
    person = actions.end_sign_ins(request.user, _person(request, pk))
    return done(request, reverse("people:user", args=[pk]), f"{person.name} is signed out everywhere.")


def _send_invitation(request: HttpRequest, person: User) -> None:
    """Mail a link that sets the password once, within PASSWORD_RESET_TIMEOUT."""
    if not person.is_active:
        messages.warning(request, "Nothing was sent: the account is switched off.")
        return
    key = default_token_generator.make_token(person)
    path = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(person), key])
    mail.send_template_soon(
        "people/email/invitation",
        person.email,
        {"person": person, "inviter": request.user, "password_url": settings.SITE_URL + path},
    )

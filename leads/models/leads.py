"""A lead: a person at a company, on the way from first interest to an opportunity."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from leads.models.companies import Company
from leads.models.custom_fields import custom_column, custom_history
from leads.search import Words
from leads.titles import function_of, seniority_of
from leads.visibility import leads_visible_to
from people.models import Team, User
from presales import validity
from presales.text import key
from qualification.models import Dossier


class LeadStage(models.TextChoices):
    """Where a lead stands."""

    NEW = "new", "New"
    MQL = "mql", "MQL"
    SAL = "sal", "SAL"
    SQL = "sql", "SQL"
    CONVERTED = "converted", "Converted"
    NURTURE = "nurture", "Nurture"
    DISQUALIFIED = "disqualified", "Disqualified"


class Source(models.TextChoices):
    """How a lead came to us."""

    DEMO_SIGNUP = "demo_signup", "Demo sign-up"
    FREE_TRIAL = "free_trial", "Free trial"
    REFERRAL = "referral", "Referral"
    NETWORKING = "networking", "Networking"
    EVENT = "event", "Event"
    WEBINAR = "webinar", "Webinar"
    CONTENT = "content", "Content"
    WEB_FORM = "web_form", "Web form"
    OUTBOUND = "outbound", "Outbound"
    PARTNER = "partner", "Partner"
    OTHER = "other", "Other"


class DisqualifyReason(models.TextChoices):
    """Why a lead will not become a customer."""

    NO_FIT = "no_fit", "Not our kind of customer"
    NO_NEED = "no_need", "No need"
    NO_BUDGET = "no_budget", "No budget"
    NO_AUTHORITY = "no_authority", "No way to who decides"
    COMPETITOR = "competitor", "Chose a competitor"
    UNREACHABLE = "unreachable", "Cannot be reached"
    BAD_DATA = "bad_data", "Wrong or made-up data"
    OTHER = "other", "Other"


class ReturnReason(models.TextChoices):
    """Why an AE gave an MQL back to marketing; marketing sees it as feedback on its rules."""

    TOO_EARLY = "too_early", "Too early, no buying signal"
    WRONG_PERSON = "wrong_person", "Wrong person at the company"
    WRONG_COMPANY = "wrong_company", "Company does not fit"
    WRONG_TERRITORY = "wrong_territory", "Another territory"
    BAD_DATA = "bad_data", "Wrong or missing contact data"


class Consent(models.TextChoices):
    """Whether this person agreed to hear from us."""

    UNKNOWN = "unknown", "Not asked"
    GIVEN = "given", "Given"
    WITHDRAWN = "withdrawn", "Withdrawn"


class LeadQuerySet(models.QuerySet):
    """Leads by what the domain asks of them."""

    def visible_to(self, user: User) -> "LeadQuerySet":
        """The leads `user` may know of; see leads/visibility.py."""
        return leads_visible_to(self, user)

    def unmerged(self) -> "LeadQuerySet":
        """Without those that were merged into another lead."""
        return self.filter(merged_into=None)

    def open(self) -> "LeadQuerySet":
        """Leads somebody still works on."""
        return self.unmerged().filter(stage__in=[LeadStage.NEW, LeadStage.MQL, LeadStage.SAL, LeadStage.SQL])

    def may_become_mql(self) -> "LeadQuerySet":
        """Leads that reach MQL by their score alone: new ones, and those whose nurture date has come.

        One that an AE returned waits for marketing, whatever its score.
        """
        today = timezone.now().date()
        return self.unmerged().filter(
            Q(stage=LeadStage.NEW) | Q(stage=LeadStage.NURTURE, nurture_until__lte=today), return_reason=""
        )

    def past_response_time(self) -> "LeadQuerySet":
        """MQLs nobody accepted in time."""
        return self.unmerged().filter(stage=LeadStage.MQL, response_due_at__lte=timezone.now())


@validity.track(exclude=["email_key", "name_key", "search"])
class Lead(models.Model):
    """A person at a company. The score lives beside it in `LeadScore`, qualification in its dossier."""

    name = models.CharField(max_length=160)
    name_key = models.CharField(max_length=160, editable=False)
    email = models.EmailField("e-mail", max_length=254, blank=True)
    email_key = models.CharField(max_length=254, blank=True, editable=False)
    phone = models.CharField(max_length=40, blank=True)
    job_title = models.CharField(max_length=160, blank=True)
    seniority = models.CharField(max_length=20, blank=True, editable=False, help_text="Derived from the job title.")
    function = models.CharField(max_length=20, blank=True, editable=False, help_text="Derived from the job title.")
    company = models.ForeignKey(Company, models.PROTECT, null=True, blank=True, related_name="leads")
    source = models.CharField(max_length=20, choices=Source, default=Source.OTHER)
    campaign = models.CharField(max_length=120, blank=True)
    consent = models.CharField(max_length=10, choices=Consent, default=Consent.UNKNOWN)
    consent_at = models.DateTimeField(null=True, blank=True)
    notes = models.TextField(max_length=10000, blank=True)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="leads")
    owner_name = models.CharField(
        max_length=160, blank=True, help_text="The owner as an import named them, where no user matches."
    )
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="leads")

    stage = models.CharField(max_length=12, choices=LeadStage, default=LeadStage.NEW)
    stage_since = models.DateTimeField(default=timezone.now)
    mql_at = models.DateTimeField(null=True, blank=True)
    response_due_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    qualified_at = models.DateTimeField(null=True, blank=True)
    converted_at = models.DateTimeField(null=True, blank=True)
    return_reason = models.CharField(max_length=20, choices=ReturnReason, blank=True)
    nurture_until = models.DateField("look again on", null=True, blank=True)
    disqualify_reason = models.CharField(max_length=20, choices=DisqualifyReason, blank=True)

    custom = custom_column()
    dossier = models.OneToOneField(Dossier, models.PROTECT, null=True, blank=True, related_name="lead")
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged")
    import_batch = models.ForeignKey("leads.ImportBatch", models.SET_NULL, null=True, blank=True, related_name="+")
    external_source = models.CharField(max_length=60, blank=True)
    external_id = models.CharField(max_length=120, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)
    search = models.GeneratedField(
        expression=Words("name", "email"), output_field=SearchVectorField(), db_persist=True, editable=False
    )

    objects = LeadQuerySet.as_manager()

    HISTORY_PARTS = {"custom": custom_history("lead")}

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=LeadStage.values), name="leads_lead_stage_known"),
            models.CheckConstraint(
                condition=~Q(stage="disqualified") | ~Q(disqualify_reason=""), name="leads_disqualified_has_reason"
            ),
            models.CheckConstraint(
                condition=~Q(stage="nurture") | Q(nurture_until__isnull=False), name="leads_nurture_has_date"
            ),
            models.CheckConstraint(
                condition=~Q(stage="converted") | Q(converted_at__isnull=False, dossier__isnull=False),
                name="leads_converted_has_dossier",
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=["sal", "sql"]) | Q(owner__isnull=False) | ~Q(owner_name=""),
                name="leads_accepted_has_owner",
            ),
            models.UniqueConstraint(
                fields=["external_source", "external_id"], condition=~Q(external_id=""), name="leads_external_id_once"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="leads_by_age"),
            models.Index(fields=["team", "stage", "-created_at", "-id"], name="leads_by_team_stage"),
            models.Index(fields=["owner", "stage", "-created_at", "-id"], name="leads_by_owner_stage"),
            models.Index(fields=["email_key"], name="leads_by_email", condition=~Q(email_key="")),
            models.Index(fields=["name_key"], name="leads_by_name"),
            models.Index(fields=["response_due_at"], condition=Q(stage="mql"), name="leads_awaiting"),
            models.Index(fields=["nurture_until"], condition=Q(stage="nurture"), name="leads_nurturing"),
            models.Index(fields=["-created_at", "-id"], condition=~Q(return_reason=""), name="leads_returned"),
            GinIndex(fields=["search"], name="leads_search"),
            GinIndex(fields=["custom"], name="leads_custom", opclasses=["jsonb_path_ops"]),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep what is derived from name, e-mail and job title in step."""
        self.derive()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        """The lead's page."""
        return reverse("leads:lead", args=[self.pk])

    def derive(self) -> None:
        """Fill what follows from name, e-mail and job title."""
        self.name_key = key(self.name)[:160]  # folding can lengthen a name
        self.email_key = key(self.email)[:254]
        self.seniority = seniority_of(self.job_title)
        self.function = function_of(self.job_title)

    @property
    def company_name(self) -> str:
        """The company's name, "" without one."""
        return self.company.name if self.company else ""

    @property
    def seniority_label(self) -> str:
        """The seniority in words."""
        return "VP" if self.seniority == "vp" else self.seniority.capitalize()

    @property
    def function_label(self) -> str:
        """The function in words: `IT`, `engineering`."""
        return self.function.upper() if len(self.function) == 2 else self.function

    @property
    def awaits_response(self) -> bool:
        """An MQL whose response time has passed."""
        return (
            self.stage == LeadStage.MQL and self.response_due_at is not None and self.response_due_at <= timezone.now()
        )

"""The form of an exchange rate, and which currencies a deal may be in."""

from django import forms
from django.conf import settings

from deals.models import ExchangeRate
from deals.models.rates import LEAST, MOST
from presales.editing import VersionedForm
from presales.fields import DateField


class RateForm(VersionedForm):
    """What one unit of a currency is worth, from a day on."""

    currency = forms.CharField(max_length=3, help_text="Its three letters, e.g. EUR.")
    rate = forms.DecimalField(
        min_value=LEAST, max_value=MOST, max_digits=15, decimal_places=8,
        help_text=f"How many {settings.COMPANY_CURRENCY} one unit is worth.",
    )  # fmt: skip
    valid_from = DateField(
        label="Valid from", help_text="Open deals count at the latest rate, closed ones at that of the day they closed."
    )

    class Meta:
        model = ExchangeRate
        fields = ["currency", "rate", "valid_from"]

    def clean_currency(self) -> str:
        """Other than the company's, whose rate is one."""
        code = self.cleaned_data["currency"].upper()
        if code == settings.COMPANY_CURRENCY:
            raise forms.ValidationError(f"All figures are in {code}; it needs no rate.")
        return code


def currencies(present: str = "") -> list[tuple[str, str]]:
    """The company's currency, those with a rate, and the one a deal is in."""
    known = {settings.COMPANY_CURRENCY, *ExchangeRate.objects.order_by().values_list("currency", flat=True).distinct()}
    if present:
        known.add(present)
    others = sorted(known - {settings.COMPANY_CURRENCY})
    return [(code, code) for code in (settings.COMPANY_CURRENCY, *others)]

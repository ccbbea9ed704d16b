"""Which fields to learn from, and when an open deal counts as lost."""

from deals.models.winning import WinSettings
from presales.learning import forms


class WinFieldsForm(forms.LearnedFieldsForm):
    """As presales.learning.forms."""

    class Meta:
        model = WinSettings
        fields = ["horizon_days"]

"""Which fields to learn from, and when a lead counts as lost."""

from leads.models.conversion import ConversionSettings
from presales.learning import forms


class LearnedFieldsForm(forms.LearnedFieldsForm):
    """As presales.learning.forms."""

    class Meta:
        model = ConversionSettings
        fields = ["horizon_days"]

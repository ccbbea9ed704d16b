"""The form of a competitor in the directory."""

from django import forms

from deals.models import Rival
from presales.editing import VersionedForm
from presales.text import squeeze


def _words(label: str, limit: int, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, max_length=limit, required=False, help_text=help_text, widget=forms.Textarea(attrs={"rows": 3})
    )


class RivalForm(VersionedForm):
    """What we know of a vendor."""

    name = forms.CharField(max_length=120, help_text="As deals name it; capitals make no difference.")
    strengths = _words("Where they are strong", 2000)
    weaknesses = _words("Where they are weak", 2000)
    how_to_win = _words("How we win against them", 3000, "Questions to ask, traps to set, proof to bring.")
    notes = _words("Notes", 3000)

    class Meta:
        model = Rival
        fields = ["name", "strengths", "weaknesses", "how_to_win", "notes"]

    def clean_name(self) -> str:
        """White space squeezed."""
        name = squeeze(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError("Say who it is.")
        return name

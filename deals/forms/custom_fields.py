"""The custom fields of a deal, those of one lane at a time."""

from deals.models import Opportunity
from leads.forms.custom_fields import CustomVersionedForm


class LaneFieldsForm(CustomVersionedForm):
    """The fields that one lane fills in."""

    record = "opportunity"

    class Meta:
        model = Opportunity
        fields: list[str] = []

    def __init__(self, *args: object, lane: str, **kwargs: object) -> None:
        self.lane = lane
        super().__init__(*args, **kwargs)

    def custom_lane(self) -> str:
        """The lane whose fields are asked for."""
        return self.lane

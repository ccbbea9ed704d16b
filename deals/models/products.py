"""What we sell."""

import pghistory
from django.core.validators import MinValueValidator
from django.db import models

from presales.text import key


def product_key(name: str) -> str:
    """The name without white space and case."""
    return "".join(key(name).split())[:120]  # folding can lengthen a name


@pghistory.track()
class Product(models.Model):
    """A product with its list price in the company's currency. `name_key` is the name without white space, so that
    “GTXPro” is “GTX Pro”."""

    name = models.CharField(max_length=120)
    name_key = models.CharField(max_length=120, unique=True, editable=False)
    series = models.CharField(max_length=60, blank=True)
    list_price = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    import_batch = models.ForeignKey("leads.ImportBatch", models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep `name_key` in step with the name."""
        self.name_key = product_key(self.name)
        super().save(*args, **kwargs)

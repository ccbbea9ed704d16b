"""The screens of figures, one module each: cards, tables and charts over the queries."""

"""Lead scoring: rules as data, compiled to one SQL expression and computed in the database.

A score is a pure function of the database, the rules and the day (UTC). The way through the package:
fields (what fit rules may ask) → rules (the rule set as plain values) → compile (rules to SQL) →
masses (what leads did, decaying) → engine (scores of given leads, of a range) → sweep (everything
that is stale) → reasons, preview, feedback (what people see) and verify (stored against fresh).
"""

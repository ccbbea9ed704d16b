"""The learned conversion probability of leads: what the core in presales/learning learns from, and what becomes of it.

The way through the package: fields (what may be learned from) → outcomes (leads whose ending is known, as they were
then) → versions (training, and which version is in use) → compile (a version as SQL, computed together with the
scores) → reasons (what people see on a lead) and watch (how the version in use does on leads of today).
"""

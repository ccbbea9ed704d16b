"""The weekly mail: what changed in a person's deals within the week, and which deals to ask about.

`content.py` writes it for one person, `due.py` finds whose Monday morning it is and puts their mails into the outbox,
`links.py` signs the address that ends it with one click.
"""

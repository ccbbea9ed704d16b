"""Nurture tracks at work: who gets on (enrol), what is due (advance), who gets off (stop), what came of it (results).

Everything is found anew from the database at every run: a lost message or a killed worker costs minutes. Nobody gets
the same step twice, since a mail's key in the outbox is made of the step and the address.
"""

"""What deals come to, learned from the own won and lost ones: what presales/learning learns from, and what becomes of
it.

The way through the package: fields (what may be learned from, as it stood when the deal came in) → outcomes (deals
whose ending is known) → versions (training, and which version is in use) → evidence (a version as SQL, a factor of the
evidence-based probability in deals/probability.py) → reasons (what people see on a deal).
"""

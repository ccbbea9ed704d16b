"""What wants a person today, by role: worst first, each line with the one action that settles it."""

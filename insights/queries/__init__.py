"""One documented query per figure. Every one starts from rows that went through `visible_to`."""

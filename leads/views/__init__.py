"""Leads' pages: parse, start from what the person sees, act or render."""

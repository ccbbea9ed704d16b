"""Everything that can happen to leads and companies. Pages, the API, imports and jobs call the same functions."""

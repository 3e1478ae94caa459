weights=None

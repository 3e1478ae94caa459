traces=None

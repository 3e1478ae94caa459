"""A differential tester: random networks, each run on every engine, compared, and shrunk to a script where
they differ."""

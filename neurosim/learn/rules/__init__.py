"""Learning rules as functions of arrays and networks: storage in one step, local rules, FORCE, sampling."""

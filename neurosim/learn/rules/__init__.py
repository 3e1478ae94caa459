"""Learning rules as functions of arrays and networks: one-shot storage, local rules, FORCE, contrastive divergence."""

"""Training by gradient descent: `ns.train` and `learn.gradient`, in JAX and optax."""

"""Writers of statements: each turns the syntax trees of text into code for one engine.

`numpy_code` serves the reference engine and the plan itself, `jax_code` the arrays engine, and `cpp_code` the
event engine. What a function of text means on each of them stands in `network/functions.py`. Only the arrays
engine imports `jax_code`, so that nobody else waits for JAX.
"""

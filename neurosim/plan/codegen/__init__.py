"""Writers of statements: each turns the syntax tree of text into code for one engine.

`numpy_code` serves the reference engine and whatever the plan evaluates itself, `jax_code` the arrays engine, and `cpp_code` the event
engine. What a function of text means on each of them stands in `network/functions.py`. This package imports none of them, so that
only the arrays engine imports JAX.
"""

"""Writers of statements: each turns the syntax trees of text into code for one engine.

`numpy_code` serves the reference engine and the plan itself, `jax_code` the array engine, and `cpp_code` the
event engine. `network/function_table.py` says how each of them computes a function of text. Only the array
engine imports `jax_code`, so that nothing else waits for JAX to be imported.
"""

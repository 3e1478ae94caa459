"""Architectures, one per file: what each network is, from its sizes to a Network.

`from neurosim.models import echo_state`, then `echo_state.echo_state(1, 100)` is the network and `echo_state.example()` the
arguments of a small run of it: `ns.run(**echo_state.example())`.
"""

NAMES = (
    "balanced_coba",
    "balanced_cuba",
    "bidirectional",
    "boltzmann",
    "continuous_hopfield",
    "conv_net",
    "deconvolutional",
    "deep_belief",
    "deep_echo_state",
    "echo_state",
    "encoder_decoder",
    "extreme_learning_machine",
    "feed_forward",
    "force",
    "gru",
    "hopfield",
    "inception",
    "kohonen",
    "liquid",
    "lstm",
    "markov_chain",
    "microcircuit",
    "minimal_gru",
    "modern_hopfield",
    "nvar",
    "perceptron",
    "radial_basis",
    "recursive",
    "residual",
    "restricted_boltzmann",
    "self_attention",
    "simple_recurrent",
    "spiking_classifier",
    "turing_head",
)

"""The networks that are measured, one file each: what the network is, described to each simulator in its own
words.

A file lists its rows in `BENCHMARKS`. A row's runs are functions of that file; each is called in a process of
its own and returns numbers by name. The same network for everybody: same sizes, equations, probabilities and
time step, each simulator's own random numbers.
"""

NAMES = (
    "microcircuit",
    "microcircuit_recipe",
    "coba",
    "cuba",
    "through_brian2",
    "every_tick",
    "brunel",
    "stdp",
    "polychronization",
    "plasticity",
    "connect",
    "echo_state",
    "hopfield",
    "boltzmann",
    "size",
    "forecasts",
    "memory_capacity",
    "japanese_vowels",
    "liquid",
    "attractors",
    "energy",
    "kohonen",
    "stdp_digits",
    "extreme_learning",
    "layered_speed",
    "training_speed",
    "layered_sequences",
    "layered_digits",
    "layered_vision",
    "layered_generative",
    "block_speed",
    "perceptron_speed",
    "transformers",
    "translation",
    "pascal",
    "turing_machines",
    "layered_parts",
    "evolution",
    "neural_computer",
    "closed_loop",
    "recording_speed",
    "called_again",
    "choices",
    "populations",
)

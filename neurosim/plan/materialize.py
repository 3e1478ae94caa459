"""A network with all its random numbers drawn, which is what is saved, looked at and trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, RecordingError
from neurosim.network.arguments import Arguments
from neurosim.network.called import CalledConstant
from neurosim.network.contraction import einsum
from neurosim.network.draws import Pairs
from neurosim.network.expression import Expression
from neurosim.network.network import Network, names_wanted
from neurosim.network.neurons import Neurons
from neurosim.network.synapses import Synapses, Transposed
from neurosim.network.values import TIME, Value
from neurosim.network.windows import conv, pool
from neurosim.network.wiring import Wiring, all_to_all, one_to_one, pairs, private
from neurosim.plan.dimensions import Dim, unit_dimensions
from neurosim.plan.draw import dense_matrix, draw_synapses, shared_weights, start_value
from neurosim.plan.groups import neuron_scope
from neurosim.plan.random import Stream
from neurosim.plan.synapse_numbers import per_synapse, private_weights
from neurosim.plan.synapse_units import check_wiring, given_units


def materialized(net: Network, seed: int = 0, final: Mapping[str, np.ndarray] | None = None) -> Network:
    """The network with its wiring, weights, delays and start values drawn as a run with this seed draws them.

    `final` is the end state of a run (`recording.final`); the weights and variables of synapses with text are
    then those of its first trial, so that what was learned while running is kept.
    """
    return net.map(
        lambda population: _materialized_population(net, population, seed),
        lambda name, arguments: (
            _without_spent(net.synapses[name], arguments)
            | _materialized_arguments(net, name, arguments, seed, final or {})
        ),
    )


def weight_matrix(net: Network, name: str, seed: int = 0) -> Value:
    """The weights of synapses as a matrix (post, pre): 0 without a synapse, the sum of several.

    Shared weights (conv) are laid out over the pairs they serve. Raises DescriptionError for einsum and
    private wirings and for weights that are messages, which have no such matrix.
    """
    item = net[name]
    if not isinstance(item, Synapses):
        raise DescriptionError(
            f"weight_matrix: {name!r} is a population. Give the name of synapses: {', '.join(net.synapses)}."
        )
    if isinstance(item.wiring, (einsum, private)) or item.weight_population is not None:
        raise DescriptionError(
            f"{item.label}: {type(item.wiring).__name__} wiring or a weight that is a message has no matrix."
            " Choose others."
        )
    units = _units(net, item)
    if isinstance(item.wiring, all_to_all):
        return Value(dense_matrix(net, name, seed), units["w"])
    drawn = draw_synapses(net, name, seed)
    matrix = np.zeros((item.post.size, item.pre.size))
    np.add.at(matrix, (drawn.post, drawn.pre), drawn.weight)
    return Value(matrix, units["w"])


def _materialized_population(net: Network, population: Neurons, seed: int) -> Neurons:
    wanted = names_wanted(population, net.synapses.values())
    fixed = Value | CalledConstant
    drawn = {key for key, value in population.constants.items() if not isinstance(value, fixed)}
    # What only expressions have used is not used any more.
    spent = population.constants.keys() - wanted
    if not drawn | spent:
        return population
    arguments = population.arguments
    if drawn:
        dims = neuron_scope(net, population, set()).dims
        for key in drawn:
            arguments[key] = Value(np.asarray(start_value(net, population, key, seed)), dims[key])
    kept: Arguments = {key: value for key, value in arguments.items() if key not in spent}
    return Neurons(**kept)


def _without_spent(item: Synapses, arguments: Arguments) -> Arguments:
    """The arguments of synapses without the constants that only expressions have used."""
    spent = item.constants.keys() - item.names_used - set(item.states)
    return {key: value for key, value in arguments.items() if key not in spent}


def _materialized_arguments(
    net: Network, name: str, arguments: Arguments, seed: int, final: Mapping[str, np.ndarray]
) -> Arguments:
    """The arguments of synapses that change; `arguments` hold the materialized owner of their weights."""
    item = net.synapses[name]
    if item.owner is not None and not item.text:
        weight = arguments["weight"]
        owner = weight.synapses if isinstance(weight, Transposed) else weight
        # The pairs of the owner are drawn by now; einsum draws none.
        wiring = item.wiring if isinstance(item.wiring, einsum) else owner.wiring
        return {"wiring": wiring, "delay": _materialized_delay(net, name, item, seed)}
    if item.weight_population is not None:
        return {}
    wiring, weight, constants, delays = _numbers(net, name, item, seed, final)
    return {"wiring": wiring, "weight": weight, "delay": item.pathways.delay_argument(delays), **constants}


def _numbers(
    net: Network, name: str, item: Synapses, seed: int, final: Mapping[str, np.ndarray]
) -> tuple[Wiring, Any, dict[str, Any], Mapping[str, Any]]:
    """Wiring, weight, constants and delays with their draws made."""
    units = _units(net, item)
    unit = units["w"]
    if isinstance(item.wiring, pool):
        return item.wiring, item.weight, dict(item.constants), item.delays
    if isinstance(item.wiring, private):
        return item.wiring, Value(private_weights(net, name, seed), unit), {}, item.delays
    if isinstance(item.wiring, (conv, einsum)) and not item.text:
        given = isinstance(item.weight, Value) and not item.weight.scalar
        shape = None if given else item.wiring.weight_shape(item.pre, item.post)
        weight = (
            item.weight
            if given
            else Value(shared_weights(item, shape or (), Stream(seed, f"{name}.weight")), unit)
        )
        return item.wiring, weight, dict(item.constants), item.delays
    scalar_delay = isinstance(item.delay, Value) and item.delay.scalar
    if isinstance(item.wiring, all_to_all) and not item.text and scalar_delay:
        return item.wiring, Value(dense_matrix(net, name, seed), unit), dict(item.constants), item.delays
    drawn = draw_synapses(net, name, seed)
    if isinstance(item.wiring, all_to_all) and "delay" in item.learning:
        return (
            item.wiring,
            Value(dense_matrix(net, name, seed), unit),
            {},
            _delay_matrix(net, name, item, seed),
        )
    if isinstance(item.wiring, one_to_one) and not item.text and scalar_delay:
        return item.wiring, Value(drawn.weight, unit), dict(item.constants), item.delays
    found = Pairs(drawn.pre, drawn.post)
    constants: dict[str, Value | CalledConstant] = {}
    order = np.argsort(item.pre.indices[drawn.pre], kind="stable")
    used = {
        key: value for key, value in item.constants.items() if key in item.names_used or key in item.states
    }
    for key, value in used.items():
        if isinstance(value, Value | CalledConstant) and value.scalar:
            constants[key] = value
        else:
            constants[key] = Value(per_synapse(net, name, key, found, seed), units[key])
    weight = drawn.weight
    for key in (k for k in item.states if f"synapse/{name}/{k}" in final):
        learned = np.empty(drawn.pre.size)
        learned[order] = _learned(final, f"synapse/{name}/{key}", drawn.pre.size)
        if key == "w":
            weight = learned
        else:
            dim = units[key] if key in item.constants else _declared(item, key)
            constants[key] = Value(learned, dim)
    delays = {key: _materialized_delay(net, name, item, seed, found, key) for key in item.delays}
    if not isinstance(item.wiring, pairs):
        return pairs(drawn.pre, drawn.post), Value(weight, unit), constants, delays
    # Pairs that were given keep their order, which is that of gradients and of learned weights.
    given = np.argsort(item.wiring.order)
    constants = {
        key: Value(value.number[given], value.dim)
        if isinstance(value, Value) and value.shape == given.shape
        else value
        for key, value in constants.items()
    }
    return (
        item.wiring,
        Value(weight[given], unit),
        constants,
        {
            key: d if isinstance(d, Expression) or d.scalar else Value(d.number[given], d.dim)
            for key, d in delays.items()
        },
    )


def _delay_matrix(net: Network, name: str, item: Synapses, seed: int) -> dict[str, Value]:
    """The delays of synapses that join every pair, in the shape (post, pre) of their weights."""
    drawn = draw_synapses(net, name, seed)
    delay = _materialized_delay(net, name, item, seed, Pairs(drawn.pre, drawn.post))
    assert isinstance(delay, Value)  # only text of synapses could change it
    matrix = np.zeros((item.post.size, item.pre.size))
    matrix[drawn.post, drawn.pre] = delay.number
    return {"delay": Value(matrix, net.schedule.time_dim)}


def _learned(final: Mapping[str, np.ndarray], key: str, size: int) -> np.ndarray:
    """What a run left in a variable of its synapses, in its first trial."""
    found = np.asarray(final[key])
    if found.ndim != 2 or not len(found) or found.shape[1] != size or found.dtype.kind != "f":
        raise RecordingError(
            f"The end state holds numbers of shape {found.shape} at {key!r}, where there are {size}"
            " synapses. It was damaged."
        )
    return found[0]


def _units(net: Network, item: Synapses) -> dict[str, Dim]:
    """The dimensions of the constants and of the weight, 'w', of synapses."""
    ends = {end.name: neuron_scope(net, end.population, set()) for end in (item.pre, item.post)}
    owner = item.owner
    if owner is not None:
        ends |= {end.name: neuron_scope(net, end.population, set()) for end in (owner.pre, owner.post)}
    check_wiring(net, owner or item, ends)
    return given_units(net, item, ends)


def _declared(item: Synapses, key: str) -> tuple[float, ...]:
    return unit_dimensions(next(line.unit for line in item.lines if line.name == key), f"{item.label}: {key}")


def _materialized_delay(
    net: Network, name: str, item: Synapses, seed: int, found: Pairs | None = None, key: str = "delay"
) -> Value | Expression:
    """A delay as numbers; drawn ones in whole ticks, as they are used. One that text changes stays so."""
    given = item.delays[key]
    if isinstance(given, Expression) and item.changing_delay(key):
        return given
    if isinstance(given, Value) and (given.scalar or found is None):
        return given
    if found is None:
        drawn = draw_synapses(net, name, seed)
        found = Pairs(drawn.pre, drawn.post)
    delay = per_synapse(net, name, key, found, seed)
    if net.dt is None:
        return Value(np.rint(delay).astype(np.int64))
    return Value(np.rint(delay / net.dt) * net.dt, TIME)

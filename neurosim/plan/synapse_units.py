"""The units of what is given for synapses: weights, delays, constants and start values."""

from __future__ import annotations

from collections.abc import Mapping

from neurosim.errors import PlanError
from neurosim.network.called import CalledConstant
from neurosim.network.expression import Expression
from neurosim.network.network import Network
from neurosim.network.random_wiring import probability
from neurosim.network.synapses import Synapses
from neurosim.network.values import PLAIN, TIME, Value, unit
from neurosim.network.weights import Distribution
from neurosim.plan.dimensions import Dim, Scope, check_condition, check_expression, unit_dimensions
from neurosim.plan.expressions import NOT_AT_THE_START, given_dims


def given_units(net: Network, item: Synapses, scopes: Mapping[str, Scope]) -> dict[str, Dim]:
    """The dimensions of the constants of synapses, and of their weight, called 'w'.

    scopes: the names that the text of the populations may use

    Raises PlanError for an expression that uses unknown names, mixes units, or has another unit than it must.
    """
    names = end_dims(net, item, scopes)
    weight = item.weight
    texts = {"w": weight} if isinstance(weight, Expression) else {}
    declared = {
        line.name: unit_dimensions(line.unit, f"{item.label}: {line.name}")
        for line in item.lines
        if "summed" not in line.flags
    }
    own = {key: dim for key, dim in names.items() if key != "w"}  # not a variable w of the target
    own = own if texts else own | {"w": _weight_unit(net, item, scopes)}
    called = {key: value for key, value in item.constants.items() if isinstance(value, CalledConstant)}
    given = {key: value for key, value in item.constants.items() if isinstance(value, Expression)} | texts
    drawn = {key: v for key, v in item.constants.items() if isinstance(v, Value | Distribution)}
    own = own | {key: value.dim for key, value in drawn.items()}
    wanted = {key: dim for key, dim in declared.items() if key in given}
    found = given_dims(item.label, given | called, wanted, own, "the model", {"w": "weight"})
    for delay in item.delays.values():
        if isinstance(delay, Expression):
            _check_delay(net, delay, Scope(f"{item.label}: delay", own | found, called=called), item)
    return {key: own[key] for key in (*item.constants, "w") if key in own} | found


def check_wiring(net: Network, item: Synapses, scopes: Mapping[str, Scope]) -> None:
    """Refuse expressions of a wiring that use unknown names, mix units, or are not what they must be."""
    wiring = item.wiring
    if not (isinstance(wiring, probability) and wiring.computed):
        return
    own: dict[str, Dim] = {}
    for name in sorted(wiring.names & item.constants.keys()):
        given = item.constants[name]
        if not (isinstance(given, Value) and given.scalar):
            raise PlanError(
                f"{item.label}: wiring uses {name!r}, which is given for each synapse, but there are none"
                " yet. Use a constant of the neurons, or a single number."
            )
        own[name] = given.dim
    scope = Scope(f"{item.label}: wiring", end_dims(net, item, scopes) | own, axes=False)
    if wiring.where:
        check_condition(wiring.where, scope)
    if isinstance(wiring.p, str):
        dim = check_expression(wiring.p, scope)
        if dim != PLAIN:
            raise PlanError(
                f"{item.label}: wiring: p={wiring.p!r} is in {unit(dim)}, but a probability has no unit."
                " Divide by something of that unit."
            )


def _check_delay(net: Network, delay: Expression, scope: Scope, item: Synapses) -> None:
    dim = check_expression(delay.text, scope)
    wanted = net.schedule.time_dim
    if dim != wanted:
        needed = "a time, such as 1*ms" if wanted == TIME else "a number of ticks"
        raise PlanError(
            f"{item.label}: delay={delay.text!r} is in {unit(dim)}, but {net.schedule} needs {needed}."
            f" Give it in {unit(wanted)}."
        )


def _weight_unit(net: Network, item: Synapses, scopes: Mapping[str, Scope]) -> Dim:
    """The unit of the weight: its own, or that of the synapses whose weights these share."""
    owner = item.owner or item
    if isinstance(owner.weight, Value | Distribution):
        return owner.weight.dim
    return given_units(net, owner, scopes)["w"] if isinstance(owner.weight, Expression) else PLAIN


def weight_unit(net: Network, item: Synapses, scopes: Mapping[str, Scope]) -> Dim:
    """The unit of a weight that is a number, an array, drawn, or computed, or that of other synapses."""
    given = (item.weight, *item.delays.values(), *item.constants.values())
    if not (item.text or any(isinstance(value, Expression | CalledConstant) for value in given)):
        return _weight_unit(net, item, scopes)
    return given_units(net, item, scopes)["w"] if item.owner is None else _weight_unit(net, item, scopes)


def end_dims(net: Network, item: Synapses, scopes: Mapping[str, Scope]) -> dict[str, Dim]:
    """The dimensions of what expressions of synapses may use of the neurons: i, j, x_pre, x_post, x."""
    pre, post = (
        {name: dim for name, dim in scopes[end.name].dims.items() if name not in NOT_AT_THE_START}
        for end in (item.pre, item.post)
    )
    builtin = ("i", "N", "dt")
    dims = {name: dim for name, dim in post.items() if name not in builtin}
    dims |= {f"{name}_pre": dim for name, dim in pre.items()}
    dims |= {f"{name}_post": dim for name, dim in post.items()}
    return dims | {"i": PLAIN, "j": PLAIN} | ({"dt": TIME} if net.dt else {})

"""What is checked of synapses when they are described; all errors begin with the label of the synapses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.called import CalledConstant, check_called
from neurosim.network.contraction import einsum
from neurosim.network.expression import Expression
from neurosim.network.flags import OF_SYNAPSES, check_flags, check_held, check_shared, shared_names
from neurosim.network.neurons import METHODS as OF_NEURONS
from neurosim.network.neurons import Population, label
from neurosim.network.part import Part
from neurosim.network.pathway_texts import Delay
from neurosim.network.text_names import check_name, check_variable
from neurosim.network.values import PLAIN, TIME, Value, plain_text, spelt
from neurosim.network.weights import Distribution
from neurosim.network.wiring import pairs

if TYPE_CHECKING:
    from neurosim.network.synapses import Synapses

LEARNING = ("weight", "delay")
METHODS = ("auto", *OF_NEURONS)
ARGUMENTS = (
    "to", "wiring", "weight", "delay", "model", "on_pre", "on_post", "regularly", "method", "learns",
    "name",
)  # fmt: skip


def check_synapses(synapses: Synapses) -> None:
    """Refuse arguments that do not fit each other. Raises DescriptionError."""
    ends = (synapses.pre, synapses.post)
    transposed = _owner_transposed(synapses)[1]
    _with_label(synapses, lambda: synapses.wiring.check(*(reversed(ends) if transposed else ends)))
    _check_weight(synapses)
    for delay in synapses.delays.values():
        _check_delay(synapses, delay)
    _check_text(synapses)
    _check_constants(synapses)


def target_of(synapses: Synapses, to: str | None) -> str | None:
    """Read the argument `to`: by default the only port of the target; None for synapses with text."""
    _check_sending(synapses)
    target = synapses.post.population
    name = None if to is None else spelt(plain_text(to, f"{synapses.label}: to"))
    known = (*target.port_names, *target.states)
    if name is None:
        if synapses.text:
            return None
        if len(target.port_names) != 1:
            choices = " or ".join(map(repr, known)) or "none; give it one with ports='I'"
            raise DescriptionError(
                f"{synapses.label}: {target.name!r} has {len(target.port_names)} ports."
                f" Say which: to={choices}."
            )
        return target.port_names[0]
    if name not in known:
        raise DescriptionError(
            f"{synapses.label}: to={shown(name)} is neither a port nor a state variable of {target.name!r}."
            f" {nearest(name, known)}"
        )
    return name


def read_learning(given: object, subject: str) -> bool | tuple[str, ...]:
    """Read the argument `learns`: True and 'weight' are the same, and so are False and no names."""
    if isinstance(given, bool):
        return given
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, tuple | list):
        raise DescriptionError(
            f"{subject}: {shown(given)} is neither True nor names."
            " Give True or False, or names: 'weight', 'delay' or ('weight', 'delay')."
        )
    for name in names:
        if name not in LEARNING:
            raise DescriptionError(
                f"{subject}: {shown(name)} of synapses cannot learn. {nearest(name, LEARNING)}"
                " Give True or False, or names: 'weight', 'delay' or ('weight', 'delay')."
            )
    learning = tuple(name for name in LEARNING if name in names)
    return learning if "delay" in learning else bool(learning)


def _check_sending(synapses: Synapses) -> None:
    """Refuse `sending(variable)` where it has no meaning."""
    pre, post = synapses.pre, synapses.post
    if isinstance(post, Part) and post.variable is not None:
        raise DescriptionError(
            f"{synapses.label}: sending() says what a sender sends, and this is the target."
            f" Say where the messages arrive by to={post.variable!r}."
        )
    if isinstance(pre, Part) and pre.variable is not None and synapses.text:
        raise DescriptionError(
            f"{synapses.label}: synapses with text read {pre.variable}_pre themselves."
            f" Take {pre.name!r} as the sender,"
            f" and write {pre.variable}_pre in the text."
        )


def _owner_transposed(synapses: Synapses) -> tuple[Synapses | None, bool]:
    """The synapses whose weights these share, and whether they share them transposed."""
    owner = synapses.owner
    return owner, owner is not None and owner is not synapses.weight


def _with_label(synapses: Synapses, check: Callable[[], object]) -> None:
    """Run a check of the wiring; its errors begin with the label of the synapses."""
    try:
        check()
    except DescriptionError as error:
        raise DescriptionError(f"{synapses.label}: {error}") from None


def _check_weight(synapses: Synapses) -> None:
    wiring, weight, ends = synapses.wiring, synapses.weight, (synapses.pre, synapses.post)
    kind = type(wiring).__name__
    owner, transposed = _owner_transposed(synapses)
    if isinstance(weight, Value):
        if not np.isfinite(weight.number).all():
            raise DescriptionError(f"{synapses.label}: weight {weight} is not finite. Give finite numbers.")
        _check_shape(synapses, weight, "weight", wiring.weight_shapes(*ends, weight.shape))
    elif synapses.weight_population is not None:
        _check_weight_population(synapses, synapses.weight_population)
    elif wiring.one_weight and (owner is None or not wiring.listed):
        raise DescriptionError(
            f"{synapses.label}: {kind} takes one number as weight. Give one, such as weight=1.0."
        )
    elif owner is not None:
        _check_shared(synapses, owner, transposed)
    if isinstance(weight, Expression) and not (_has_own_weights(synapses) or wiring.weight_by_target):
        raise DescriptionError(
            f"{synapses.label}: weight {weight} is an expression of each synapse, but {kind} lists none."
            " Give a number, an array or a distribution."
        )
    if isinstance(weight, Distribution):
        if wiring.weight_by_target and weight.whole:
            raise DescriptionError(
                f"{synapses.label}: {type(weight).__name__} makes a matrix (post, pre), but {kind} has one"
                " weight for each target. Use normal or uniform."
            )
        if wiring.shares_weights and weight.whole:
            raise DescriptionError(
                f"{synapses.label}: {type(weight).__name__} makes a matrix (post, pre), but {kind} shares"
                " weights."
                " Use normal, uniform or glorot."
            )
        _with_label(synapses, lambda: wiring.weight_shape(*ends))
    elif isinstance(weight, Value) and weight.scalar:
        _with_label(synapses, lambda: wiring.weight_shape(*ends))


def _has_own_weights(synapses: Synapses) -> bool:
    """Whether each synapse has a weight of its own, so that an expression can give it."""
    return synapses.wiring.listed and not synapses.wiring.shares_weights


def _check_shape(synapses: Synapses, value: Value, argument: str, allowed: list[tuple[int, ...]]) -> None:
    if value.scalar or value.shape in allowed:
        return
    shapes = " or ".join(str(shape) for shape in allowed) or "one number"
    order = "(post, pre)" if (synapses.post.size, synapses.pre.size) in allowed else "this"
    raise DescriptionError(
        f"{synapses.label}: {argument} has shape {value.shape}, the wiring needs {shapes}. Give {order}."
    )


def _check_weight_population(synapses: Synapses, population: Population) -> None:
    wiring = synapses.wiring
    shapes = wiring.message_shapes(synapses.pre, synapses.post, population)
    if shapes is None:
        raise DescriptionError(
            f"{synapses.label}: a population as weight needs einsum, one_to_one or all_to_all, not"
            f" {type(wiring).__name__}."
        )
    needed, shape = shapes
    if shape != needed:
        raise DescriptionError(
            f"{synapses.label}: weight population {label(population)} has shape {shape}, the wiring needs"
            f" {needed}."
            " Give it that, or take a part."
        )
    if synapses.text:
        raise DescriptionError(
            f"{synapses.label}: a weight that is a population's message takes no synapse text."
            " Write it in the target's update."
        )


def _check_shared(synapses: Synapses, owner: Synapses, transposed: bool) -> None:
    """Refuse to share the weights of synapses that do not fit."""
    wiring, subject = synapses.wiring, synapses.label
    by_letters = isinstance(wiring, einsum) and isinstance(owner.wiring, einsum)
    ends = (owner.post.shape, owner.pre.shape) if transposed else (owner.pre.shape, owner.post.shape)
    # The letters of einsum say themselves which way round the weights are used.
    if ends != (synapses.pre.shape, synapses.post.shape) and (transposed or not by_letters):
        raise DescriptionError(
            f"{subject}: shares the weights of {owner.label}, which joins shapes {ends[0]} -> {ends[1]};"
            f" here it is {synapses.pre.shape} -> {synapses.post.shape}."
            " Use .T where the direction is reversed."
        )
    if not isinstance(owner.weight, Value | Distribution | Expression):
        raise DescriptionError(
            f"{subject}: {owner.label} has no weights of its own to share."
            " Share those of the synapses that own them."
        )
    if isinstance(wiring, einsum) and transposed:
        raise DescriptionError(
            f"{subject}: einsum takes the weights themselves, not .T."
            " Write the letters of the weights in their own order."
        )
    if by_letters:
        mine, theirs = (s.wiring.weight_shape(s.pre, s.post) for s in (synapses, owner))
        if mine != theirs:
            raise DescriptionError(
                f"{subject}: needs weights of shape {mine}, but those of {owner.label} have {theirs}."
                " Share fitting ones."
            )
        return
    same_kind = type(wiring) is type(owner.wiring)
    if not same_kind or (wiring != owner.wiring and not isinstance(wiring, pairs)):
        raise DescriptionError(
            f"{subject}: shares the weights of {owner.label};"
            f" give it the same wiring, wiring={owner.wiring!r}."
        )


def _check_delay(synapses: Synapses, delay: Delay) -> None:
    subject = synapses.label
    if isinstance(delay, Expression):
        if not _has_own_weights(synapses):
            kind = type(synapses.wiring).__name__
            raise DescriptionError(
                f"{subject}: delay {delay} is an expression of each synapse, but {kind} lists none."
                " Give a number."
            )
        return
    if delay.dim not in (PLAIN, TIME):
        shape = "" if isinstance(delay, Distribution) else f" {delay}"
        raise DescriptionError(
            f"{subject}: delay{shape} is not a time. Give a time under Clock, whole ticks otherwise."
        )
    if isinstance(delay, Distribution):
        if not delay.alone:
            raise DescriptionError(
                f"{subject}: delay: {type(delay).__name__} makes weights. Use normal or uniform."
            )
        return
    _check_shape(synapses, delay, "delay", synapses.wiring.number_shapes(synapses.pre, synapses.post))
    if not np.isfinite(delay.number).all() or (delay.number < 0).any():
        raise DescriptionError(
            f"{subject}: delay {delay} is below 0 or not finite. Give a delay of 0 or more."
        )


def _check_text(synapses: Synapses) -> None:
    if not synapses.text:
        return
    target, sender, subject = synapses.post.population, synapses.pre.population, synapses.label
    own = {line.name for line in synapses.lines if line.kind != "subexpression"}
    ports = {*target.port_names, *(f"{port}_post" for port in target.port_names)}
    of_neurons = {f"{name}_pre" for name in sender.states} | {f"{name}_post" for name in target.states}
    known = own | {"w"} | of_neurons | set(target.states) | ports
    blocks = [
        ("on_pre", synapses.pre_statements),
        ("on_post", synapses.post_statements),
        *((path.words, path.statements) for path in synapses.further),
        *((block.name, block.statements) for block in synapses.regular),
    ]
    for argument, statements in blocks:
        for statement in statements:
            if statement.name not in known:
                raise DescriptionError(
                    f"{subject}: {argument} assigns {shown(statement.name)}, which is neither a variable of"
                    " the model nor a"
                    f" variable_post of {target.name!r}. {nearest(statement.name, known)}"
                    f" If it is new, declare it in the model: '{statement.name} : 1'."
                )
            if statement.name in ports and statement.op not in ("+=", "-="):
                line = f"'{statement.name} {statement.op} {statement.expression}'"
                raise DescriptionError(
                    f"{subject}: {argument}: {shown(line)[1:-1]} sets a port, which only collects arrivals."
                    " Use +=."
                )
    if not synapses.wiring.listed:
        kind = type(synapses.wiring).__name__
        raise DescriptionError(
            f"{subject}: {kind} wiring has no stored synapses for model, on_pre or on_post. Leave them out."
        )
    for line in synapses.lines:
        (check_name if "summed" in line.flags else check_variable)(line.name, f"{subject}: variable")
        check_flags(line, OF_SYNAPSES, f"{subject}: model")
        if line.name == "lastupdate":
            raise DescriptionError(
                f"{subject}: variable 'lastupdate' of the model: text reads the time of a synapse's last"
                " event under this name without declaring it. Take the line away, or use another name."
            )
        if line.name in (*ARGUMENTS, "pre", "post"):
            raise DescriptionError(
                f"{subject}: variable {line.name!r} of the model has the name of an argument."
                f" Rename it, such as a{line.name}."
            )

    check_held(synapses.lines, f"{subject}: model")
    check_shared(synapses.lines, _separate(synapses), "synapse", f"{subject}: model")
    for line in synapses.lines:
        given = synapses.weight if line.name == "w" else synapses.constants.get(line.name)
        if "shared" in line.flags and given is not None and not _is_single(given):
            raise DescriptionError(
                f"{subject}: {line.name!r} is (shared), so it takes one value. Give one number."
            )


def _separate(synapses: Synapses) -> set[str]:
    """The names that have a value for each synapse."""
    shared = shared_names(synapses.lines)
    own = {
        *synapses.states,
        *(line.name for line in synapses.lines),
        "i",
        "j",
        "lastupdate",
        "v_pre",
    } - shared
    own |= {name for name, given in synapses.constants.items() if not _is_single(given)}
    for population, suffixes in (
        (synapses.pre.population, ("_pre",)),
        (synapses.post.population, ("_post", "")),
    ):
        names = {
            *population.states,
            *population.subexpressions,
            *population.port_names,
            "i",
            "not_refractory",
        }
        names |= {name for name, given in population.constants.items() if not _is_single(given)}
        own |= {f"{name}{suffix}" for name in names - population.shared for suffix in suffixes}
    return own - shared


def _is_single(given: object) -> bool:
    """Whether a constant is one number."""
    return isinstance(given, Value | CalledConstant) and given.scalar


def _check_constants(synapses: Synapses) -> None:
    if not synapses.constants:
        return
    used = (
        synapses.names_used
        | synapses.names_in_expressions
        | {line.name for line in synapses.lines if line.kind != "subexpression"}
    )
    for name, value in synapses.constants.items():
        if name == "w" and synapses.text:
            raise DescriptionError(f"{synapses.label}: w is the weight. Give it as weight=...")
        if name == "lastupdate":
            raise DescriptionError(
                f"{synapses.label}: lastupdate is the time of a synapse's last event, which is no constant."
                " Use another name."
            )
        if name not in used:
            raise DescriptionError(
                f"{synapses.label}: {name!r} is neither an argument of Synapses nor used in their text."
                f" {nearest(name, (*ARGUMENTS, *used))}"
            )
        if isinstance(value, CalledConstant):
            check_called(name, synapses.states, (), synapses.label)
        if isinstance(value, Value):
            _check_shape(synapses, value, name, synapses.wiring.number_shapes(synapses.pre, synapses.post))

"""What estimators around any network share: a network, or a function that makes one, whose parameters are the estimator's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from neurosim.errors import DescriptionError, nearest
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons

NESTED = "network__"


class MadeNetwork:
    """For an estimator with the parameters `network` and `network_params`: those of a function `network` are its own, as network__name.

    It stands before BaseEstimator, whose `get_params` and `set_params` it extends.
    """

    network: Any
    network_params: Mapping[str, Any] | None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters; with `deep`, those of a function `network` too, as network__name."""
        params = super().get_params(deep=deep)  # type: ignore[misc]
        return params | (
            {NESTED + name: value for name, value in self._network_values().items()} if deep else {}
        )

    def set_params(self, **params: Any) -> Any:
        """Set parameters; network__name sets one of the function `network`."""
        nested = {
            name.removeprefix(NESTED): value for name, value in params.items() if name.startswith(NESTED)
        }
        super().set_params(**{name: value for name, value in params.items() if not name.startswith(NESTED)})  # type: ignore[misc]
        if nested:
            self._check_names(nested)
            self.network_params = {**(self.network_params or {}), **nested}
        return self

    def _maker(self) -> Any:
        """The network, or the function that makes it."""
        return self.network

    def _network_values(self) -> dict[str, Any]:
        """The parameters of a function `network` and their values; those without one are left out."""
        if not callable(self._maker()):
            return {}
        defaults = {p.name: p.default for p in parameters(self._maker()) if p.default is not p.empty}
        return defaults | (dict(self.network_params) if isinstance(self.network_params, Mapping) else {})

    def _made(self, **shapes: Any) -> Network:
        """The network itself, or what the function makes of its parameters and of those `shapes` that it takes and is not given."""
        name, params, maker = type(self).__name__, self.network_params or {}, self._maker()
        if isinstance(maker, Network):
            if params:
                raise DescriptionError(
                    f"{name}: network_params {sorted(params)} are given, but network is a Network. Give the function that makes it."
                )
            return maker
        if not callable(maker):
            raise DescriptionError(
                f"{name}: network {maker!r} is neither a Network nor a function that makes one. Give one of these."
            )
        self._check_names(params)
        made = maker(**{p.name: shapes[p.name] for p in parameters(maker) if p.name in shapes} | dict(params))
        if not isinstance(made, Network):
            raise DescriptionError(
                f"{name}: network {maker!r} made {type(made).__name__}, not a Network. Return Network(...)."
            )
        return made

    def _check_names(self, params: Mapping[str, Any]) -> None:
        """Refuse names that the function does not take."""
        name, maker = type(self).__name__, self._maker()
        if not callable(maker):
            raise DescriptionError(
                f"{name}: {sorted(params)} would be parameters of a function, but network is {maker!r}. Give a function."
            )
        known = parameters(maker)
        for key in params:
            if key not in [p.name for p in known] and not any(p.kind is p.VAR_KEYWORD for p in known):
                raise DescriptionError(
                    f"{name}: {NESTED}{key} is no parameter of the function that makes the network. {nearest(key, [p.name for p in known])}"
                )


def parameters(network: Callable[..., Any]) -> list[inspect.Parameter]:
    """What the function that makes a network takes."""
    return list(inspect.signature(network).parameters.values())


def driven(net: Network, name: str | None, where: str) -> Neurons:
    """The input population: that of the name, or the only one that is driven from outside."""
    if name is not None:
        if name not in net.populations:
            raise DescriptionError(
                f"{where}: input {name!r} is no population of the network. {nearest(name, net.populations)}"
            )
        return net.populations[name]
    found = [population for population in net.populations.values() if population.driven]
    if len(found) != 1:
        names = ", ".join(population.name for population in found) or "none"
        raise DescriptionError(
            f"{where}: input is not given, and the network's driven populations are: {names}. Give input='name'."
        )
    return found[0]


def answering(net: Network, where: str) -> Neurons:
    """The population that answers where none is named: the only one with text that sends to no other population."""
    sending = set()
    for item in net.synapses.values():
        sending |= {
            end.name
            for end in (item.pre, item.weight_population)
            if end is not None and end.name != item.post.name
        }
    last = [
        population
        for name, population in net.populations.items()
        if name not in sending and not population.driven
    ]
    if len(last) != 1:
        names = ", ".join(population.name for population in last) or "none"
        raise DescriptionError(
            f"{where}: output is not given, and the populations that send to no other are: {names}. Give output='name'."
        )
    return last[0]

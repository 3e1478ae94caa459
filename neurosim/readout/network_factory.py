"""What scikit-learn estimators around any network share: the network, or a function that builds it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Self

from neurosim.errors import DescriptionError, nearest
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons

NESTED = "network__"


class NetworkFactory:
    """A mixin for estimators with the parameters `network` and `network_params`.

    If `network` is a function that builds a Network, its own parameters become parameters of the estimator
    under the names network__name, so that `set_params` and GridSearchCV can change them. The mixin comes
    before BaseEstimator in the list of base classes, because it extends that class's `get_params` and
    `set_params`.
    """

    network: Network | Callable[..., Network] | None
    network_params: Mapping[str, Any] | None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; with `deep`, also those of a function `network`, as network__name."""
        params = super().get_params(deep=deep)  # type: ignore[misc]  # of BaseEstimator, the next base class
        nested = self._network_values() if deep else {}
        return params | {NESTED + name: value for name, value in nested.items()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name (network__name: of the function `network`) and return the estimator."""
        nested = {key.removeprefix(NESTED): value for key, value in params.items() if key.startswith(NESTED)}
        own = {key: value for key, value in params.items() if not key.startswith(NESTED)}
        super().set_params(**own)  # type: ignore[misc]  # of BaseEstimator, the next base class
        if nested:
            self._check_names(nested)
            self.network_params = {**(self.network_params or {}), **nested}
        return self

    def _factory(self) -> Network | Callable[..., Network] | None:
        """The network, or the function that builds it; subclasses may have a default."""
        return self.network

    def _network_values(self) -> dict[str, Any]:
        """The parameters of a function `network` that have a value, with their values."""
        factory = self._factory()
        if not callable(factory):
            return {}
        defaults = {p.name: p.default for p in parameters(factory) if p.default is not p.empty}
        return defaults | (dict(self.network_params) if isinstance(self.network_params, Mapping) else {})

    def _build_network(self, **sizes: int) -> Network:
        """The network, built from `network_params` if `network` is a function.

        sizes: numbers that follow from the data, such as n_inputs. The function gets those that it has a
            parameter for and that `network_params` does not set.
        """
        name, params, factory = type(self).__name__, self.network_params or {}, self._factory()
        if isinstance(factory, Network):
            if params:
                raise DescriptionError(
                    f"{name}: network_params {sorted(params)} are given, but network is a Network. "
                    "Give the function that makes it."
                )
            return factory
        if not callable(factory):
            raise DescriptionError(
                f"{name}: network {factory!r} is neither a Network nor a function that makes one. "
                "Give one of these."
            )
        self._check_names(params)
        known = {p.name for p in parameters(factory)}
        net = factory(**{key: size for key, size in sizes.items() if key in known} | dict(params))
        if not isinstance(net, Network):
            raise DescriptionError(
                f"{name}: network {factory!r} made {type(net).__name__}, not a Network. Return Network(...)."
            )
        return net

    def _check_names(self, params: Mapping[str, Any]) -> None:
        """Refuse parameters that the function `network` does not have."""
        name, factory = type(self).__name__, self._factory()
        if not callable(factory):
            raise DescriptionError(
                f"{name}: {sorted(params)} would be parameters of a function, but network is {factory!r}. "
                "Give a function."
            )
        signature = parameters(factory)
        known = [p.name for p in signature]
        if any(p.kind is p.VAR_KEYWORD for p in signature):
            return
        for key in params:
            if key not in known:
                raise DescriptionError(
                    f"{name}: {NESTED}{key} is no parameter of the function that makes the network. "
                    f"{nearest(key, known)}"
                )


def parameters(factory: Callable[..., object]) -> list[inspect.Parameter]:
    """The parameters of a function that builds a network."""
    return list(inspect.signature(factory).parameters.values())


def input_population(
    net: Network, name: str | None, label: str, remedy: str = "Give input='name'."
) -> Neurons:
    """The population called `name`, or without a name the only driven population of the network.

    Errors begin with `label`; `remedy` says what to do if the network has no driven population or several.
    """
    if name is not None:
        if name not in net.populations:
            raise DescriptionError(
                f"{label}: input {name!r} is no population of the network. {nearest(name, net.populations)}"
            )
        return net.populations[name]
    driven = [population for population in net.populations.values() if population.driven]
    return _only(driven, f"{label}: the input is not clear, as the network's driven populations are", remedy)


def output_population(net: Network, label: str) -> Neurons:
    """The only population with text that sends to no other population; errors begin with `label`."""
    sending = set()
    for synapses in net.synapses.values():
        senders = (synapses.pre, synapses.weight_population)
        sending |= {end.name for end in senders if end is not None and end.name != synapses.post.name}
    last = [
        population
        for name, population in net.populations.items()
        if name not in sending and not population.driven
    ]
    return _only(
        last,
        f"{label}: the output is not clear, as the populations that send to no other are",
        "Give output='name'.",
    )


def _only(populations: list[Neurons], problem: str, remedy: str) -> Neurons:
    """The one element of a list; if there is none or several, an error that names them."""
    if len(populations) != 1:
        names = ", ".join(population.name for population in populations) or "none"
        raise DescriptionError(f"{problem}: {names}. {remedy}")
    return populations[0]

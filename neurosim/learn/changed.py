"""A network with some of its parts given anew: how what was learned comes into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, nearest
from neurosim.network.codec import NEURONS, SYNAPSES, decode_network, encode_network
from neurosim.network.network import Network


def changed(net: Network, changes: Mapping[str, Mapping[str, Any]]) -> Network:
    """The same network, but for these arguments and constants of the populations and synapses of these names.

    Numbers, arrays and text can be given anew: `changed(net, {"pool_to_out": {"weight": W}, "out": {"bias": b}})`.

    Raises DescriptionError for a name that the network does not have, and for what does not fit.
    """
    data = encode_network(net, pack=lambda array: array)
    entries = {entry["name"]: (entry, NEURONS) for entry in data["populations"]} | {entry["name"]: (entry, SYNAPSES) for entry in data["synapses"]}
    for name, given in changes.items():
        if name not in entries:
            raise DescriptionError(f"changed: {name!r} is no population and no synapses of the network. {nearest(name, entries)}")
        entry, fields = entries[name]
        for key, value in given.items():
            encoded = value if isinstance(value, str) else {"value": {"array": np.array(value)}}
            (entry if key in fields else entry["constants"])[key] = encoded
    return decode_network(data, unpack=lambda array: array)

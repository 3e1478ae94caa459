"""Encodes a network as plain data, which JSON and recording files can hold, and decodes it without loss.

Plain data are dicts, lists, text, numbers, truth values and None. An array becomes such data by a function
`pack`, which the caller chooses: text within JSON, or the number of a dataset in a file. An object becomes a
dict, and its first key says what it is: 'value' (a number or an array with its dimensions), 'array', 'named'
(several texts, or their delays), 'population' (with 'part' and 'sends' for a part), 'delayed', 'weights_of'
(the weights of other synapses) or 'kind' (a wiring, a distribution or a schedule: the name of its class, and
its fields). An expression is text.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import DescriptionError, NeurosimError, RecordingError, shown
from neurosim.network.arguments import Arguments
from neurosim.network.expression import Expression
from neurosim.network.kinds import Kind, kind_called
from neurosim.network.neurons import Neurons
from neurosim.network.part import Part
from neurosim.network.schedule import Schedule
from neurosim.network.synapses import Delayed, Synapses, Transposed
from neurosim.network.values import PLAIN, Value

if TYPE_CHECKING:
    from neurosim.network.network import Network

VERSION = 1
Json = Any  # plain data: dicts, lists, text, numbers, truth values and None
Pack = Callable[[np.ndarray], Json]
Unpack = Callable[[Json], np.ndarray]


def pack_text(array: np.ndarray) -> dict:
    """An array as text within JSON: its type, its shape and its bytes in base64."""
    plain = np.ascontiguousarray(array)
    return {
        "dtype": plain.dtype.str,
        "shape": list(np.shape(array)),
        "base64": base64.b64encode(plain.tobytes()).decode(),
    }


def unpack_text(packed: Any) -> np.ndarray:
    """The array that `pack_text` packed. Raises RecordingError for types other than plain numbers."""
    dtype = np.dtype(packed["dtype"])
    if dtype.kind not in "biuf":
        raise RecordingError(
            f"array of type {packed['dtype']!r} is not an array of numbers;"
            " the file was changed by hand or is foreign."
        )
    return np.frombuffer(base64.b64decode(packed["base64"]), dtype).reshape(packed["shape"])


def encode_network(net: Network, pack: Pack = pack_text) -> dict[str, Json]:
    """A network as plain data. pack: turns an array into plain data."""
    return {
        "version": VERSION,
        "schedule": _encode(net.schedule, net, pack),
        "populations": [_arguments(population, net, pack) for population in net.populations.values()],
        "synapses": [
            _arguments(synapses, net, pack) | {"name": name} for name, synapses in net.synapses.items()
        ],
        **({"tied": dict(net.tied)} if net.tied else {}),
        **({"parts": {name: list(members) for name, members in net.parts.items()}} if net.parts else {}),
    }


def same(first: Any, net: Network, second: Any, other: Network) -> bool:
    """Whether `first`, an object of `net`, and `second`, an object of `other`, have the same description.

    They are such as the arguments of populations or synapses: values, wirings, populations, text.
    """
    if first is second or (isinstance(first, Value) and isinstance(second, Value)):
        return first is second or first == second
    return _encode(first, net, pack_text) == _encode(second, other, pack_text)


def _arguments(described: Neurons | Synapses, net: Network, pack: Pack) -> dict[str, Json]:
    """The arguments of a population or of synapses, by name.

    Constants lie in a dict of their own: the user chooses their names, which may be those of arguments.
    """
    data = {
        name: {"named": {key: _encode(each, net, pack) for key, each in value.items()}}
        if isinstance(value, dict)
        else _encode(value, net, pack)
        for name, value in described.arguments.items()
    }
    constants = {name: data.pop(name) for name in described.constants}
    return data | {"constants": constants}


def _encode(item: Any, net: Network, pack: Pack) -> Json:
    """Any object of a network as plain data. Raises DescriptionError for objects of other types."""
    if isinstance(item, Value):
        number = (
            item.number.item() if item.scalar and np.isfinite(item.number) else {"array": pack(item.number)}
        )
        return {"value": number} | ({} if item.dim == PLAIN else {"dim": list(item.dim)})
    if isinstance(item, Expression):
        return item.text
    if isinstance(item, np.ndarray):
        return {"array": pack(item)}
    if isinstance(item, Neurons):
        return {"population": item.name}
    if isinstance(item, Part):
        return {"population": item.name, "part": item.key} | (
            {"sends": item.variable} if item.variable else {}
        )
    if isinstance(item, Delayed):
        return {"delayed": _encode(item.population, net, pack), "ticks": item.ticks}
    if isinstance(item, Synapses):
        return {"weights_of": net.name_of(item)}
    if isinstance(item, Transposed):
        return {"weights_of": net.name_of(item.synapses), "transposed": True}
    if isinstance(item, Kind):
        return {"kind": type(item).__name__} | {
            name: _encode(value, net, pack) for name, value in item.fields().items()
        }
    if isinstance(item, (tuple, list)):
        return [_encode(part, net, pack) for part in item]
    if item is None or isinstance(item, (str, bool, int, float)):
        return item
    raise DescriptionError(
        f"{shown(item)} is of the type {type(item).__name__}, which no file and no copy can describe."
        " Give a kind's fields as numbers, text,"
        " arrays, tuples of these, or other kinds."
    )


@contextmanager
def readable() -> Iterator[None]:
    """A context in which errors about data that do not describe a network become RecordingError."""
    try:
        yield
    except RecordingError:
        raise
    except NeurosimError as error:
        raise RecordingError(f"the description does not hold a valid network: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        reason = f"{type(error).__name__}: {shown(str(error))}"
        raise RecordingError(
            f"the description is not readable ({reason}). The file was changed by hand or is foreign."
        ) from error


def decode_network(data: Any, unpack: Unpack = unpack_text) -> tuple[list[Neurons | Synapses], Schedule]:
    """The populations and synapses, and the schedule, that `encode_network` encoded.

    unpack: turns what `pack` made of an array into the array

    The data may come from a file of somebody else: they only choose among classes of neurosim and of the
    user's own kinds, and no code in them runs. Raises RecordingError for data of another version; called
    within `readable()`, also for data that do not describe a network.
    """
    if not isinstance(data, dict):
        raise RecordingError(f"the description {shown(data)} is not a dict. Give what to_dict() returned.")
    if data["version"] != VERSION:
        raise RecordingError(
            f"the description has version {shown(data['version'])}, this neurosim reads version {VERSION}."
            " Use the neurosim that wrote it."
        )
    return _Decoder(unpack).network(data)


class _Decoder:
    """Decodes one network: keeps what is decoded by name, because later entries refer to it."""

    def __init__(self, unpack: Unpack):
        self.unpack = unpack
        self.populations: dict[str, Neurons] = {}
        self.synapses: dict[str, Synapses] = {}

    def network(self, data: dict) -> tuple[list[Neurons | Synapses], Schedule]:
        for entry in data["populations"]:
            self.populations[entry["name"]] = Neurons(**self._arguments(entry))
        # Synapses that share the weights of others come after these.
        for entry in sorted(data["synapses"], key=lambda entry: "weights_of" in entry["weight"]):
            self.synapses[entry["name"]] = Synapses(**self._arguments(entry))
        ordered = [self.synapses[entry["name"]] for entry in data["synapses"]]
        return [*self.populations.values(), *ordered], self.decode(data["schedule"])

    def _arguments(self, entry: dict[str, Json]) -> Arguments:
        own = {name: value for name, value in entry.items() if name != "constants"}
        data = dict(**own, **entry["constants"])  # a constant with the name of an argument is a TypeError
        return {name: self._argument(value) for name, value in data.items()}

    def _argument(self, item: Any) -> Any:
        """An argument: those of several texts and their delays are dicts."""
        if isinstance(item, dict) and list(item) == ["named"]:
            return {name: self.decode(value) for name, value in item["named"].items()}
        return self.decode(item)

    def decode(self, item: Any) -> Any:
        if isinstance(item, list):
            return tuple(self.decode(part) for part in item)
        if not isinstance(item, dict):
            return item
        if "value" in item:
            number = self.decode(item["value"])
            return Value(np.asarray(number), tuple(float(d) for d in item.get("dim", PLAIN)))
        if "array" in item:
            return self.unpack(item["array"])
        if "population" in item:
            population = self.populations[item["population"]]
            return (
                Part(population, self.decode(item["part"]), item.get("sends"))
                if "part" in item
                else population
            )
        if "delayed" in item:
            return Delayed(self.decode(item["delayed"]), int(item["ticks"]))
        if "weights_of" in item:
            owner = self.synapses[item["weights_of"]]
            return owner.T if item.get("transposed") else owner
        return kind_called(item["kind"]).of_fields(
            {key: self.decode(value) for key, value in item.items() if key != "kind"}
        )

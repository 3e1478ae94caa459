"""The state from which a run continues is checked before any engine uses it; an error says what is wrong."""

import json
from dataclasses import dataclass

import h5py
import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import PlanError, RecordingError
from neurosim.units import ms


def network(size=6, delay=3, wiring=None, text="v_post += w"):
    """A network with pending spikes with and without text, graded messages, a port that takes the maximum,
    and refractory neurons."""
    cells = ns.Neurons(
        "cells",
        size,
        equations="dv/dt = -v/(5*ms) : 1",
        threshold="v > 0.4",
        reset="v = 0",
        refractory=2 * ms,
        v=1.0,
    )
    rate = ns.Neurons("rate", 2, update="y = 0.5*y + I", ports={"I": "max"}, y=[1.0, 2.0])
    plain = ns.Synapses(
        cells, cells, to="v", wiring=wiring or ns.one_to_one(), weight=0.7, delay=delay * ms, name="plain"
    )
    learning = ns.Synapses(
        cells, cells, wiring=ns.one_to_one(), on_pre=text, weight=0.3, delay=delay * ms, name="learning"
    )
    graded = ns.Synapses(rate, rate, weight=0.4, delay=2 * ms, name="graded")
    return ns.Network(plain, learning, graded, schedule=ns.Clock(1 * ms))


@dataclass
class End:
    """The attributes of a recording that `start=` needs."""

    network: ns.Network
    final: dict
    batched: bool = False
    seed: int = 0
    precision: str = "double"


@pytest.fixture(scope="module")
def begun():
    return ns.run(network(), ticks=3, engine="reference")


def edited(key, place, value):
    def change(final):
        final[key] = final[key].copy()
        final[key][place] = value

    return change


def became(key, value):
    return lambda final: final.update({key: value})


def without(key):
    return lambda final: final.pop(key)


HARM = {
    "a receiver outside the population": (edited("queue/cells/v/receiver", 0, 6), "queue/cells/v/receiver"),
    "a receiver below 0": (edited("queue/cells/v/receiver", -1, -1), "queue/cells/v/receiver"),
    "a due tick that has passed": (edited("queue/cells/v/due", 0, 2), "queue/cells/v/due"),
    "a due tick beyond the longest delay": (edited("queue/cells/v/due", 0, 10**6), "queue/cells/v/due"),
    "a tick of sending to come": (edited("queue/cells/v/sent", 0, 3), "queue/cells/v/sent"),
    "a sender that there is not": (edited("queue/cells/v/order", 0, 7), "queue/cells/v/order"),
    "a sender without such synapses": (edited("queue/cells/v/order", 0, 1), "queue/cells/v/order"),
    "a trial that there is not": (edited("queue/cells/v/trial", 0, 1), "queue/cells/v/trial"),
    "an arrival that is no number": (edited("queue/cells/v/value", 0, np.nan), "queue/cells/v/value"),
    "columns of different lengths": (became("queue/cells/v/sent", np.zeros(1, np.int64)), "queue/cells/v"),
    "a column too few": (without("queue/cells/v/trial"), "queue/cells/v"),
    "receivers that are no whole numbers": (
        became("queue/cells/v/receiver", np.full(6, 0.5)),
        "queue/cells/v/receiver",
    ),
    "a synapse that there is not": (edited("arrivals/learning/synapse", 0, 6), "arrivals/learning/synapse"),
    "a synapse below 0": (edited("arrivals/learning/synapse", 0, -6), "arrivals/learning/synapse"),
    "an arrival against its delay": (edited("arrivals/learning/due", 0, 5), "arrivals/learning/due"),
    "a spike to come": (edited("last_spike/cells", (0, 1), 2**40), "last_spike/cells"),
    "less than no arrivals": (edited("arrived/rate/I", (0, 1), -1), "arrived/rate/I"),
    "a flag of another type": (became("not_refractory/cells", np.full((1, 6), 2.0)), "not_refractory/cells"),
    "a state of another shape": (became("state/cells/v", np.zeros((1, 7))), "state/cells/v"),
    "a state without numbers": (became("state/cells/v", np.full((1, 6), "x")), "state/cells/v"),
    "a state too few": (without("state/rate/y"), "state/rate/y"),
    "a port of another shape": (became("port/cells/I", np.zeros((1, 2))), "port/cells/I"),
    "no last spikes": (without("last_spike/cells"), "last_spike/cells"),
    "messages of another size": (became("history/rate", np.zeros((1, 3, 1))), "history/rate"),
    "no messages": (became("history/rate", np.zeros((1, 0, 2))), "history/rate"),
    "weights too many": (became("synapse/learning/w", np.zeros((1, 7))), "synapse/learning/w"),
    "more trials in one array": (became("state/rate/y", np.zeros((2, 2))), "state/rate/y"),
    "more trials": (became("trials", np.arange(4)), "trials"),
    "no tick": (without("tick"), "'tick'"),
    "a tick before the first": (became("tick", np.array(-1)), "'tick'"),
    "many ticks": (became("tick", np.arange(3)), "'tick'"),
    "a tick that is no whole number": (became("tick", np.array(np.inf)), "'tick'"),
    "a number instead of an array": (became("state/cells/v", np.array(1.0)), "trials"),
}


@pytest.mark.parametrize(("harm", "named"), HARM.values(), ids=HARM)
def test_a_damaged_checkpoint_is_refused_by_the_name_of_what_is_wrong(begun, harm, named):
    final = dict(begun.final)
    assert final["queue/cells/v/due"].size == final["arrivals/learning/due"].size == 6
    harm(final)
    with pytest.raises(RecordingError, match="run: start") as error:
        ns.run(begun.network, ticks=2, start=End(begun.network, final), engine="reference")
    assert named in str(error.value)


@pytest.mark.parametrize(
    "other",
    [network(wiring=ns.pairs([0, 1], [1, 0])), network(text="v_post += w\nw += 1")],
    ids=["wiring", "text"],
)
def test_a_network_that_was_changed_goes_on_from_a_checkpoint_that_fits(begun, other):
    assert ns.run(other, ticks=2, start=begun, engine="reference").ticks == 2


def test_spikes_that_are_longer_on_their_way_than_any_delay_are_those_of_another_network(begun):
    with pytest.raises(PlanError, match="longest delay is 1.*another network"):
        ns.run(network(delay=1), ticks=2, start=begun, engine="reference")


@pytest.fixture
def path(tmp_path):
    """The path of a recording that continues another one, which tests may damage."""
    with ns.run(network(), ticks=3, engine="reference", to=tmp_path / "first.h5") as first:
        ns.run(first.network, ticks=2, start=first, engine="reference", to=tmp_path / "run.h5").close()
    return tmp_path / "run.h5"


def test_a_file_whose_end_points_outside_a_population_is_refused_and_named(path):
    with h5py.File(path, "a") as file:
        _, (count,), at = json.loads(bytes(file["neurosim/end/index"][()]))["arrays"][
            "queue/cells/v/receiver"
        ]
        assert count
        file["neurosim/end/numbers"][at : at + 8] = np.array([2**31]).view("u1")
    with ns.open(path) as recording, pytest.raises(RecordingError, match=r"run\.h5.*2147483648.*receiver"):
        ns.run(recording.network, ticks=9, start=recording, engine="reference")


def test_a_file_whose_start_points_outside_a_population_is_refused_when_it_is_replayed(path):
    assert ns.replay(path)
    with h5py.File(path, "a") as file:
        number = json.loads(file["neurosim/run"][()])["start"]["arrivals/learning/synapse"]
        file["neurosim/arrays"][number][0] = 99
    with pytest.raises(RecordingError, match=r"run\.h5.*99.*arrivals/learning/synapse"):
        ns.replay(path)


def test_weights_of_another_shape_in_a_file_are_refused_when_its_network_is_saved(path, tmp_path):
    with h5py.File(path, "a") as file:
        index = json.loads(bytes(file["neurosim/end/index"][()]))
        index["arrays"]["synapse/learning/w"][1] = [1, 5]
        del file["neurosim/end/index"]
        file["neurosim/end"]["index"] = np.frombuffer(json.dumps(index).encode(), np.uint8)
    with ns.open(path) as recording, pytest.raises(RecordingError, match="synapse/learning/w"):
        ns.save(recording, tmp_path / "net.h5")


def relay():
    """Noise that reaches spiking relays after ten ticks; no population has a variable."""
    noise = ns.Neurons("noise", 8, threshold="rand() < 0.3")
    relays = ns.Neurons("relays", 8, threshold="I > 0")
    return ns.Network(
        ns.Synapses(noise, relays, wiring=ns.one_to_one(), delay=10 * ms), schedule=ns.Clock(1 * ms)
    )


@pytest.mark.parametrize("to_file", [False, True])
def test_trials_of_a_network_without_variables_go_on_each_with_its_own_spikes(tmp_path, to_file):
    whole = ns.run(relay(), ticks=30, trials=3, record=["relays", "noise"], engine="reference")
    with ns.run(
        relay(), ticks=12, trials=3, engine="reference", to=tmp_path / "run.h5" if to_file else None
    ) as first:
        rest = ns.run(relay(), ticks=18, start=first, record=["relays", "noise"], engine="reference")
    assert rest.trials == 3
    for name in whole.names:
        assert np.array_equal(rest[name], whole[name][:, 12:])


def test_one_trial_starts_all_trials_with_its_spikes_in_flight():
    first = ns.run(relay(), ticks=12, engine="reference")
    rest = ns.run(relay(), ticks=9, trials=3, start=first, record=["relays"], engine="reference")
    assert rest["relays"].any()
    assert np.array_equal(rest["relays"][0, :9], rest["relays"][2, :9])


@pytest.mark.parametrize(("before", "after"), [("double", "single"), ("single", "double")])
def test_a_run_goes_on_in_another_precision(before, after):
    first = ns.run(network(), ticks=3, precision=before, engine="reference")
    rest = ns.run(network(), ticks=3, start=first, precision=after, record=["cells.v"], engine="reference")
    kinds = {
        key: value.dtype.itemsize
        for key, value in rest.final.items()
        if value.dtype.kind == "f" and value.size
    }
    assert set(kinds.values()) == {4 if after == "single" else 8}
    assert np.allclose(
        rest["cells.v"],
        ns.run(network(), ticks=6, record=["cells.v"], engine="reference")["cells.v"][3:],
        rtol=1e-6,
    )

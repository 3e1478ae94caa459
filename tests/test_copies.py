"""What is described or recorded cannot be changed, and is the same in every copy and in other processes."""

import copy
import inspect
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from called_side import HALF
from copies_side import CELLS, EARS, HEARD, NET, run, sent_home
from recording_side import same

import neurosim as ns
from neurosim import learn, readout
from neurosim.learn.training.losses import LOSSES, Loss
from neurosim.network.synapses import Synapses
from neurosim.network.values import as_value
from neurosim.recording.spikes import Spikes
from neurosim.units import ms, mV

COPIES = [copy.copy, copy.deepcopy, lambda item: pickle.loads(pickle.dumps(item))]
BASES = (ns.NeurosimError, ns.Recording, ns.Replay, ns.Session)


OBJECTS = [
    EARS,
    CELLS[1:],
    HEARD,
    NET,
    HEARD.T,
    ns.delayed(CELLS, 2),
    ns.Spikes([0], [1], [2], 0.1),
    as_value([1, 2] * mV, ""),
    ns.Clock(1 * ms),
    ns.Synchronous(),
    ns.Layered(),
    ns.Asynchronous("index"),
    ns.Alternating([CELLS], ["b"]),
    ns.all_to_all(to_self=False),
    ns.one_to_one(),
    ns.probability(0.1),
    ns.indegree(2),
    ns.outdegree(2),
    ns.total(3),
    ns.small_world(2),
    ns.nearby(1.5),
    ns.pairs([0, 1], [1, 1]),
    ns.private(3),
    ns.conv(3, padding="same"),
    ns.pool(2),
    ns.transposed_conv(3, stride=2),
    ns.unpool(2),
    ns.interpolate(0),
    ns.einsum("i, i o -> o"),
    ns.normal(0 * mV, 1 * mV),
    ns.bounded_normal(1, 1, low=0),
    ns.uniform(0, 1),
    ns.gamma(1, 1),
    ns.glorot(),
    ns.spectral_radius(0.9),
    ns.orthogonal(),
    ns.dale(1, -1, inhibitory=0.2),
    ns.hebbian([[1, -1], [1, 1]]),
    ns.sampled([[1, 2], [3, 4]] * mV, 2 * ms),
    HALF,
]


def test_every_public_class_is_copied_here():
    public = {
        item
        for name, item in vars(ns).items()
        if inspect.isclass(item) and not name.startswith("_") and not issubclass(item, BASES)
    }
    assert public <= {type(item) for item in OBJECTS}


def told(item):
    """All that a description says, numbers included."""
    if isinstance(item, (ns.Network, ns.Neurons, Synapses)):
        return (
            item if isinstance(item, ns.Network) else ns.Network(item, schedule=ns.Clock(1 * ms))
        ).to_dict()
    fields = getattr(item, "__dataclass_fields__", None)
    if fields is None:
        return item.tolist() if isinstance(item, np.ndarray) else item
    return [type(item).__name__, *(told(getattr(item, name)) for name in fields)]


@pytest.mark.parametrize("copied", COPIES, ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("item", OBJECTS, ids=lambda item: type(item).__name__)
def test_a_copy_says_the_same(item, copied):
    assert told(copied(item)) == told(item)


@pytest.mark.parametrize("copied", COPIES, ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_copy_of_a_loss_is_that_loss(name, copied):
    assert copied(LOSSES[name]) is LOSSES[name]


@pytest.mark.parametrize("copied", COPIES, ids=["copy", "deepcopy", "pickle"])
def test_a_loss_of_ones_own_is_copied(copied):
    own = Loss("mine", np.add, targets=False, remedy="Use another.")
    assert told(copied(own)) == told(own)


def arrays_of(item, seen=()):
    """All arrays within a description or a recording."""
    if isinstance(item, np.ndarray):
        yield item
    elif isinstance(item, (tuple, list)):
        for part in item:
            yield from arrays_of(part)
    elif hasattr(item, "items"):
        yield from arrays_of(list(item.values()))
    elif hasattr(item, "__dataclass_fields__"):
        yield from arrays_of([getattr(item, name) for name in item.__dataclass_fields__])


@pytest.mark.parametrize("copied", [lambda item: item, *COPIES], ids=["itself", "copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("item", OBJECTS, ids=lambda item: type(item).__name__)
def test_no_array_of_a_description_can_be_written_to(item, copied):
    assert not any(array.flags.writeable for array in arrays_of(copied(item)))


def test_what_is_copied_together_stays_together():
    net, cells, heard = pickle.loads(pickle.dumps((NET, CELLS, HEARD)))
    assert net["cells"] is cells is heard.post.population
    assert net.synapses["heard"] is heard


def test_errors_and_replays_are_copied():
    found = ns.replay(run())
    for copied in COPIES:
        again = copied(found)
        assert (again.identical, str(again)) == (found.identical, str(found))
        assert same(again.recording, found.recording)
        for kind in (ns.DescriptionError, ns.PlanError, ns.EngineError, ns.RecordingError):
            error = copied(kind("what is wrong"))
            assert (type(error), str(error)) == (kind, "what is wrong")


def test_using_a_network_does_not_change_its_pickle():
    net = copy.deepcopy(NET)
    before = pickle.dumps(net)
    print(net, net.order, ns.run(net, {"ears": np.zeros((1, 2, 2))}))
    assert pickle.dumps(net) == before


ESTIMATORS = [
    kind for module in (learn, readout) for kind in (getattr(module, name) for name in module.__all__)
    if inspect.isclass(kind) and hasattr(kind, "fit")
]  # fmt: skip


@pytest.mark.parametrize("kind", ESTIMATORS, ids=lambda kind: kind.__name__)
def test_an_estimator_that_was_not_fitted_is_copied_with_its_parameters(kind):
    needed = [
        p.name
        for p in inspect.signature(kind).parameters.values()
        if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    model = kind(**dict.fromkeys(needed, NET))
    for copied in COPIES:
        assert repr(copied(model)) == repr(model)


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("copied", [lambda item: item, *COPIES], ids=["itself", "copy", "deepcopy", "pickle"])
def test_what_a_recording_in_memory_holds_cannot_be_changed(copied, batched):
    recording = copied(run(trials=2 if batched else None))
    assert same(recording, run(trials=2 if batched else None))
    spikes = recording.inputs["ears"]
    for array in (
        recording["cells.v"],
        recording.progress,
        *arrays_of([recording.final, recording.header, recording.header.start, spikes]),
    ):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 1
    for held in (recording.final, recording.inputs, recording.versions, recording.header.start):
        with pytest.raises(TypeError):
            held["more"] = 1
    assert recording["cells.v"].copy().flags.writeable
    assert np.asarray(recording["cells"]).flags.writeable


def test_a_worker_may_return_a_recording_in_a_file(tmp_path):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as workers:
        recording = workers.submit(sent_home, tmp_path / "run.h5").result()
    with recording:
        assert same(recording, run())


@pytest.mark.parametrize("copied", COPIES, ids=["copy", "deepcopy", "pickle"])
def test_a_copy_of_a_recording_in_a_file_reads_the_file(tmp_path, monkeypatch, copied):
    monkeypatch.chdir(tmp_path)
    with run(to="run.h5") as recording:
        monkeypatch.chdir("/")
        with copied(recording) as other:
            assert same(other, recording)
            trace, raster = copied(recording["cells.v"]), copied(recording["cells"])
            assert np.array_equal(trace[2:4], recording["cells.v"][2:4])
            assert np.array_equal(raster[...], recording["cells"][...])
            assert isinstance(copied(recording.inputs)["ears"], Spikes)
    with copied(recording) as again:  # a closed one is opened
        assert again.path is not None and again.ticks == 6


def test_a_copy_of_a_recording_whose_file_is_gone_or_another_is_refused(tmp_path):
    path = tmp_path / "run.h5"
    run(to=path).close()
    with ns.open(path) as recording:
        sent = pickle.dumps(recording)
    run(to=path).close()
    with pytest.raises(
        ns.RecordingError, match="is another recording than the one that was copied or sent here"
    ):
        pickle.loads(sent)
    path.unlink()
    with pytest.raises(ns.RecordingError, match="there is no such file"):
        pickle.loads(sent)

"""Parts of what was recorded are read by name, and spans of time by times, from memory and from files
alike."""

import tracemalloc

import numpy as np
import pytest

import neurosim as ns
from neurosim.recording.lazy import LazyArray
from neurosim.units import ms, mV, second

CELLS = ns.Neurons(
    "E", (3, 4), equations="dv/dt = (1.3 + i*0.1 - v)/(5*ms) : 1", threshold="v > 1", reset="v = 0"
)
NET = ns.Network(CELLS, schedule=ns.Clock(0.5 * ms))


@pytest.fixture(params=["memory", "file"])
def kept(request, tmp_path):
    def keep(**asked):
        recording = ns.run(
            NET,
            ticks=60,
            record={"E.v": 3, "E[:2].v": 1, "E": 1, "E[[2, 0]]": 1},
            engine="reference",
            **asked,
        )
        return recording if request.param == "memory" else recording.to_file(tmp_path / "run.h5")

    return keep


def test_a_part_that_sends_a_variable_is_recorded_as_this_variable():
    by_object = ns.run(
        NET, ticks=9, record={CELLS[:2].sending("v"): 2, CELLS.sending("v"): 1}, engine="reference"
    )
    by_name = ns.run(NET, ticks=9, record={"E[:2].v": 2, "E.v": 1}, engine="reference")
    assert by_object.names == by_name.names == ("E[:2].v", "E.v")
    for part in (CELLS[:2].sending("v"), CELLS.sending("v"), CELLS[1:].sending("v")):
        assert np.array_equal(by_object[part], by_name[repr(part)]) and by_object[part].std() > 0
    with ns.session(NET, engine="reference") as session:
        session[CELLS[:1].sending("v")] = 0.5
        assert np.all(session["E.v"][:1] == 0.5) and np.all(session[CELLS[1:].sending("v")] == 0)


@pytest.mark.parametrize("trials", [None, 2])
def test_a_part_of_what_was_recorded_is_had_by_its_name(kept, trials):
    with kept(trials=trials) as rec:
        whole, part, raster = (np.asarray(rec[name]) for name in ("E.v", "E[:2].v", "E"))
        assert np.array_equal(
            np.asarray(rec["E[:1].v"]), part[..., :1, :]
        )  # of the one that was recorded more often
        assert np.array_equal(np.asarray(rec["E[0:2].v"]), part)
        assert np.array_equal(np.asarray(rec["E[2, ::2].v"]), whole[..., 2, ::2])
        assert np.array_equal(rec["E[1:, [3, 0]].v"][..., 5, :, 1], whole[..., 5, 1:, 0])
        assert np.array_equal(np.asarray(rec[CELLS[1:, 1]]), raster[..., 1:, 1])
        assert np.array_equal(rec["E[1:]"][..., 5, :, 2], raster[..., 5, 1:, 2])
        spikes, all_spikes = rec.spikes("E[1:, 1]"), rec.spikes("E")
        assert np.array_equal(spikes.tick, all_spikes.tick[np.isin(all_spikes.neuron, [5, 9])])
        assert np.array_equal(rec.rates("E[1:, 1]"), rec.rates("E")[..., [5, 9]])
        assert np.array_equal(rec.trace("E[1:, 1]", 4 * ms), rec.trace("E", 4 * ms)[..., [5, 9]])


@pytest.mark.parametrize("trials", [None, 2])
def test_a_slice_by_times_takes_the_samples_from_the_first_on_and_before_the_last(kept, trials):
    with kept(trials=trials) as rec:
        lead = () if trials is None else (slice(None),)
        for name in rec.names:
            rows, every = np.asarray(rec[name]), 3 if name == "E.v" else 1
            tick = np.arange(0, 60, every) * 0.5
            for first, last in (
                (5 * ms, 10 * ms),
                (None, 7.5 * ms),
                (29 * ms, None),
                (0.02 * second, 1 * second),
                (0 * ms, 0 * ms),
            ):
                start, stop = (bound if end is None else end / ms for end, bound in ((first, 0), (last, 100)))
                wanted = rows[(*lead, (tick >= start - 1e-9) & (tick < stop - 1e-9))]
                assert np.array_equal(rec[name][(*lead, slice(first, last))], wanted)
                assert np.array_equal(
                    rec[name][(*lead, slice(first, last), 0)], wanted[(*lead, slice(None), 0)]
                )
            assert np.array_equal(rec[name][(*lead, 6 * ms)], rows[(*lead, 12 // every)])
        assert np.array_equal(
            np.asarray(rec["E[2, 1].v"])[(*lead, slice(2, 5))],
            rec["E[2, 1].v"][(*lead, slice(3 * ms, 7 * ms))],
        )


def test_an_index_by_what_is_no_time_of_the_recording_says_so(kept):
    with kept() as rec:
        for key, message in (
            (slice(1 * mV, 2 * mV), "1 mV is not a time"),
            ((0, slice(1 * ms, 2 * ms)), "times are the ends of a slice of axis 0"),
            (slice(None, None, 2 * ms), "times are the ends"),
        ):
            with pytest.raises(IndexError, match=message):
                rec["E.v"][key]
    counter = ns.run(
        ns.Network(ns.Neurons("n", 1, update="v = v + 1"), schedule=ns.Synchronous()), ticks=3, record=["n"]
    )
    with pytest.raises(IndexError, match="1 ms is a time, but this recording counts ticks"):
        counter["n"][: 1 * ms]


def test_what_is_taken_out_of_a_recording_in_memory_is_plain_numpy():
    v = ns.run(NET, ticks=6, record=["E.v"])["E.v"]
    assert isinstance(v, np.ndarray)
    assert repr(v).startswith("array(")
    assert all(
        type(found) is np.ndarray
        for found in (v[1:], v[: 1 * ms], v + 1, v.mean(0), np.exp(v), np.concatenate([v, v])[:2])
    )


def test_what_was_not_recorded_is_told_from_what_there_is_not():
    rec = ns.run(NET, ticks=2, record=["E[:2].v"])
    for name, message in (
        (
            "E[1:].v",
            r"'E\[1:\].v' was not recorded. What was recorded is 'E\[:2\].v'."
            r" Run again with record=\['E\[1:\].v'\]",
        ),
        ("E", r"'E' was not recorded.*Run again"),
        ("E.u", "'E' has no variable 'u'"),
        ("F.v", "there is no population 'F'. There is: E"),
        ("E[5].v", r"E\[5\]: index 5 is out of bounds"),
        (3, "record 3 does not read|3: does not read|3 does not read"),
    ):
        with pytest.raises(ns.RecordingError, match=message) as error:
            rec[name]
        assert ("Run again" in str(error.value)) == ("was not recorded" in str(error.value))


class Counted(LazyArray):
    """Data that count how many numbers were read."""

    read = 0

    def _take(self, chosen):
        out = np.zeros([len(part) for part in chosen])
        self.read += out.size
        return out


def test_asking_what_a_lazy_array_can_do_reads_nothing():
    x = Counted((10**6, 3), float)
    assert all(hasattr(x, name) for name in ("copy", "mean", "astype", "reshape", "shape", "itemsize"))
    assert not any(
        hasattr(x, name) for name in ("data", "strides", "base", "ctypes", "chunks", "__array_interface__")
    )
    assert x.read == 0
    assert x.copy().shape == x.shape
    assert x.read == x.size


def test_a_slice_of_a_lazy_array_costs_what_it_takes():
    x = Counted((10**7, 3), float)
    tracemalloc.start()
    assert x[-3:].shape == (3, 3)
    assert x[5::-2].shape == (3, 3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10**5

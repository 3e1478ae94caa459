"""The rows of synapses that C++ builds hold the reference engine's synapses, in the order of the tick
contract, with the same bits."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

import neurosim as ns
from neurosim.engine.events.construct import Rows, TargetSlots, build_rows, draw_edges
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.plan.plan import Plan
from neurosim.units import ms

WIDE, NARROW = 10**6, 7000  # slots from one port to the next: numbers of 32 bits, or of 16


class Row(ctypes.Structure):
    _fields_ = (
        ("bundles", ctypes.c_void_p),
        ("synapses", ctypes.c_void_p),
        ("n_bundles", ctypes.c_uint32),
        ("n_synapses", ctypes.c_uint32),
    )


def cells(name: str, shape) -> ns.Neurons:
    return ns.Neurons(name, shape, update="v = I + J", ports="I J", threshold="v > 1", reset="v = 0")


def lowered(net: ns.Network, *, seed: int = 1, precision: str = "double") -> Plan:
    return lower(net, read_inputs(net, None, 1, None, 1, 0), seed=seed, precision=precision)


def landings_of(plan: Plan, blocks: int, many: int) -> dict[tuple[str, str | None], TargetSlots]:
    """Slots that differ from port to port and from block to block."""
    found = {}
    for number, (name, to) in enumerate(
        (name, to) for name, group in plan.groups.items() for to in group.ports
    ):
        bounds = np.linspace(0, plan.groups[name].size, blocks + 1).astype(np.int64)
        found[name, to] = TargetSlots(bounds, many * number + np.arange(blocks) * 7)
    return found


def build(plan: Plan, blocks: int = 1, threads: int = 1, many: int = WIDE) -> tuple[Rows, dict[str, int]]:
    first = dict(
        zip(
            plan.groups,
            np.cumsum([0, *(group.size for group in plan.groups.values())]).tolist(),
            strict=False,
        )
    )
    senders = sum(group.size for group in plan.groups.values())
    rows = build_rows(
        list(plan.pathways.values()),
        landings_of(plan, blocks, many),
        first,
        senders,
        8 * many,
        plan.weight_dtype,
        threads,
        half=plan.precision == "half",
    )
    return rows, first


def laid_out(rows: Rows, senders: int, weight_dtype: np.dtype) -> list[tuple]:
    """All synapses that the rows hold: (block, sender, delay, slot, weight)."""
    (narrow, common, half), found = rows.format, []
    slot = np.dtype(np.uint16 if narrow else np.uint32)
    weight = np.dtype(np.uint16) if half else weight_dtype
    synapse = slot if common else np.dtype([("slot", slot), ("weight", weight)])
    for block in range(rows.blocks):
        for sender, row in enumerate((Row * senders).from_address(rows.table(block))):
            if row.n_synapses:
                bundles = np.frombuffer(ctypes.string_at(row.bundles, 8 * row.n_bundles), np.uint32).reshape(
                    -1, 2
                )
                stored = np.frombuffer(
                    ctypes.string_at(row.synapses, synapse.itemsize * row.n_synapses), synapse
                )
                assert (
                    bundles[:, 1].sum() == row.n_synapses
                    and np.all(bundles[:, 1])
                    and np.all(np.diff(bundles[:, 0].astype(int)) >= (0 if common else 1))
                )
                delay = np.repeat(bundles[:, 0], bundles[:, 1])
                if common:
                    behind = row.bundles + bundles.nbytes
                    weights = np.frombuffer(
                        ctypes.string_at(behind, weight_dtype.itemsize * row.n_bundles), weight_dtype
                    )
                    columns = (delay, stored, np.repeat(weights, bundles[:, 1]))
                else:
                    weights = stored["weight"]
                    if half:
                        weights = (weights.astype(np.uint32) << 16).view(np.float32)
                    columns = (delay, stored["slot"], weights)
                found += [
                    (block, sender, *one)
                    for one in zip(*(column.tolist() for column in columns), strict=True)
                ]
    return found


def wanted(plan: Plan, blocks: int, first: dict[str, int], many: int) -> list[tuple]:
    """The same from the arrays of the reference engine, sorted by block, sender, delay, object of synapses,
    and synapse."""
    landings, found = landings_of(plan, blocks, many), []
    for number, p in enumerate(plan.pathways.values()):
        landing = landings[p.post, p.to]
        block = np.searchsorted(landing.bounds, p.receiver, side="right") - 1
        block = np.minimum(block, blocks - 1)
        slot = landing.slots[block] + p.receiver - landing.bounds[block]
        columns = (
            block,
            p.sender + first[p.pre],
            p.delay,
            np.full(p.sender.size, number),
            np.arange(p.sender.size),
            slot,
            p.weight,
        )
        found += zip(*(column.tolist() for column in columns), strict=True)
    return [
        (block, sender, delay, slot, weight)
        for block, sender, delay, _, _, slot, weight in sorted(found, key=lambda one: one[:5])
    ]


def check(
    net: ns.Network, *, precision: str = "double", blocks: int = 1, threads: int = 1, drawn: bool = False
) -> Rows:
    """Check that the rows of a network hold what the reference engine draws, and return them. drawn: whether
    C++ must have drawn them itself."""
    plan = lowered(net, precision=precision)
    assert not drawn or all(pathway.recipe is not None for pathway in plan.pathways.values())
    for many in (NARROW, WIDE):
        rows, first = build(plan, blocks, threads, many)
        found = laid_out(rows, sum(group.size for group in plan.groups.values()), plan.weight_dtype)
        assert rows.format[0] == (many == NARROW) and found == wanted(plan, blocks, first, many)
        assert not rows.format[2] or (precision == "half" and not rows.format[1])
    for name, pathway in plan.pathways.items():
        ends = (pathway.delay.min(), pathway.delay.max()) if pathway.delay.size else (0, 0)
        assert (rows.reports[name].synapses, rows.reports[name].shortest, rows.reports[name].longest) == (
            pathway.sender.size,
            *ends,
        )
    assert rows.synapses == len(found)
    return rows


WIRINGS = {
    "every pair": ns.all_to_all(),
    "every other": ns.all_to_all(to_self=False),
    "one to one": ns.one_to_one(),
    "some": ns.probability(0.13),
    "some others": ns.probability(0.4, to_self=False),
    "rare": ns.probability(0.0007),
    "none": ns.probability(0.0),
    "certain": ns.probability(1.0, to_self=False),
    "targets": ns.outdegree(37),
    "other targets": ns.outdegree(5, to_self=False),
    "no targets": ns.outdegree(0),
    "senders": ns.indegree(41),
    "other senders": ns.indegree(7, to_self=False),
    "no senders": ns.indegree(0),
    "in all": ns.total(900),
    "none in all": ns.total(0),
}
WEIGHTS = {
    "one": 0.1,
    "normal": ns.normal(1.0, 3.0),
    "clipped": ns.normal(-2, 1, low=-3.5, high=0),
    "uniform": ns.uniform(-1, 2),
    "dale": ns.dale(1.5, -4.0, inhibitory=0.3),
    "matrix": np.random.default_rng(1).normal(size=(70, 70)),
}
DELAYS = {
    "none": 0 * ms,
    "one": 2 * ms,
    "normal": ns.normal(1.5 * ms, 0.75 * ms, low=0.1 * ms),
    "uniform": ns.uniform(0 * ms, 700 * ms),
    "matrix": np.random.default_rng(2).uniform(0, 3, size=(70, 70)) * ms,
}


def within(wiring, weight, delay, key=slice(None)) -> ns.Network:
    a = cells("a", 70)
    synapses = ns.Synapses(a[key], a[key], to="I", wiring=wiring, weight=weight, delay=delay)
    return ns.Network(synapses, schedule=ns.Clock(0.1 * ms))


@pytest.mark.parametrize("precision", ["double", "single", "half"])
@pytest.mark.parametrize("wiring", WIRINGS)
def test_every_wiring_is_drawn_as_the_reference_draws_it(wiring, precision):
    check(
        within(WIRINGS[wiring], ns.normal(1, 2), ns.uniform(0 * ms, 2 * ms)),
        precision=precision,
        blocks=2,
        threads=2,
        drawn=True,
    )


@pytest.mark.parametrize("precision", ["double", "mixed", "half"])
@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("weight", WEIGHTS)
def test_every_weight_and_delay_is_drawn_as_the_reference_draws_it(weight, delay, precision):
    for wiring in (ns.total(900), ns.indegree(11)):
        check(
            within(wiring, WEIGHTS[weight], DELAYS[delay]),
            precision=precision,
            blocks=3,
            threads=2,
            drawn=True,
        )


@pytest.mark.parametrize(("shared", "half"), [(0.125, True), (0.1, False)])
def test_weights_take_two_bytes_in_half_precision_where_these_hold_all(shared, half):
    a = cells("a", 70)
    net = ns.Network(
        ns.Synapses(a, a, to="I", wiring=ns.total(5000), weight=ns.normal(1, 2), name="drawn"),
        ns.Synapses(a, a, to="J", wiring=ns.total(5000), weight=shared, name="alike"),
        schedule=ns.Clock(0.1 * ms),
    )
    rows, single = check(net, precision="half", blocks=2), check(net, precision="single", blocks=2)
    assert rows.format == (False, False, half)
    assert single.bytes - rows.bytes == pytest.approx(20_000 * half, abs=70 * 8)  # rows begin at 8 bytes


def test_a_weight_for_each_target_is_kept_by_one_to_one():
    check(within(ns.one_to_one(), np.arange(70.0), np.arange(70) * 0.1 * ms), blocks=2, drawn=True)


@pytest.mark.parametrize("blocks", [1, 2, 3])
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_rows_are_the_same_for_any_number_of_threads(blocks, threads):
    a, b = cells("a", 700), cells("b", 900)
    wirings = (ns.probability(0.03), ns.indegree(20), ns.total(3000), ns.outdegree(9))
    net = ns.Network(
        *(
            ns.Synapses(
                a, b, to="I", wiring=w, weight=ns.normal(0, 1), delay=ns.uniform(1 * ms, 9 * ms), name=f"s{n}"
            )
            for n, w in enumerate(wirings)
        ),
        schedule=ns.Clock(1 * ms),
    )
    check(net, blocks=blocks, threads=threads, drawn=True)


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("blocks", [1, 2, 3])
@pytest.mark.parametrize("threads", [1, 4])
def test_synapses_of_a_sender_stand_by_delay_then_object(precision, blocks, threads):
    a, b = cells("a", 70), cells("b", (5, 9))
    random = np.random.default_rng(3)
    listed = ns.pairs(random.integers(0, 70, 500), random.integers(0, 45, 500))
    net = ns.Network(
        ns.Synapses(
            a, b, to="I", wiring=listed, weight=random.normal(size=500), delay=random.integers(0, 9, 500) * ms
        ),
        ns.Synapses(
            a, b, to="J", wiring=ns.probability(0.2), weight=ns.gamma(1.0, 0.5), delay=3 * ms, name="second"
        ),
        ns.Synapses(
            b, b, to="I", wiring=ns.probability(0.3), weight=ns.glorot(), delay=ns.uniform(0 * ms, 9000 * ms)
        ),
        ns.Synapses(
            a, b, to="I", wiring=ns.outdegree(8), weight=2.0, delay=ns.uniform(0 * ms, 9 * ms), name="third"
        ),
        schedule=ns.Clock(1 * ms),
    )
    check(net, precision=precision, blocks=blocks, threads=threads)


@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize(
    "key",
    [slice(10, 60), slice(None, None, -1), slice(2, 70, 3), [5, 69, 3, 0, 40]],
    ids=["run", "reversed", "every third", "list"],
)
def test_parts_of_populations_keep_the_order_of_their_neurons(wiring, key):
    weight = ns.normal(1, 2)
    check(within(WIRINGS[wiring], weight, ns.uniform(0 * ms, 2 * ms), key), blocks=2, threads=2, drawn=True)


def test_parts_that_overlap_leave_out_synapses_onto_oneself():
    a = cells("a", 70)
    net = ns.Network(
        ns.Synapses(
            a[:50], a[::-2], to="I", wiring=ns.probability(0.5, to_self=False), weight=ns.uniform(0, 1)
        ),
        ns.Synapses(
            a[20:], a[:30], to="J", wiring=ns.all_to_all(to_self=False), weight=ns.normal(0, 1), name="other"
        ),
        schedule=ns.Clock(1 * ms),
    )
    check(net, blocks=3, threads=2, drawn=True)


@pytest.mark.parametrize("wiring", WIRINGS)
def test_arrays_are_drawn_as_the_reference_draws_them(wiring):
    for key in (slice(None), [5, 69, 3, 0, 40]):
        for precision in ("double", "half"):
            plan = lowered(
                within(WIRINGS[wiring], ns.normal(1, 2), ns.uniform(0 * ms, 2 * ms), key), precision=precision
            )
            (pathway,) = plan.pathways.values()
            assert pathway.recipe is not None
            edges = draw_edges(pathway.recipe, plan.weight_dtype, threads=2)
            for column in ("sender", "receiver", "weight", "delay"):
                found, known = getattr(edges, column), getattr(pathway.edges, column)
                assert found.dtype == known.dtype and found.tobytes() == known.tobytes()


@pytest.mark.parametrize(("precision", "most"), [("single", 9.0), ("mixed", 9.0), ("double", 13.0)])
def test_a_static_synapse_takes_9_bytes_or_13_in_double(precision, most):
    a = cells("a", 4000)
    wires = ns.Synapses(a, a, to="I", wiring=ns.probability(0.02), weight=ns.normal(0, 1), delay=1 * ms)
    plan = lowered(ns.Network(wires, schedule=ns.Clock(1 * ms)), precision=precision)
    rows, _ = build(plan, blocks=2)
    assert 300_000 < rows.synapses < 340_000 and rows.bytes / rows.synapses < most
    rows, _ = build(plan, blocks=2, many=NARROW)
    assert rows.bytes / rows.synapses < most - 2  # few sums: slots of 16 bits


def test_a_synapse_takes_2_bytes_where_all_weights_are_the_same():
    a = cells("a", 4000)
    wires = (
        ns.Synapses(a, a, to="I", wiring=ns.probability(0.05), weight=w, delay=1 * ms, name=f"s{n}")
        for n, w in enumerate((1.0, -4.0))
    )
    rows, _ = build(lowered(ns.Network(*wires, schedule=ns.Clock(1 * ms))), many=NARROW)
    assert rows.format == (True, True, False) and rows.bytes / rows.synapses < 2.3


def test_the_draw_of_a_recipe_waits_until_its_arrays_are_asked_for():
    plan = lowered(within(ns.total(10**9), 1.0, 1 * ms))
    (pathway,) = plan.pathways.values()
    assert (
        pathway.recipe is not None and pathway.recipe.wires.number == 10**9 and "edges" not in vars(pathway)
    )


def test_what_only_the_draw_can_refuse_is_drawn_at_once():
    with pytest.raises(ns.errors.DescriptionError, match=r"Synapses .*: a delay of -\d+ ticks was drawn"):
        lowered(within(ns.total(900), 1.0, ns.normal(1 * ms, 1 * ms)))
    with pytest.raises(ns.errors.DescriptionError, match="is more than"):
        lowered(within(ns.total(900), 1.0, ns.uniform(0 * ms, 1e9 * ms)))
    plan = lowered(
        within(ns.total(900), 1.0, ns.normal(1 * ms, 0.2 * ms))
    )  # below 0 at 5 standard deviations only
    assert plan.pathways["a_to_a"].recipe is None


def test_synapses_too_many_for_any_engine_are_refused_at_once():
    a = cells("a", 10**6)
    with pytest.raises(ns.errors.PlanError, match=r"Synapses a -> a: these synapses need about .* Use fewer"):
        lowered(ns.Network(ns.Synapses(a, a, to="I", wiring=ns.all_to_all()), schedule=ns.Clock(1 * ms)))


def test_lists_of_targets_that_have_been_read_are_given_back_while_others_are_read():
    many, few = cells("many", 1200), cells("few", 600)
    joined = [
        ns.Synapses(
            pre,
            post,
            to="I",
            weight=ns.normal(1, 0.1),
            delay=ns.uniform(1 * ms, 3 * ms),
            wiring=ns.indegree(k),
        )
        for pre, post, k in ((few, many, 40), (many, few, 100), (many, many, 30), (many[600:], few, 20))
    ]
    plan = lowered(ns.Network(*joined, schedule=ns.Clock(0.1 * ms)))
    rows, first = build(plan, blocks=2, threads=2, many=NARROW)
    assert laid_out(rows, 1800, plan.weight_dtype) == wanted(plan, 2, first, NARROW)

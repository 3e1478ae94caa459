"""Plans in which names of a population's text mean variables of other populations."""

from dataclasses import replace

import numpy as np
import pytest
from test_events_of_neurons import Nowhere

import neurosim as ns
from neurosim.engine import choose, ready
from neurosim.engine.driver import run_to_end
from neurosim.errors import PlanError
from neurosim.network.text import Statement
from neurosim.plan.check import check_plan
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.plan.plan import Block, Link
from neurosim.units import ms

INDEX = np.array([1, 0, 1, 1])


def linked_plan(ticks=9, schedule=None, heart=None, **changes):
    """Followers whose `lead` is the v of one of two leaders: in their update, threshold and reset, and in the
    text of synapses onto them. These also name `heart`, what the follower with their own number has heard.
    """
    counting = dict(equations="v : 1", update="v += 1", threshold="v == 4", reset="v = 0")
    leaders = ns.Neurons("leaders", 2, v=[0, 2], **counting)
    text = "s : 1\nlead : 1\ncount : 1\nheard : 1"
    followers = ns.Neurons(
        "followers", 4, equations=text, update="s += lead", threshold="s > 100", reset="count += 1"
    )
    told = ns.Synapses(
        leaders, followers, wiring=ns.pairs(INDEX, np.arange(4)), on_pre="heard_post += w + 0*count_post",
        delay=1 * ms, name="told",
    )  # fmt: skip
    net = ns.Network(told, schedule=schedule or ns.Clock(1 * ms))
    plan = lower(net, read_inputs(net, None, ticks, None, 1))
    group, pathway = plan.groups["followers"], plan.pathways["told"]
    states = {name: value for name, value in group.states.items() if name != "lead"}
    link = replace(Link("leaders", "v", INDEX), **changes)
    group = replace(
        group,
        states=states,
        links={"lead": link},
        threshold=Block("threshold", (Statement("spikes", "=", "lead > 3.5"),), ("spikes",)),
        reset=Block("reset", (Statement("count", "+=", "10.0 + lead"),), ("count",)),
    )
    heard = Block("on_pre", (Statement("heard_post", "+=", "w*lead_post + 100*heart"),), ())
    links = {"heart": heart or Link("followers", "heard", np.array([3, 2, 1, 0]))}
    pathway = replace(pathway, text=replace(pathway.text, on_pre=heard, links=links))
    return replace(plan, groups={**plan.groups, "followers": group}, pathways={"told": pathway})


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_a_name_may_mean_a_variable_of_another_population(engine):
    plan = linked_plan()
    check_plan(plan)
    _, made = ready(engine, plan)
    _, _, final = run_to_end(made, Nowhere(), lambda ticks: False)
    # The leaders move first: 1 2 3 4, then 0 after their spike; and 3 4 1 2 3 4 1 2 3.
    first, second = [1, 2, 3, 4, 1, 2, 3, 4, 1], [3, 4, 1, 2, 3, 4, 1, 2, 3]
    assert final["state/followers/s"][0].tolist() == [sum(second), sum(first), sum(second), sum(second)]
    # They spike twice, at 4. The leaders are reset before them, so that their reset reads 0.
    assert final["state/followers/count"][0].tolist() == [20, 20, 20, 20]
    # When a message arrives, a tick after a leader's spike, its v is 1. The second leader's come in tick 2,
    # one synapse after the other, and in tick 6; the first one's in ticks 4 and 8.
    fourth = 1 + 100 * 1
    second_hears = 1 + 100 * fourth
    third = 2 + 100 * second_hears
    fourth += 1 + 100 * (2 + 100)
    second_hears += 1 + 100 * fourth
    assert final["state/followers/heard"][0].tolist() == [102, second_hears, third, fourth]


def test_links_that_lead_nowhere_are_refused():
    for changes, rule in (
        ({"owner": "x"}, "'lead' means 'v' of 'x', which is no variable of a population"),
        ({"owner": "followers", "variable": "s"}, "links to itself. Name its variables as they are."),
        (
            {"index": np.array([0, 1])},
            "needs one neuron of 'leaders' for each neuron. Give an index of",
        ),
        ({"index": np.array([0, 1, 2, 0])}, "with numbers below 2"),
        (
            {"heart": Link("followers", "heart", np.zeros(4, np.int64))},
            "'heart' means 'heart' of 'followers', which is no variable of a population",
        ),
        (
            {"heart": Link("leaders", "v", np.zeros(3, np.int64))},
            "Synapses 'told': 'heart' needs one neuron of 'leaders' for each synapse. Give an index of the",
        ),
    ):
        with pytest.raises(PlanError, match=rule):
            check_plan(linked_plan(**changes))
    pytest.importorskip("jax")
    with pytest.raises(PlanError, match="text of 'followers' reads variables of other populations, which"):
        choose("arrays", linked_plan())


def test_links_of_neurons_that_move_one_by_one_are_refused():
    a, b = ns.Neurons("a", 2, update="v = v + 1"), ns.Neurons("b", 2, update="u = 1")
    net = ns.Network(a, b, schedule=ns.Asynchronous())
    plan = lower(net, read_inputs(net, None, 2, None, 1))
    linked = replace(plan.groups["b"], links={"lead": Link("a", "v", np.array([0, 1]))})
    with pytest.raises(PlanError, match="which does not go with neurons that move one by one. Use synapses"):
        check_plan(replace(plan, groups={**plan.groups, "b": linked}))


def test_subexpressions_of_synapses_that_read_messages_are_refused():
    """Those of other synapses are recorded as in Brian2; see tests/test_brian_device.py."""
    a, b = ns.Neurons("a", 2, update="v = v + 1"), ns.Neurons("b", 2, update="u = I")
    net = ns.Network(
        ns.Synapses(a, b, on_pre="I_post += w*v_pre", delay=1, name="s"), schedule=ns.Synchronous()
    )
    plan = lower(net, read_inputs(net, None, 2, None, 1))
    for expression, known in (("v_pre + w", False), ("2*w + u_post", True)):
        pathway = plan.pathways["s"]
        text = replace(pathway.text, subexpressions={"z": expression})
        derived = replace(plan, pathways={"s": replace(pathway, text=text)})
        if known:
            check_plan(derived)
            pytest.importorskip("jax")
            with pytest.raises(PlanError, match="'s' have subexpressions that are recorded"):
                choose("arrays", derived)
        else:
            with pytest.raises(
                PlanError, match="'z', which may be recorded, reads a message. Keep that in a"
            ):
                check_plan(derived)


def held_plan(precision="double", index=(3, 1, 0, 2), twice=False, frozen=False, owner="held"):
    """Synapses whose n is held by neurons of another population, which decays, and which others change, too.

    twice: whether they know it by two names
    frozen: whether the neurons are refractory
    """
    counting = dict(equations="v : 1", update="v += 1", threshold="v == 3", reset="v = 0")
    beating = ns.Neurons("beating", 2, v=[0, 1], **counting)
    heard = ns.Neurons("heard", 4, equations="heard : 1")
    held = ns.Neurons("held", 4, equations="n : 1", update="n = 0.75*n", n=[0, 8, 0, 4])
    told = ns.Synapses(
        beating, heard, wiring=ns.pairs([0, 0, 1, 1], [2, 0, 1, 1]), model="n : 1\nd : 1", d=[1, 2, 3, 4],
        on_pre="n += d\nheard_post += n", on_post="d = n", delay=1 * ms, name="told",
    )  # fmt: skip
    upon = ns.Synapses(beating, held, on_pre="n_post += 16", delay=1 * ms, name="upon")
    net = ns.Network(told, upon, schedule=ns.Clock(1 * ms))
    plan = lower(net, read_inputs(net, None, 7, None, 2), precision=precision)
    pathway, held_group = plan.pathways["told"], plan.groups["held"]
    states = {name: value for name, value in pathway.text.states.items() if name != "n"}
    links = {"n": Link(owner, "n" if owner == "held" else "heard", np.array(index))}
    links |= {"again": links["n"]} if twice else {}
    pathway = replace(pathway, text=replace(pathway.text, states=states, links=links))
    held_group = replace(held_group, frozen=frozenset({"n"}) if frozen else held_group.frozen)
    groups = {**plan.groups, "held": held_group}
    return replace(plan, groups=groups, pathways={**plan.pathways, "told": pathway})


def test_synapses_may_change_variables_that_a_population_holds_for_them():
    plan, (_, made) = held_plan(), ready("reference", held_plan())
    check_plan(plan)
    _, _, final = run_to_end(made, Nowhere(), lambda ticks: False)
    n, d, heard, place = [0.0, 8.0, 0.0, 4.0], [1.0, 2.0, 3.0, 4.0], [0.0] * 4, [3, 1, 0, 2]
    for tick in range(7):
        n = [0.75 * value for value in n]
        sent = [neuron for neuron, ticks in ((0, (3, 6)), (1, (2, 5))) if tick in ticks]
        for synapse, (sender, target) in enumerate([(0, 2), (0, 0), (1, 1), (1, 1)]):
            if sender in sent:
                n[place[synapse]] += d[synapse]
                heard[target] += n[place[synapse]]
        n = [value + 16 * len(sent) for value in n]
        d = [n[place[synapse]] for synapse in range(4)]
    assert final["state/held/n"].tolist() == [n, n]
    assert final["synapse/told/d"].tolist() == [d, d]
    assert final["state/heard/heard"].tolist() == [heard, heard]
    ends = []
    for engine, threads in (("reference", 1), ("events", 1), ("events", 2)):
        _, made = ready(engine, held_plan("single"), threads)
        ends.append(run_to_end(made, Nowhere(), lambda ticks: False)[2])
    for key, value in ends[0].items():
        assert ends[1][key].dtype == ends[2][key].dtype == value.dtype
        assert ends[1][key].tolist() == ends[2][key].tolist() == value.tolist(), key


def test_synapses_that_would_meet_in_a_neuron_that_they_change_are_refused():
    rule = "Synapses 'told': change 'n', which is '(n|heard)' of .* only if each has a neuron of its own"
    for changes in ({"index": (0, 0, 1, 2)}, {"twice": True}, {"frozen": True}, {"owner": "heard"}):
        with pytest.raises(PlanError, match=rule):
            check_plan(held_plan(**changes))

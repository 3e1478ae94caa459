"""What all tests share."""

import atexit
import os
import shutil
import sys
import tempfile

import pytest

pytest_plugins = "covered"

# Compiling takes most of the time of the tests. Results have the same bits at every level (`differential/`
# tries them all), and users' is -O3.
os.environ.setdefault("NEUROSIM_CXXFLAGS", "-O1")

# XLA compiles without optimisation, in half the time, and rounds within what the tests allow. Users have its
# own level, which XLA_FLAGS="" sets here too, and which `differential/run.py` tries.
os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)

# XLA compiles the same functions in many tests, in every worker of xdist and in processes that tests start.
# What one has compiled, the others read from this folder, which the first process makes and deletes.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="neurosim-xla-")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"

    @atexit.register
    def _delete_compiled(maker: int = os.getpid(), folder: str = os.environ["JAX_COMPILATION_CACHE_DIR"]):
        if os.getpid() == maker:  # not in a fork
            shutil.rmtree(folder, ignore_errors=True)


ENGINES = ("reference", "events", "arrays")
# Scenarios that an engine refuses, and why (tests/test_events_choice.py sees that it does, with the remedy).
REFUSED = {
    "events": {
        "test_a_weight_may_be_a_message": "tensor contraction",
        "test_a_delayed_weight_is_the_message_of_a_tick_ago": "tensor contraction",
        "test_a_letter_of_the_result_only_is_broadcast": "tensor contraction",
        "test_a_port_reduces_what_arrives": (
            "tensor contraction (stored and dense synapses: see tests/test_events.py)"
        ),
        "test_whole_numbers_and_truth_values_are_counted_as_floats": "functions of the whole population",
        "test_functions_look_along_the_axis_that_they_name": "functions of the whole population",
        "test_random_text_has_the_distributions_that_it_names": "choice() looks at the whole population",
        "test_an_online_kohonen_map_moves_the_winners_weights": "argmax() looks at the whole population",
    },
    "arrays": {
        "test_an_asynchronous_sweep_moves_every_neuron_once_in_a_fair_order": "one neuron after the other",
        "test_arrivals_are_summed_in_the_order_of_the_contract": "its sums agree to rounding, not to the bit",
        "test_an_online_kohonen_map_moves_the_winners_weights": "synapses with on_post text",
        "test_arrivals_that_disturb_each_other_act_one_after_the_other": "text that spikes call",
        "test_all_statements_of_one_arrival_act_before_the_next_also_within_one_population": (
            "text that spikes call"
        ),
        "test_a_trace_decays_by_the_same_law_however_late_it_is": "text that spikes call",
        "test_an_answer_reads_what_its_own_tick_delivered": "synapses with on_post text",
        "test_an_answer_within_a_group_reads_what_was_delivered_before_the_group_moved": (
            "synapses with on_post text"
        ),
        "test_spikes_that_no_text_awaits_are_not_kept": "text that spikes call",
        **dict.fromkeys(
            (
                "test_continuing_a_run_equals_running_on",
                "test_a_continued_run_replays_itself",
                "test_trials_are_continued_side_by_side",
                "test_trials_start_alike_and_draw_their_own_random_numbers",
                "test_batches_of_trials_change_nothing",
                "test_blocks_of_ticks_change_nothing",
                "test_a_recorded_population_drives_another_network",
                "test_a_start_of_another_network_is_refused",
            ),
            "text that spikes call (runs that go on, blocks and trials without it: see tests/test_arrays.py)",
        ),
    },
}


@pytest.fixture(params=ENGINES)
def engine(request) -> str:
    """Every engine in turn; the scenario suite runs over all of them."""
    if request.param == "arrays":
        pytest.importorskip("jax")
    reason = REFUSED.get(request.param, {}).get(request.node.originalname)
    if reason:
        pytest.skip(f"{request.param} does not take it: {reason}")
    return request.param


@pytest.fixture
def nothing_runs(monkeypatch):
    """Make the test fail if any tick is run."""
    from refusals_side import clocked_recording, silent_recording

    silent_recording()
    clocked_recording()
    begins = sys.modules["neurosim.prepare"]
    monkeypatch.setattr(begins, "ready", lambda *_: pytest.fail("the network was run"))

// What does not depend on a network: the engine, and the functions by which `runner.py` calls it. It is
// compiled once for each precision, with NEUROSIM_REAL and NEUROSIM_WEIGHT defined, and linked to every
// generated source, which defines `neurosim_network`.
#define NEUROSIM_IN_LIBRARY template
#include <new>
#include <stdexcept>
#include <system_error>

#include "core/run/check.hpp"
#include "core/run/engine.hpp"

using Runner = neurosim::Engine<NEUROSIM_REAL, NEUROSIM_WEIGHT>;

extern const neurosim::NetworkCode<NEUROSIM_REAL, NEUROSIM_WEIGHT> neurosim_network;

namespace {
// What a call returns, or a negative number that says why it failed (`FAILURES` of runner.py): no exception
// may leave the library.
template <class Call>
int64_t guarded(Call call) {
    try {
        return call();
    } catch (const std::bad_alloc&) {
        return -1;
    } catch (const std::length_error&) {
        return -1;
    } catch (const std::system_error&) {
        return -2;
    } catch (...) {
        return -3;
    }
}
}  // namespace

extern "C" {

// Creates the engine that runs the network, and writes its address to `runner`.
int64_t neurosim_open(const neurosim::NetworkData* network, const neurosim::Probe* probes, int64_t n_probes,
                      const uint8_t* spike_uses, const int64_t* numbers, void** runner) {
    return guarded([&] { return *runner = new Runner(neurosim_network, *network, probes, n_probes, spike_uses, numbers), 0; });
}

void neurosim_close(void* runner) { delete static_cast<Runner*>(runner); }

int64_t neurosim_run(void* runner, const neurosim::Settings* settings) {
    return guarded([&] { return static_cast<Runner*>(runner)->run(*settings); });
}

int neurosim_stable(void* runner) { return static_cast<Runner*>(runner)->stable; }

// The recorded spikes of one trial and population, in one of the two sets of buffers.
int64_t neurosim_spikes(void* runner, int buffer_set, int row, int population, const int64_t** tick,
                        const int32_t** neuron) {
    const auto& log = static_cast<Runner*>(runner)->trial(row).recorded[buffer_set][population];
    *tick = log.tick.data(), *neuron = log.neuron.data();
    return static_cast<int64_t>(log.tick.size());
}

// The neurons of a population that have spiked in this tick, while a step calls a function; returns how many.
int64_t neurosim_now(void* runner, int row, int population, int64_t tick, const int32_t** neuron) {
    auto& engine = *static_cast<Runner*>(runner);
    const neurosim::Context<NEUROSIM_REAL, NEUROSIM_WEIGHT> context{engine.network, engine.trial(row), 0, tick};
    const auto& spikes = context.spikes(population, 0);
    *neuron = spikes.begin();
    return spikes.size();
}

// The spikes of one trial and population whose arrivals may still be pending.
int64_t neurosim_sent(void* runner, int row, int population, const int64_t** tick, const int32_t** neuron) {
    const auto& log = static_cast<Runner*>(runner)->trial(row).sent[population];
    *tick = log.tick.data(), *neuron = log.neuron.data();
    return static_cast<int64_t>(log.tick.size());
}

int64_t neurosim_pending_spikes(void* runner, int row, neurosim::PendingSpike* room) {
    return guarded([&] { return static_cast<Runner*>(runner)->pending_spikes(row, room); });
}

// Puts arrivals that an earlier run left pending into the calendar, in the order given; once for each stage
// and block.
int64_t neurosim_restore(void* runner, int row, int stage, int block, int64_t n, const int64_t* due,
                         const uint32_t* slot, const double* value) {
    auto& engine = *static_cast<Runner*>(runner);
    auto& target = engine.trial(row).stages[stage * engine.network.blocks + block];
    return guarded([&] {
        target.restore(n, slot, value, [&](int64_t k, const auto& arrival) {
            NEUROSIM_HOLDS(due[k] >= engine.network.first_tick);
            if (due[k] - engine.network.first_tick < target.calendar.length())
                target.calendar.at(due[k]).push_back(arrival);
        });
        return 0;
    });
}

// The same for synapses with text, whose places are given.
int64_t neurosim_restore_textual(void* runner, int row, int text, int block, int64_t n, const int64_t* due,
                                 const int64_t* place) {
    auto& engine = *static_cast<Runner*>(runner);
    auto& calendar = engine.trial(row).arrivals[text * engine.network.blocks + block];
    return guarded([&] {
        for (int64_t k = 0; k < n; ++k) {
            NEUROSIM_HOLDS(due[k] >= engine.network.first_tick && place[k] >= 0);
            if (due[k] - engine.network.first_tick < calendar.length())
                calendar.at(due[k]).push_back({place[k], 1, true});
        }
        return 0;
    });
}

// The same for synapses with text whose delays change, with the ticks of sending.
int64_t neurosim_restore_changing(void* runner, int row, int text, int block, int64_t n, const int64_t* due,
                                  const int64_t* sent, const int64_t* place) {
    auto& engine = *static_cast<Runner*>(runner);
    auto& waiting = engine.trial(row).changing[text * engine.network.blocks + block];
    return guarded([&] {
        for (int64_t k = 0; k < n; ++k) waiting[due[k]].push_back({sent[k], place[k]});
        return 0;
    });
}

// Writes what is pending there to (due, sent, place) of `room`, if that is not null, and counts it.
int64_t neurosim_pending_changing(void* runner, int row, int text, int block, int64_t* room) {
    auto& engine = *static_cast<Runner*>(runner);
    int64_t count = 0;
    for (const auto& [due, arrivals] : engine.trial(row).changing[text * engine.network.blocks + block])
        for (const auto& arrival : arrivals) {
            const int64_t columns[] = {due, arrival.sent, arrival.place};
            if (room) std::copy(std::begin(columns), std::end(columns), room + 3 * count);
            ++count;
        }
    return count;
}
}

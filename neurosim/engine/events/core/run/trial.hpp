// What one trial remembers beside the arrays of state: the spikes of this tick, pending arrivals, and
// spikes that are to be recorded.
#pragma once
#include <cstdlib>
#include <map>
#include <memory>

#include "core/arrivals/stage.hpp"
#include "core/numbers/binomial.hpp"
#include "core/numbers/vectors.hpp"
#include "core/run/network.hpp"
#include "core/sweeps/order.hpp"

namespace neurosim {

// A pending spike at a bundle of synapses with text, which share sender, block and delay: `count` places
// from `first` on. `left_pending`: by an earlier run.
struct PendingTextualBundle {
    PendingTextualBundle(int64_t first, uint32_t count, bool left_pending = false)
        : first(first), count(count), left_pending(left_pending) {}  // see PendingBundle
    int64_t first;
    uint32_t count;
    bool left_pending;
};

// Pending arrivals at one pathway with text, and one block. `zero_delay`: whether some spikes arrive in the
// tick in which they are sent; -1: not known yet.
struct TextualCalendar : Calendar<PendingTextualBundle> {
    int zero_delay = -1;
};

// A spike on its way to the synapse at a place, which knows when it was sent because its delay does not tell.
struct ChangingArrival {
    int64_t sent, place;
};

// Spikes with their ticks, in the order of sending.
struct SpikeLog {
    std::vector<int64_t> tick;
    std::vector<int32_t> neuron;

    void clear() { tick.clear(), neuron.clear(); }
    // Forgets the spikes before tick `first`.
    void trim(int64_t first) {
        const auto keep = std::lower_bound(tick.begin(), tick.end(), first) - tick.begin();
        tick.erase(tick.begin(), tick.begin() + keep);
        neuron.erase(neuron.begin(), neuron.begin() + keep);
    }
};

template <class Real, class Weight>
struct Trial {
    int64_t number = 0, row = 0;    // among the trials of the run, and of the batch
    std::vector<Spikes> spikes[2];  // (block, population), for even and for odd ticks
    std::unique_ptr<int32_t, decltype(&std::free)> lists{nullptr, std::free};  // their memory
    std::vector<StageBlock<Real, Weight>> stages;                              // (stage, block)
    std::vector<TextualCalendar> arrivals;                                     // (pathway with text, block)
    // By the tick at which they are due: (pathway with text, block); filled where delays change.
    std::vector<std::map<int64_t, std::vector<ChangingArrival>>> changing;
    std::vector<SpikeLog> sent;         // per population: spikes whose arrivals may still be pending
    std::vector<SpikeLog> recorded[2];  // per population; the caller writes one while the other is filled
    std::vector<int64_t> next_event;    // (population, block): the next of the spikes that an input gives
    std::vector<Binomial> binomials;    // (private pathway, block)
    int64_t fed_from = 0;               // tick of the run at which the inputs at hand begin
    Order order;                        // in which the neurons of a sweep take their turns

    // Takes note of inputs that begin at another tick of the run.
    void feed(int64_t from) {
        if (from != fed_from) std::fill(next_event.begin(), next_event.end(), 0);
        fed_from = from;
    }

    // Allocates the lists of spikes, each with room for all its neurons. No two blocks, and no two lists,
    // share a cache line, so that threads do not slow each other down.
    void make_lists(const NetworkData& network) {
        const auto lines = [](int64_t n) { return (n + 15) / 16 * 16; };
        const int blocks = network.blocks, populations = network.populations;
        int64_t size = 0;
        for (int block = 0; block < blocks; ++block) {
            size += 2 * lines(populations);
            for (int population = 0; population < populations; ++population)
                size += 2 * lines(network.span(population, block).size());
        }
        lists.reset(
            static_cast<int32_t*>(std::aligned_alloc(64, std::max<int64_t>(size, 16) * sizeof(int32_t))));
        if (!lists) throw std::bad_alloc();
        int32_t* next = lists.get();
        for (auto& half : spikes)
            for (int block = 0; block < blocks; ++block) {
                int32_t* count = next;
                next += lines(populations);
                for (int population = 0; population < populations; ++population) {
                    half.push_back({next, count + population});
                    half.back().clear();
                    next += lines(network.span(population, block).size());
                }
            }
    }
};

// Lists the spikes that an input gives for this tick, those of the neurons of this block.
template <class Context>
void drive_events(Context& context, int population, int starts, int ticks, int neurons) {
    const auto* start = context.template shared<int64_t>(starts) + context.trial.number;
    const auto* tick = context.template shared<int64_t>(ticks);
    const auto* neuron = context.template shared<int64_t>(neurons);
    const Span span = context.span(population);
    const Spikes& spikes = context.spikes(population, context.block);
    const int64_t now = context.run_tick() - context.trial.fed_from;
    int64_t& next_event = context.trial.next_event[population * context.network.blocks + context.block];
    spikes.clear();
    for (next_event = std::max(next_event, start[0]);
         next_event < start[1] && tick[next_event] <= now; ++next_event) {
        const int32_t number = static_cast<int32_t>(neuron[next_event]);
        if (tick[next_event] == now && number >= span.first && number < span.last)
            spikes.push_back(number);
    }
}

constexpr int32_t CHUNK = 256;  // neurons that move before their spikes are listed

// Whether any number in some consecutive cache lines differs from 0.
template <class Integer, size_t... line>
bool any_of(const Integer* first, std::index_sequence<line...>) {
    const auto* at = reinterpret_cast<const Line*>(first);
    return any_bit((at[line] | ...));
}

// Lists the neurons first .. last - 1 that are marked in `fired`; the rest of its last cache line is set to
// 0. In most ticks most neurons are silent, so it tests many at once.
template <class Context, class Integer>
void list_spikes(Context& context, int population, Integer* fired, int32_t first, int32_t last) {
    constexpr int32_t together = 32;
    const Spikes& spikes = context.spikes(population, context.block);
    for (int32_t place = last - first; place % together; ++place) fired[place] = 0;
    for (int32_t start = 0; start < last - first; start += together) {
        if (!any_of(fired + start, std::make_index_sequence<together * sizeof(Integer) / 64>())) continue;
        for (int32_t place = start; place < start + together; ++place)
            if (fired[place]) spikes.push_back(first + place);
    }
}

// Logs this tick's spikes for the recording, and for the checkpoint. One thread does it for all blocks.
template <class Context>
void log_spikes(Context& context, int population, int buffer_set, bool recorded, bool sent) {
    context.for_spikes(population, [&](int32_t neuron) {
        if (recorded) {
            context.trial.recorded[buffer_set][population].tick.push_back(context.run_tick());
            context.trial.recorded[buffer_set][population].neuron.push_back(neuron);
        }
        if (sent) {
            context.trial.sent[population].tick.push_back(context.tick);
            context.trial.sent[population].neuron.push_back(neuron);
        }
    });
}

}  // namespace neurosim

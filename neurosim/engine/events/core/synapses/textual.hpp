// Which synapses with text act in a tick. What they do is generated (`synapses.py`).
#pragma once
#include "core/run/check.hpp"
#include "core/run/worker.hpp"
#include "core/synapses/moment.hpp"

namespace neurosim {

constexpr size_t LINE = 64;  // bytes of a cache line

// The handles of a pathway with text; see `TextualLayout` in textual_layout.py.
struct TextualHandles {
    int number;                                               // among the pathways with text
    int row, bundle, first, by_post, post_first, block_first;  // arrays
    int pre, post;                                            // populations
};

// Puts this tick's spikes of the sender into the calendar.
template <class Context>
void queue_arrivals(Context& context, TextualHandles handles) {
    const int64_t senders = context.network.sizes[handles.pre] + 1;
    const int64_t* row = context.template shared<int64_t>(handles.row) + context.block * senders;
    const auto* bundles = context.template shared<DelayBundle>(handles.bundle);
    const auto* first = context.template shared<int64_t>(handles.first);
    auto& calendar = context.trial.arrivals[handles.number * context.network.blocks + context.block];
    const int64_t longest = calendar.length() - 1;
    context.for_spikes(handles.pre, [&](int32_t neuron) {
        for (int64_t bundle = row[neuron]; bundle < row[neuron + 1]; ++bundle)
            if (bundles[bundle].delay > 0 && bundles[bundle].delay <= longest)
                calendar.at(context.tick + bundles[bundle].delay)
                    .emplace_back(first[bundle], bundles[bundle].count);
    });
}

// At most how many synapses act together, in vectors. They share sender and delay, or a target, so that no
// synapse is among them twice.
constexpr int32_t TOGETHER = 16;
// How many synapses ahead their records are prefetched. A processor can have few requests at a time, so
// that each turn prefetches a few records.
constexpr int64_t AHEAD = 128;

// The places of synapses that act together: consecutive, or listed.
struct Consecutive {
    int64_t first;
    int64_t operator()(int64_t i) const { return first + i; }
};

struct Listed {
    const int32_t* place;
    int64_t operator()(int64_t i) const { return place[i]; }
};

// Stands in for the records of synapses whose variables lie in an array each, which processors prefetch
// themselves.
struct InArrays {};
constexpr const InArrays* in_arrays = nullptr;
inline void prefetch(const InArrays*, Consecutive, int64_t) {}
inline void prefetch(const InArrays*, Listed, int64_t) {}

// Prefetches the records of the next synapses. (Prefetching them for writing takes longer.)
template <class Record>
void prefetch(const Record* own, Consecutive place, int64_t n) {
    const auto* first = reinterpret_cast<const char*>(own + place.first);
    for (int64_t byte = 0; byte < n * static_cast<int64_t>(sizeof(Record)); byte += LINE)
        prefetch_line(first + byte);
}

template <class Record>
void prefetch(const Record* own, Listed place, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const char* record = reinterpret_cast<const char*>(own + place(i));
        prefetch_line(record);
        if constexpr (LINE % sizeof(Record)) prefetch_line(record + sizeof(Record) - 1);
    }
}

// Where the places of synapses from `first` on are found.
struct AtPlaces {
    Consecutive operator()(int64_t first) const { return {first}; }
};

struct InList {
    const int32_t* place;
    Listed operator()(int64_t first) const { return {place + first}; }
};

// Calls act(place, n) for count synapses from `first` on.
template <class Record, class Act, class From = AtPlaces>
void act_on(int64_t first, int64_t count, const Record* own, Act& act, From from = {}) {
    for (; count > 0; first += TOGETHER, count -= TOGETHER) {
        prefetch(own, from(first + AHEAD), std::min<int64_t>(TOGETHER, count - AHEAD));
        act(from(first), static_cast<int32_t>(std::min<int64_t>(TOGETHER, count)));
    }
}

// Acts on every synapse at which a spike arrives in this tick: by tick of sending, sender, synapse.
template <class Context, class Record, class Act, class From = AtPlaces>
void for_arrivals(Context& context, TextualHandles handles, const Record* own, Act act, From from = {}) {
    auto& due = context.trial.arrivals[handles.number * context.network.blocks + context.block].at(
        context.tick);
    [[maybe_unused]] const auto* bounds = context.template shared<int64_t>(handles.block_first) +
                                          context.block;
    for (size_t entry = 0; entry < due.size(); ++entry) {
        NEUROSIM_HOLDS(due[entry].first >= bounds[0] && due[entry].first + due[entry].count <= bounds[1]);
        if (entry + 1 < due.size())
            prefetch(own, from(due[entry + 1].first), std::min<int64_t>(AHEAD, due[entry + 1].count));
        act_on(due[entry].first, due[entry].count, own, act, from);
    }
    due.clear();
    const int64_t senders = context.network.sizes[handles.pre] + 1;
    const int64_t* row = context.template shared<int64_t>(handles.row) + context.block * senders;
    const auto* bundles = context.template shared<DelayBundle>(handles.bundle);
    const auto* first = context.template shared<int64_t>(handles.first);
    context.for_spikes(handles.pre, [&](int32_t neuron) {
        for (int64_t bundle = row[neuron]; bundle < row[neuron + 1]; ++bundle)
            if (bundles[bundle].delay == 0) act_on(first[bundle], bundles[bundle].count, own, act, from);
    });
}

// The same for one more pathway of synapses, whose places are in an array with the handle `listed`.
template <int listed, class Context, class Record, class Act>
void for_listed_arrivals(Context& context, TextualHandles handles, const Record* own, Act act) {
    for_arrivals(context, handles, own, act, InList{context.template shared<int32_t>(listed)});
}

// Acts on every synapse onto a neuron of this block that has spiked in this tick: by target, then synapse.
// Their records lie far apart, on different cache lines, so that half as many act together.
template <class Context, class Record, class Act>
void for_post_spikes(Context& context, TextualHandles handles, const Record* own, Act act) {
    constexpr int64_t step = TOGETHER / 2;
    const auto* place = context.template shared<int32_t>(handles.by_post);
    const auto* first = context.template shared<int64_t>(handles.post_first);
    const Spikes& spikes = context.spikes(handles.post, context.block);
    for (int32_t spike = 0; spike < spikes.size(); ++spike) {
        const int32_t neuron = spikes[spike], following = spikes[std::min(spike + 1, spikes.size() - 1)];
        const int64_t last = first[neuron + 1], next = first[following];
        for (int64_t at = first[neuron]; at < last; at += step) {
            const int64_t wanted = at + AHEAD, beyond = std::max<int64_t>(0, wanted - last);
            prefetch(own, Listed{place + wanted}, std::min(step, last - wanted));
            if (wanted + step > last)
                prefetch(own, Listed{place + next + beyond},
                         std::min(wanted + step - last, first[following + 1] - next) - beyond);
            act(Listed{place + at}, static_cast<int32_t>(std::min(step, last - at)));
        }
    }
}

// Acts on all synapses of this block, in the order of their arrays.
template <class Context, class Record, class Act>
void for_textual_synapses(Context& context, TextualHandles handles, const Record* own, Act act) {
    const auto* first = context.template shared<int64_t>(handles.block_first);
    act_on(first[context.block], first[context.block + 1] - first[context.block], own, act);
}

}  // namespace neurosim

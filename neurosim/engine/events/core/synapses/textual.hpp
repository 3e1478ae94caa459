// Synapses with text: which of them act at a tick. What they do is generated; see `synapses.py`.
#pragma once
#include "core/run/check.hpp"
#include "core/run/worker.hpp"
#include "core/synapses/moment.hpp"

namespace neurosim {

constexpr size_t LINE = 64;  // bytes of the cache

// The synapses of a pathway with text in the order of their arrays: by block of targets, sender and delay.
struct TextualHandles {
    int number;               // among the pathways with text
    int row, group, first;    // arrays: (block, sender + 1) groups; DelayGroup; the first synapse of each group
    int by_post, post_first;  // arrays: (synapse) places by target, in the contract's order; (target + 1)
    int block_first;          // array: (block + 1) places
    int pre, post;            // populations
};

// Puts this tick's spikes of the sender on their way.
template <class Context>
void queue_arrivals(Context& context, TextualHandles handles) {
    const int64_t senders = context.network.sizes[handles.pre] + 1;
    const int64_t* row = static_cast<const int64_t*>(context.network.arrays[handles.row]) + context.block * senders;
    const auto* groups = static_cast<const DelayGroup*>(context.network.arrays[handles.group]);
    const auto* first = static_cast<const int64_t*>(context.network.arrays[handles.first]);
    auto& calendar = context.trial.arrivals[handles.number * context.network.blocks + context.block];
    const int64_t longest = calendar.length() - 1;
    context.for_spikes(handles.pre, [&](int32_t neuron) {
        for (int64_t group = row[neuron]; group < row[neuron + 1]; ++group)
            if (groups[group].delay > 0 && groups[group].delay <= longest)
                calendar.at(context.tick + groups[group].delay).emplace_back(first[group], groups[group].count);
    });
}

// How many synapses act side by side, at most. Those of one sender and delay, or onto one target, are different ones.
constexpr int32_t TOGETHER = 16;
// For how many synapses before their turn records are asked for. A processor has few requests on their way at a time, so that each
// turn asks for a few.
constexpr int64_t AHEAD = 128;

// Places of synapses: one after the other, or listed.
struct Consecutive {
    int64_t first;
    int64_t operator()(int64_t i) const { return first + i; }
};

struct Listed {
    const int32_t* place;
    int64_t operator()(int64_t i) const { return place[i]; }
};

// Brings the records of the next synapses into the cache. (Asking for the right to write them as well takes longer.)
template <class Record>
void prefetch(const Record* own, Consecutive place, int64_t n) {
    const auto* first = reinterpret_cast<const char*>(own + place.first);
    for (int64_t byte = 0; byte < n * static_cast<int64_t>(sizeof(Record)); byte += LINE) prefetch_line(first + byte);
}

template <class Record>
void prefetch(const Record* own, Listed place, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const char* record = reinterpret_cast<const char*>(own + place(i));
        prefetch_line(record);
        if constexpr (LINE % sizeof(Record)) prefetch_line(record + sizeof(Record) - 1);
    }
}

// Calls act(place, n) for the synapses first .. first + count.
template <class Record, class Act>
void act_on(int64_t first, int64_t count, const Record* own, Act& act) {
    for (; count > 0; first += TOGETHER, count -= TOGETHER) {
        prefetch(own, Consecutive{first + AHEAD}, std::min<int64_t>(TOGETHER, count - AHEAD));
        act(Consecutive{first}, static_cast<int32_t>(std::min<int64_t>(TOGETHER, count)));
    }
}

// Acts on every synapse at which a spike arrives at this tick: by tick of sending, sender, synapse.
template <class Context, class Record, class Act>
void for_arrivals(Context& context, TextualHandles handles, const Record* own, Act act) {
    auto& due = context.trial.arrivals[handles.number * context.network.blocks + context.block].at(context.tick);
    [[maybe_unused]] const auto* bounds = static_cast<const int64_t*>(context.network.arrays[handles.block_first]) + context.block;
    for (size_t entry = 0; entry < due.size(); ++entry) {
        NEUROSIM_HOLDS(due[entry].first >= bounds[0] && due[entry].first + due[entry].count <= bounds[1]);
        if (entry + 1 < due.size()) prefetch(own, Consecutive{due[entry + 1].first}, std::min<int64_t>(AHEAD, due[entry + 1].count));
        act_on(due[entry].first, due[entry].count, own, act);
    }
    due.clear();
    const int64_t senders = context.network.sizes[handles.pre] + 1;
    const int64_t* row = static_cast<const int64_t*>(context.network.arrays[handles.row]) + context.block * senders;
    const auto* groups = static_cast<const DelayGroup*>(context.network.arrays[handles.group]);
    const auto* first = static_cast<const int64_t*>(context.network.arrays[handles.first]);
    context.for_spikes(handles.pre, [&](int32_t neuron) {
        for (int64_t group = row[neuron]; group < row[neuron + 1]; ++group)
            if (groups[group].delay == 0) act_on(first[group], groups[group].count, own, act);
    });
}

// Acts on every synapse onto a neuron of this block that has spiked at this tick: by target, then synapse. Their records lie far
// apart, one to a line of the cache: half as many at a turn.
template <class Context, class Record, class Act>
void for_post_spikes(Context& context, TextualHandles handles, const Record* own, Act act) {
    constexpr int64_t step = TOGETHER / 2;
    const auto* place = static_cast<const int32_t*>(context.network.arrays[handles.by_post]);
    const auto* first = static_cast<const int64_t*>(context.network.arrays[handles.post_first]);
    const Spikes& spikes = context.spikes(handles.post, context.block);
    for (int32_t spike = 0; spike < spikes.size(); ++spike) {
        const int32_t neuron = spikes[spike], following = spikes[std::min(spike + 1, spikes.size() - 1)];
        const int64_t last = first[neuron + 1], next = first[following];
        for (int64_t at = first[neuron]; at < last; at += step) {
            const int64_t wanted = at + AHEAD, beyond = std::max<int64_t>(0, wanted - last);
            prefetch(own, Listed{place + wanted}, std::min(step, last - wanted));
            if (wanted + step > last) prefetch(own, Listed{place + next + beyond}, std::min(wanted + step - last, first[following + 1] - next) - beyond);
            act(Listed{place + at}, static_cast<int32_t>(std::min(step, last - at)));
        }
    }
}

// Acts on all synapses of this block, in the order of their arrays.
template <class Context, class Record, class Act>
void for_synapses(Context& context, TextualHandles handles, const Record* own, Act act) {
    const auto* first = static_cast<const int64_t*>(context.network.arrays[handles.block_first]);
    act_on(first[context.block], first[context.block + 1] - first[context.block], own, act);
}

}  // namespace neurosim

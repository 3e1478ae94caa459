// Which synapses with text act in a tick. What they do is generated (`synapses.py`).
#pragma once
#include "core/run/check.hpp"
#include "core/run/worker.hpp"
#include "core/synapses/columns.hpp"
#include "core/synapses/moment.hpp"
#include "core/synapses/together.hpp"

namespace neurosim {

// The handles of a pathway with text; see `TextualLayout` in textual_layout.py.
struct TextualHandles {
    int number;                                                          // among the pathways with text
    int row, bundle, first, by_post, post_first, block_first, receiver;  // arrays
    int pre, post;                                                       // populations
    int listed = -1;  // array: the places of synapses in the order of arrivals, where that is another one
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
    context.for_spikes(handles.pre, [&](int32_t neuron) { prefetch_line(row + neuron); });
    context.for_spikes(handles.pre, [&](int32_t neuron) {
        prefetch_line(bundles + row[neuron]);
        prefetch_line(first + row[neuron]);
    });
    context.for_spikes(handles.pre, [&](int32_t neuron) {
        for (int64_t bundle = row[neuron]; bundle < row[neuron + 1]; ++bundle)
            if (bundles[bundle].delay > 0 && bundles[bundle].delay <= longest)
                calendar.at(context.tick + bundles[bundle].delay)
                    .emplace_back(first[bundle], bundles[bundle].count);
    });
}

// Calls visit(first, count) for the bundles through which this tick's spikes arrive without delay.
template <class Context, class Visit>
void for_zero_delay(Context& context, TextualHandles handles, Visit visit) {
    const int64_t senders = context.network.sizes[handles.pre] + 1;
    const int64_t* row = context.template shared<int64_t>(handles.row) + context.block * senders;
    const auto* bundles = context.template shared<DelayBundle>(handles.bundle);
    const auto* first = context.template shared<int64_t>(handles.first);
    int& some = context.trial.arrivals[handles.number * context.network.blocks + context.block].zero_delay;
    if (some < 0)
        some = std::any_of(bundles + row[0], bundles + row[senders - 1],
                           [](const DelayBundle& bundle) { return bundle.delay == 0; });
    if (!some) return;
    context.for_spikes(handles.pre, [&](int32_t neuron) {
        for (int64_t bundle = row[neuron]; bundle < row[neuron + 1]; ++bundle)
            if (bundles[bundle].delay == 0) visit(first[bundle], bundles[bundle].count);
    });
}

// Acts on every synapse at which a spike arrives in this tick: by tick of sending, sender, synapse. A spike
// that an earlier run left pending acts by itself: another one may arrive at the same synapse, if delays are
// not what they were.
template <class Context, class Record, class Act, class From>
void for_arrivals(Context& context, TextualHandles handles, const Record* own, Act act, From from) {
    Together<Record, From, Act> together(own, from, act);
    auto& due = context.trial.arrivals[handles.number * context.network.blocks + context.block].at(
        context.tick);
    [[maybe_unused]] const auto* bounds = context.template shared<int64_t>(handles.block_first) +
                                          context.block;
    size_t left = 0;
    for (; left < due.size() && due[left].left_pending; ++left) {
        together.add(1, [&](int64_t) { return Run{due[left].first, due[left].count}; });
        together.finish();
    }
    together.add(due.size() - left, [&](int64_t r) {
        const auto& bundle = due[left + r];
        NEUROSIM_HOLDS(bundle.first >= bounds[0] && bundle.first + bundle.count <= bounds[1]);
        return Run{bundle.first, bundle.count};
    });
    due.clear();
    for_zero_delay(context, handles, [&](int64_t first, uint32_t count) {
        together.add(1, [&](int64_t) { return Run{first, count}; });
    });
    together.finish();
}

template <class Context, class Record, class Act>
void for_arrivals(Context& context, TextualHandles handles, const Record* own, Act act) {
    for_arrivals(context, handles, own, act, AtPlaces{context.template shared<int32_t>(handles.receiver)});
}

// The same for listed synapses.
template <class Context, class Record, class Act>
void for_listed_arrivals(Context& context, TextualHandles handles, const Record* own, Act act) {
    for_arrivals(context, handles, own, act, InList{context.template shared<int32_t>(handles.listed)});
}

// Acts on every synapse onto a neuron of this block that has spiked in this tick: by target, then synapse.
template <class Context, class Record, class Act>
void for_post_spikes(Context& context, TextualHandles handles, const Record* own, Act act) {
    const auto* place = context.template shared<int32_t>(handles.by_post);
    const auto* first = context.template shared<int64_t>(handles.post_first);
    const Spikes& spikes = context.spikes(handles.post, context.block);
    Together<Record, InList, Act> together(own, InList{place}, act);
    together.add(spikes.size(), [&](int64_t r) {
        const int32_t neuron = spikes[static_cast<int32_t>(r)];
        return Run{first[neuron], first[neuron + 1] - first[neuron]};
    });
    together.finish();
}

// Acts on all synapses of this block, in the order of their arrays.
template <class Context, class Record, class Act>
void for_textual_synapses(Context& context, TextualHandles handles, const Record* own, Act act) {
    const auto* first = context.template shared<int64_t>(handles.block_first) + context.block;
    Together<Record, AtPlaces, Act> together(own, AtPlaces{}, act);
    together.add(1, [&](int64_t) { return Run{first[0], first[1] - first[0]}; });
    together.finish();
}

}  // namespace neurosim

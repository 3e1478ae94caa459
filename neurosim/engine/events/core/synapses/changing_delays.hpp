// Spikes on their way through synapses with text whose delay is a variable: they are due when the delay says
// that they had when they were sent.
#pragma once
#include <cmath>

#include "core/synapses/textual.hpp"

namespace neurosim {

// A delay in ticks, given in seconds. Written so that NaN is the least delay.
template <class Context, class Real>
int64_t ticks_of_delay(const Context& context, Real seconds, int64_t least) {
    constexpr double longest = 1 << 24;  // LONGEST_DELAY of network/synapses.py
    const double ticks = std::nearbyint(static_cast<double>(seconds) / context.network.dt);
    return ticks >= static_cast<double>(least) ? static_cast<int64_t>(std::min(ticks, longest)) : least;
}

// Puts this tick's spikes of the sender on their way; delay(place) gives the delay of a synapse, and `from`
// its place.
template <class Context, class Delay, class From = AtPlaces>
void send_with_delays(Context& context, TextualHandles handles, Delay delay, From from = {}) {
    const int64_t senders = context.network.sizes[handles.pre] + 1;
    const int64_t* row = context.template shared<int64_t>(handles.row) + context.block * senders;
    const auto* bundles = context.template shared<DelayBundle>(handles.bundle);
    const auto* first = context.template shared<int64_t>(handles.first);
    auto& due = context.trial.changing[handles.number * context.network.blocks + context.block];
    context.for_spikes(handles.pre, [&](int32_t neuron) {
        for (int64_t bundle = row[neuron]; bundle < row[neuron + 1]; ++bundle)
            for (int64_t at = first[bundle]; at < first[bundle] + bundles[bundle].count; ++at)
                due[context.tick + delay(from(at))].push_back({context.tick, at});
    });
}

// Acts on every synapse at which a spike arrives in this tick: by tick of sending, sender, synapse. One by
// one, as delays that change may bring two spikes to one synapse.
template <class Context, class Record, class Act, class From = AtPlaces>
void for_changing_arrivals(Context& context, TextualHandles handles, const Record* own, Act act,
                           From from = {}) {
    auto& waiting = context.trial.changing[handles.number * context.network.blocks + context.block];
    const auto due = waiting.find(context.tick);
    if (due == waiting.end()) return;
    Together<Record, From, Act> together(own, from, act);
    for (const auto& arrival : due->second) {
        together.add(1, [&](int64_t) { return Run{arrival.place, 1}; });
        together.finish();
    }
    waiting.erase(due);
}

// The same for listed synapses.
template <class Context, class Record, class Act>
void for_listed_changing_arrivals(Context& context, TextualHandles handles, const Record* own, Act act) {
    for_changing_arrivals(context, handles, own, act, InList{context.template shared<int32_t>(handles.listed)});
}

}  // namespace neurosim

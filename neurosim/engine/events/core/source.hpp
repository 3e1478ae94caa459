// One feed, read sender by sender: it appends the synapses of one neuron to a batch.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/batch.hpp"
#include "core/draw.hpp"
#include "core/feed.hpp"
#include "core/wires.hpp"

namespace neurosim {

class Source {
  public:
    Source(const Feed& feed, const Wires& wires) : feed(feed), wires(wires) {}

    // The first place whose sender is not below the neuron of this global number: of a synapse, or of a sender to draw.
    int64_t find(int64_t sender) const {
        const int64_t neuron = sender - feed.first_sender;
        return feed.wiring == Wiring::given ? std::lower_bound(feed.sender, feed.sender + feed.count, neuron) - feed.sender : feed.pre.find(neuron);
    }

    // Appends the synapses of this sender, which begin at `place`, with receiving neurons as slots; returns the place behind them.
    int64_t append(int64_t place, int64_t sender, Batch& batch) const {
        const int64_t neuron = sender - feed.first_sender;
        if (feed.wiring == Wiring::given) return copy(place, neuron, batch);
        if (place == feed.pre.size || feed.pre.at(place) != neuron) return place;
        draw(place, batch);
        return place + 1;
    }

    // Draws the synapses of the sender at `place`; delays are rounded half to even. (Not inlined, to be compiled once.)
    __attribute__((noinline)) void draw(int64_t place, Batch& batch) const {
        const int64_t sender = feed.order ? feed.order[place] : place;
        const int64_t count = wires.draw(sender, feed.pre.at(place), batch.targets(wires.room(sender)));
        const int64_t first = batch.grow(count);
        uint32_t* __restrict target = batch.slot.data() + first;
        draw_numbers(feed.weight, feed, sender, target, count, batch.weight.data() + first);
        const double* __restrict number = batch.number.data();
        uint32_t* __restrict delay = batch.delay.data() + first;
        draw_numbers(feed.delay, feed, sender, target, count, batch.number.data());
        for (int64_t i = 0; i < count; i++) delay[i] = static_cast<uint32_t>(static_cast<int32_t>(std::rint(number[i] / feed.dt)));
        if (feed.post.neuron)
            for (int64_t i = 0; i < count; i++) target[i] = static_cast<uint32_t>(feed.post.neuron[target[i]]);
        else if (feed.post.first)
            for (int64_t i = 0; i < count; i++) target[i] += static_cast<uint32_t>(feed.post.first);
    }

    const Feed& feed;
    const Wires& wires;

  private:
    int64_t copy(int64_t place, int64_t neuron, Batch& batch) const {
        int64_t last = place;
        while (last < feed.count && feed.sender[last] == neuron) last++;
        const int64_t first = batch.grow(last - place);
        std::copy(feed.receiver + place, feed.receiver + last, batch.slot.begin() + first);
        std::copy(feed.delays + place, feed.delays + last, batch.delay.begin() + first);
        std::copy(feed.weights + place, feed.weights + last, batch.weight.begin() + first);
        return last;
    }
};

}  // namespace neurosim

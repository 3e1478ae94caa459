// One feed, read sender by sender: it appends the synapses of one neuron to a batch.
#pragma once
#include <algorithm>
#include <cstdint>

#include "core/batch.hpp"
#include "core/feed.hpp"

namespace neurosim {

template <class Weight>
class Source {
  public:
    Source(const Feed& feed, int blocks, int) : feed(feed), blocks(blocks) {}

    // The first place whose sender is the neuron of this global number, or one behind it.
    int64_t find(int64_t sender) const {
        return std::lower_bound(feed.sender, feed.sender + feed.count, sender - feed.first_sender) - feed.sender;
    }

    // Appends the synapses of this sender, which begin at `place`; returns the place behind them.
    int64_t append(int64_t place, int64_t sender, Batch<Weight>& batch, Report& report) const {
        int64_t last = place;
        while (last < feed.count && feed.sender[last] == sender - feed.first_sender) last++;
        if (last == place) return place;
        const int64_t first = batch.grow(last - place);
        const auto* weights = static_cast<const Weight*>(feed.weights);
        std::copy(feed.receiver + place, feed.receiver + last, batch.slot.begin() + first);
        std::copy(feed.delays + place, feed.delays + last, batch.delay.begin() + first);
        std::copy(weights + place, weights + last, batch.weight.begin() + first);
        batch.land(feed, blocks, first);
        batch.note(report, first);
        return last;
    }

  private:
    const Feed& feed;
    int blocks;
};

}  // namespace neurosim

// Reads a pathway sender by sender: appends the synapses of one neuron to a buffer.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/construct/draw.hpp"
#include "core/construct/pathway.hpp"
#include "core/construct/synapse_buffer.hpp"
#include "core/construct/wiring.hpp"
#include "core/numbers/bits.hpp"

namespace neurosim {

constexpr int64_t SENDERS_EACH = 16;  // that a thread reads before it asks for more

class PathwayReader {
  public:
    PathwayReader(const Pathway& pathway, const Wiring& wiring) : pathway(pathway), wiring(wiring) {}

    // The first place whose sender is not below `sender`, a number among all neurons. Places are those of
    // synapses in the arrays, or of senders in the recipe.
    int64_t find(int64_t sender) const {
        const int64_t neuron = sender - pathway.first_sender;
        return pathway.wiring_law == WiringLaw::given
                   ? std::lower_bound(pathway.sender, pathway.sender + pathway.count, neuron) - pathway.sender
                   : pathway.pre.find(neuron);
    }

    // Appends the synapses of this sender, which begin at `place`, with target neurons in place of slots.
    // Returns the place behind them.
    int64_t append(int64_t place, int64_t sender, SynapseBuffer& buffer) const {
        const int64_t neuron = sender - pathway.first_sender;
        if (pathway.wiring_law == WiringLaw::given) return copy(place, neuron, buffer);
        if (place == pathway.pre.size || pathway.pre.at(place) != neuron) return place;
        draw(place, buffer);
        return place + 1;
    }

    // Draws the synapses of the sender at `place`; delays are rounded half to even. (It is not inlined, so
    // that it is compiled only once.)
    __attribute__((noinline)) void draw(int64_t place, SynapseBuffer& buffer) const {
        const int64_t sender = pathway.order ? pathway.order[place] : place;
        const int64_t count = wiring.draw(sender, pathway.pre.at(place), buffer.targets(wiring.room(sender)));
        const int64_t first = buffer.grow(count);
        uint32_t* __restrict target = buffer.slot.data() + first;
        double* __restrict weight = buffer.weight.data() + first;
        draw_numbers(pathway.weight, pathway, sender, target, count, weight);
        if (pathway.half)
            for (int64_t i = 0; i < count; i++) weight[i] = to_half(static_cast<float>(weight[i]));
        const double* __restrict number = buffer.number.data();
        uint32_t* __restrict delay = buffer.delay.data() + first;
        draw_numbers(pathway.delay, pathway, sender, target, count, buffer.number.data());
        for (int64_t i = 0; i < count; i++)
            delay[i] = static_cast<uint32_t>(static_cast<int32_t>(std::rint(number[i] / pathway.dt)));
        if (pathway.post.neuron)
            for (int64_t i = 0; i < count; i++)
                target[i] = static_cast<uint32_t>(pathway.post.neuron[target[i]]);
        else if (pathway.post.first)
            for (int64_t i = 0; i < count; i++) target[i] += static_cast<uint32_t>(pathway.post.first);
    }

    const Pathway& pathway;
    const Wiring& wiring;

  private:
    int64_t copy(int64_t place, int64_t neuron, SynapseBuffer& buffer) const {
        int64_t last = place;
        while (last < pathway.count && pathway.sender[last] == neuron) last++;
        const int64_t first = buffer.grow(last - place);
        std::copy(pathway.receiver + place, pathway.receiver + last, buffer.slot.begin() + first);
        std::copy(pathway.delays + place, pathway.delays + last, buffer.delay.begin() + first);
        std::copy(pathway.weights + place, pathway.weights + last, buffer.weight.begin() + first);
        return last;
    }
};

}  // namespace neurosim

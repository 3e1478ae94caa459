// Pending arrivals by the tick at which they are due. When a neuron spikes, each bundle of its synapses that
// share a delay is put into the bucket of the tick at which it is due. Buckets fill in the order of
// sending, so that sums are added in the same order for any number of blocks.
#pragma once
#include <cstdint>
#include <vector>

namespace neurosim {

template <class Entry>
class Calendar {
  public:
    // `longest` is the longest delay in ticks that is due within the run.
    void resize(int64_t longest) {
        int64_t length = 1;
        while (length < longest + 1) length *= 2;
        buckets.resize(length);
        mask = length - 1;
    }
    std::vector<Entry>& at(int64_t tick) { return buckets[tick & mask]; }
    const std::vector<Entry>& at(int64_t tick) const { return buckets[tick & mask]; }
    int64_t length() const { return mask + 1; }

  private:
    std::vector<std::vector<Entry>> buckets;
    int64_t mask = 0;
};

}  // namespace neurosim

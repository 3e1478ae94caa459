// The layout of synapses with text for synapses/textual.hpp: by block of targets, sender and delay; and by
// target. It is built in two calls: the constructor counts, the caller allocates the arrays, and `fill`
// draws once more and writes everything to its final place.
#pragma once
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "core/arrivals/rows.hpp"
#include "core/construct/pathway.hpp"
#include "core/construct/pathway_reader.hpp"
#include "core/construct/synapse_buffer.hpp"
#include "core/threads/parallel_for.hpp"

namespace neurosim {

// How the start values of a variable are drawn. `weight`: they are the weights; `narrow`: they are rounded
// to 32 bits.
struct StartValues {
    NumberRecipe numbers;
    int32_t weight, narrow;
};

// The arrays of `TextualLayout` in textual_layout.py; those that are not needed are null. `own` is its
// `drawn`: as many `variables` of each synapse, each of `real` bytes. The numbers of two synapses are `step`
// apart, those of two variables `apart`.
struct SynapseArrays {
    int64_t* row;
    DelayBundle* bundle;
    int64_t *first, *post_first, *block_first;
    int32_t *receiver, *by_post, *canonical;
    void* own;
    const StartValues* starts;
    int64_t variables, real, step, apart;
};

class TextualLayout {
  public:
    // `senders` and `targets` are the sizes of the populations. The synapses of a sender and block are
    // sorted by delay, or stay `as_drawn`.
    TextualLayout(const Pathway& given, int64_t senders, int64_t targets, int blocks, int threads,
                  bool as_drawn)
        : pathway(given),
          wiring(pathway, threads),
          reader(pathway, wiring),
          senders(senders),
          targets(targets),
          blocks(blocks),
          threads(threads),
          as_drawn(as_drawn),
          synapses(blocks * senders + 1),
          bundles(blocks * senders + 1),
          drawn(senders + 1) {
        each_sender([&](Scratch& scratch, int64_t sender) {
            drawn[sender + 1] = scratch.buffer.size;
            for (int b = 0; b < blocks; b++) {
                const auto [begin, end] = scratch.part(b);
                synapses[b * senders + sender + 1] = end - begin;
                bundles[b * senders + sender + 1] = scratch.count_bundles(begin, end);
            }
        });
        for (auto* sums : {&synapses, &bundles, &drawn})
            std::partial_sum(sums->begin(), sums->end(), sums->begin());
    }

    int64_t n_synapses() const { return synapses.back(); }
    int64_t n_bundles() const { return bundles.back(); }
    // Whether the synapses lie in the order of the plan.
    bool in_order() const {
        bool one = blocks == 1;
        for (int64_t sender = 0; one && !as_drawn && sender < senders; sender++)
            one = bundles[sender + 1] - bundles[sender] <= 1;
        return one;
    }
    int64_t longest() const { return *std::max_element(longest_of.begin(), longest_of.end()); }

    void fill(const SynapseArrays& to) {
        for (int b = 0; b <= blocks; b++) to.block_first[b] = synapses[b * senders];
        for (int b = 0; b < blocks; b++)
            for (int64_t sender = 0; sender <= senders; sender++)
                to.row[b * (senders + 1) + sender] = bundles[b * senders + sender];
        each_sender([&](Scratch& scratch, int64_t sender) {
            draw_starts(scratch, sender, to);
            for (int b = 0; b < blocks; b++) lay(scratch, sender, b, to);
        });
        wiring.forget_all();
        list_by_target(to);
    }

  private:
    // The scratch memory of one thread: the synapses of one sender, and the order in which they will lie.
    struct Scratch {
        SynapseBuffer buffer;
        std::vector<uint32_t> order;
        std::vector<int64_t> begin;              // (block + 1): where each block begins in `order`
        std::vector<std::vector<double>> start;  // the start values of each variable

        std::pair<int64_t, int64_t> part(int b) const { return {begin[b], begin[b + 1]}; }
        uint32_t delay(int64_t at) const { return buffer.delay[order[at]]; }
        int64_t count_bundles(int64_t at, int64_t end) const {
            int64_t count = at < end;
            for (; at + 1 < end; ++at) count += delay(at) != delay(at + 1);
            return count;
        }
    };

    // Sorts the synapses of a sender by block and delay, stably.
    void sort(Scratch& scratch) const {
        auto& buffer = scratch.buffer;
        scratch.begin.assign(blocks + 1, 0);
        for (int64_t i = 0; i < buffer.size; i++) {
            const auto* bound = std::upper_bound(pathway.bound + 1, pathway.bound + blocks,
                                                 static_cast<int64_t>(buffer.slot[i]));
            buffer.block[i] = static_cast<uint32_t>(bound - pathway.bound - 1);
            scratch.begin[buffer.block[i] + 1]++;
        }
        std::partial_sum(scratch.begin.begin(), scratch.begin.end(), scratch.begin.begin());
        auto next = scratch.begin;
        scratch.order.resize(buffer.size);
        for (int64_t i = 0; i < buffer.size; i++)
            scratch.order[next[buffer.block[i]]++] = static_cast<uint32_t>(i);
        const auto [least, most] = std::minmax_element(buffer.delay.begin(),
                                                       buffer.delay.begin() + buffer.size);
        if (as_drawn || !buffer.size || *least == *most) return;
        const auto sooner = [&](uint32_t a, uint32_t b) { return buffer.delay[a] < buffer.delay[b]; };
        for (int b = 0; b < blocks; b++)
            std::stable_sort(scratch.order.begin() + scratch.begin[b],
                             scratch.order.begin() + scratch.begin[b + 1], sooner);
    }

    // Calls work(scratch, sender) for all senders, whose synapses have been drawn and sorted.
    template <class Work>
    void each_sender(Work work) {
        std::vector<Scratch> scratches(threads);
        longest_of.assign(threads, 0);
        parallel_for(threads, senders, SENDERS_EACH, [&](int thread, int64_t first, int64_t last) {
            auto& scratch = scratches[thread];
            int64_t place = reader.find(first);
            for (int64_t sender = first; sender < last; sender++) {
                scratch.buffer.size = 0;
                place = reader.append(place, sender, scratch.buffer);
                for (int64_t i = 0; i < scratch.buffer.size; i++)
                    longest_of[thread] = std::max<int64_t>(longest_of[thread], scratch.buffer.delay[i]);
                sort(scratch);
                work(scratch, sender);
            }
        });
    }

    // Draws the start values of a sender's synapses, in the order of the plan.
    void draw_starts(Scratch& scratch, int64_t neuron, const SynapseArrays& to) const {
        const int64_t place = to.own ? pathway.pre.find(neuron) : 0;
        scratch.start.resize(to.own ? to.variables : 0);
        for (size_t variable = 0; variable < scratch.start.size(); variable++) {
            const StartValues& start = to.starts[variable];
            auto& number = scratch.start[variable];
            number.resize(scratch.buffer.size + STRETCH);
            if (start.weight) std::copy_n(scratch.buffer.weight.begin(), scratch.buffer.size, number.begin());
            else
                draw_numbers(start.numbers, pathway, pathway.order ? pathway.order[place] : place, nullptr,
                             scratch.buffer.size, number.data());
            for (int64_t i = 0; start.narrow && i < scratch.buffer.size; i++)
                number[i] = static_cast<float>(number[i]);
        }
    }

    // Writes the synapses of one sender onto one block of targets.
    void lay(const Scratch& scratch, int64_t sender, int b, const SynapseArrays& to) const {
        const auto [begin, end] = scratch.part(b);
        int64_t place = synapses[b * senders + sender], bundle = bundles[b * senders + sender];
        for (int64_t at = begin; at < end; ++at, ++place) {
            const uint32_t i = scratch.order[at];
            to.receiver[place] = static_cast<int32_t>(scratch.buffer.slot[i]);
            if (to.canonical) to.canonical[place] = static_cast<int32_t>(drawn[sender] + i);
            for (size_t variable = 0; variable < scratch.start.size(); variable++) {
                const double value = scratch.start[variable][i];
                const int64_t number = place * to.step + variable * to.apart;
                if (to.real == 4) static_cast<float*>(to.own)[number] = static_cast<float>(value);
                else static_cast<double*>(to.own)[number] = value;
            }
            if (at == begin || scratch.delay(at) != scratch.delay(at - 1)) {
                to.first[bundle] = place;
                to.bundle[bundle++] = {scratch.delay(at), 0};
            }
            to.bundle[bundle - 1].count++;
        }
    }

    // Lists the places of each target's synapses in the order of the plan.
    void list_by_target(const SynapseArrays& to) const {
        std::fill_n(to.post_first, targets + 1, 0);
        parallel_for(threads, blocks, 1, [&](int, int64_t b, int64_t) {
            for (int64_t k = to.block_first[b]; k < to.block_first[b + 1]; ++k)
                to.post_first[to.receiver[k] + 1]++;
        });
        std::partial_sum(to.post_first, to.post_first + targets + 1, to.post_first);
        parallel_for(threads, blocks, 1, [&](int, int64_t b, int64_t) {
            std::vector<int64_t> next(to.post_first + pathway.bound[b], to.post_first + pathway.bound[b + 1]);
            std::vector<int32_t> row;
            const auto list = [&](int64_t k) {
                to.by_post[next[to.receiver[k] - pathway.bound[b]]++] = static_cast<int32_t>(k);
            };
            for (int64_t sender = 0; sender < senders; sender++) {
                const int64_t at = b * senders + sender;
                if (bundles[at + 1] - bundles[at] <= 1 || as_drawn || !to.canonical) {
                    for (int64_t k = synapses[at]; k < synapses[at + 1]; ++k) list(k);
                    continue;
                }
                row.resize(synapses[at + 1] - synapses[at]);
                std::iota(row.begin(), row.end(), static_cast<int32_t>(synapses[at]));
                std::sort(row.begin(), row.end(),
                          [&](int32_t a, int32_t b) { return to.canonical[a] < to.canonical[b]; });
                for (int32_t k : row) list(k);
            }
        });
    }

    const Pathway pathway;
    Wiring wiring;
    const PathwayReader reader;
    const int64_t senders, targets;
    const int blocks, threads;
    const bool as_drawn;
    std::vector<int64_t> synapses;    // (block, sender) and the end: the first synapse
    std::vector<int64_t> bundles;      // (block, sender) and the end: the first bundle
    std::vector<int64_t> drawn;       // (sender + 1): the first synapse of each sender in the plan
    std::vector<int64_t> longest_of;  // per thread: the longest delay
};

}  // namespace neurosim

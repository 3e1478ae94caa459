// Which targets each sender has (`Wires` of network/recipe.py), in local numbers, sender by sender.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "core/construct/draw.hpp"
#include "core/construct/pathway.hpp"
#include "core/threads/parallel_for.hpp"

namespace neurosim {

class Wiring {
  public:
    Wiring(const Pathway& pathway, int threads) : pathway(pathway) {
        if (pathway.wiring_law == WiringLaw::total) count_senders(threads);
        if (pathway.wiring_law == WiringLaw::indegree) list_targets(threads);
    }

    // An upper bound for the number of a sender's synapses.
    int64_t room(int64_t sender) const {
        switch (pathway.wiring_law) {
            case WiringLaw::one_to_one: return 1;
            case WiringLaw::outdegree: return pathway.number;
            case WiringLaw::total: return counts[sender];
            case WiringLaw::indegree: return start[sender + 1] - start[sender];
            default: return pathway.post.size;
        }
    }

    // Writes the targets of a sender, whose neuron is `self`, and returns how many there are.
    int64_t draw(int64_t sender, int64_t self, uint32_t* __restrict target) const {
        const auto row = static_cast<uint32_t>(sender);
        const int64_t count = room(sender);
        switch (pathway.wiring_law) {
            case WiringLaw::one_to_one: target[0] = row; return 1;
            case WiringLaw::outdegree:
                draw_below(pathway.key, pathway.post.size - pathway.avoid_self, row, count, target);
                if (pathway.avoid_self)
                    for (int64_t i = 0; i < count; i++) target[i] += target[i] >= row;
                return count;
            case WiringLaw::total:
                draw_below(pathway.key, pathway.post.size, row, count, target);
                return count;
            case WiringLaw::indegree:
                std::copy(targets.begin() + start[sender], targets.begin() + start[sender + 1], target);
                return count;
            case WiringLaw::probability: return drop(self, draw_gaps(row, target), target);
            default:
                for (int64_t i = 0; i < count; i++) target[i] = static_cast<uint32_t>(i);
                return drop(self, count, target);
        }
    }

    // Gives back the memory that lists the targets of the senders from `first` to before `last`: neither these
    // senders nor those before them are drawn again.
    void forget([[maybe_unused]] int64_t first, [[maybe_unused]] int64_t last) const {
#ifdef __linux__
        if (pathway.wiring_law != WiringLaw::indegree || pathway.order) return;
        const auto address = [&](int64_t at) { return reinterpret_cast<uintptr_t>(targets.data() + at); };
        const uintptr_t begin = std::max(address(0) + PAGE - 1, address(start[first])) / PAGE * PAGE;
        const uintptr_t end = address(start[last]) / PAGE * PAGE;
        if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
#endif
    }

    // Gives back the memory that lists targets, when no sender is drawn any more.
    void forget_all() { std::vector<uint32_t>().swap(targets); }

  private:
    static constexpr uintptr_t PAGE = 1 << 16;   // a multiple of every system's pages
    static constexpr int64_t NUMBERS = 1 << 16;  // how many a thread takes at a time

    const Pathway& pathway;
    std::vector<uint32_t> counts;  // for `total`: how many targets each sender has
    std::vector<int64_t> start;    // for `indegree`: where each sender's targets begin in `targets`
    std::vector<uint32_t> targets;

    // Removes the synapse of a neuron onto itself; returns how many are left.
    int64_t drop(int64_t self, int64_t count, uint32_t* target) const {
        if (!pathway.avoid_self) return count;
        int64_t kept = 0;
        for (int64_t i = 0; i < count; i++) {
            target[kept] = target[i];
            kept += pathway.post.at(target[i]) != self;
        }
        return kept;
    }

    int64_t draw_gaps(uint32_t row, uint32_t* target) const {
        const auto most = static_cast<double>(pathway.post.size);
        int64_t count = 0, next = 0;
        for (uint32_t place = 0;; place += STRETCH) {
            const RandomWords words(pathway.key, row, place);
            int64_t gap[STRETCH];
            for (int i = 0; i < STRETCH; i++)
                gap[i] = static_cast<int64_t>(std::min(to_gap(words.at(i), pathway.log_miss), most));
            for (const int64_t misses : gap) {
                next += misses;
                if (next >= pathway.post.size) return count;
                target[count++] = static_cast<uint32_t>(next++);
            }
        }
    }

    // Draws how many of `number` synapses each sender gets.
    void count_senders(int threads) {
        std::vector<std::vector<uint32_t>> found(threads, std::vector<uint32_t>(pathway.pre.size));
        parallel_for(threads, pathway.number, NUMBERS, [&](int thread, int64_t first, int64_t last) {
            auto& count = found[thread];
            for (; first < last; first += STRETCH) {
                uint32_t sender[STRETCH];
                for (int i = 0; i < STRETCH; i++)
                    sender[i] = to_below(threefry(pathway.counts, static_cast<uint32_t>(first + i), 0),
                                         static_cast<uint64_t>(pathway.pre.size));
                for (int64_t i = 0; i < std::min<int64_t>(STRETCH, last - first); i++) count[sender[i]]++;
            }
        });
        counts = std::move(found[0]);
        for (int thread = 1; thread < threads; thread++)
            for (size_t sender = 0; sender < counts.size(); sender++) counts[sender] += found[thread][sender];
    }

    // Draws the senders of a target, and calls each(sender).
    template <class Each>
    void senders_of(int64_t target, Each each) const {
        for (int64_t place = 0; place < pathway.number; place += STRETCH) {
            const RandomWords words(pathway.key, static_cast<uint32_t>(target), static_cast<uint32_t>(place));
            uint32_t sender[STRETCH];
            for (int i = 0; i < STRETCH; i++) {
                sender[i] = to_below(words.at(i),
                                     static_cast<uint64_t>(pathway.pre.size - pathway.avoid_self));
                sender[i] += pathway.avoid_self && sender[i] >= static_cast<uint32_t>(target);
            }
            for (int64_t i = 0; i < std::min<int64_t>(STRETCH, pathway.number - place); i++) each(sender[i]);
        }
    }

    // Lists the targets by sender, in rising order: a counting sort, in which each part of the targets is
    // counted and then written by one thread.
    void list_targets(int threads) {
        const int64_t senders = pathway.pre.size, parts = std::min<int64_t>(threads, pathway.post.size);
        const auto bound = [&](int64_t part) { return pathway.post.size * part / parts; };
        std::vector<std::vector<int64_t>> next(parts, std::vector<int64_t>(senders));
        parallel_for(threads, parts, 1, [&](int, int64_t part, int64_t) {
            for (int64_t target = bound(part); target < bound(part + 1); target++)
                senders_of(target, [&](uint32_t sender) { next[part][sender]++; });
        });
        start.resize(senders + 1);
        for (int64_t sender = 0, sum = 0; sender < senders; sender++) {
            for (auto& part : next) {
                const int64_t count = part[sender];
                part[sender] = sum;
                sum += count;
            }
            start[sender + 1] = sum;
        }
        targets.resize(start[senders]);
        parallel_for(threads, parts, 1, [&](int, int64_t part, int64_t) {
            for (int64_t target = bound(part); target < bound(part + 1); target++)
                senders_of(target, [&](uint32_t sender) {
                    targets[next[part][sender]++] = static_cast<uint32_t>(target);
                });
        });
    }
};

}  // namespace neurosim

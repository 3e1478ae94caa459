// Lays the synapses of a pathway with text out by target: `by_target.py`.
#pragma once
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "core/synapses/target_group.hpp"

namespace neurosim {

// What is given: the sender of each synapse, and the synapses of each target in the order of the plan.
struct SynapsesOfTargets {
    const int32_t *sender, *by_post;
    const int64_t* post_first;
};

// The arrays of `ByTarget` in by_target.py, by place: the ends of each synapse, its place before, and the
// places of each target's synapses. `listed` has its place now by the one before.
struct ByTargetArrays {
    TargetGroup* group;
    int64_t* block_group;
    int32_t *sender, *receiver, *before, *by_post, *listed;
};

class ByTargetLayout {
  public:
    ByTargetLayout(const SynapsesOfTargets& given, const ByTargetArrays& to) : given(given), to(to) {}

    // Lays out the synapses onto the targets of each block; `bounds` are their first targets, and the end.
    void fill(int blocks, const int32_t* bounds) {
        for (int b = 0; b < blocks; b++) {
            to.block_group[b] = groups;
            std::vector<int32_t> targets;
            for (int32_t target = bounds[b]; target < bounds[b + 1]; ++target)
                if (degree(target)) targets.push_back(target);
            std::stable_sort(targets.begin(), targets.end(),
                             [&](int32_t a, int32_t b) { return degree(a) > degree(b); });
            for (size_t first = 0; first < targets.size(); first += TARGETS)
                lay(targets.data() + first, std::min<size_t>(TARGETS, targets.size() - first));
        }
        to.block_group[blocks] = groups;
    }

  private:
    int32_t degree(int32_t target) const {
        return static_cast<int32_t>(given.post_first[target + 1] - given.post_first[target]);
    }

    void lay(const int32_t* targets, size_t count) {
        TargetGroup& group = to.group[groups++];
        group = {};
        group.first = place;
        for (size_t lane = 0; lane < TARGETS; ++lane) {
            group.target[lane] = targets[std::min(lane, count - 1)];
            group.degree[lane] = lane < count ? degree(targets[lane]) : 0;
        }
        for (int32_t row = 0; row < group.degree[0]; ++row)
            for (size_t lane = 0; lane < count && row < group.degree[lane]; ++lane, ++place) {
                const int64_t listed = given.post_first[targets[lane]] + row;
                const int32_t before = given.by_post[listed];
                to.sender[place] = given.sender[before];
                to.receiver[place] = targets[lane];
                to.before[place] = before;
                to.listed[before] = to.by_post[listed] = static_cast<int32_t>(place);
            }
        find_segments(group, static_cast<int32_t>(count));
    }

    // Divides the rows in which all targets have a synapse into segments, if the targets are consecutive:
    // those from one sender each where at least a few follow one another.
    void find_segments(TargetGroup& group, int32_t lanes) const {
        constexpr int32_t few = 8;
        const int32_t full = group.degree[lanes - 1];
        const int32_t* const senders = to.sender + group.first;
        const auto from_one = [&](int32_t row, int32_t from) {
            const int32_t* first = senders + static_cast<int64_t>(row) * lanes;
            return std::all_of(first, first + lanes, [&](int32_t sender) { return sender == from; });
        };
        group.lanes = lanes, group.rows[0] = full, group.from[0] = ANY;
        if (group.target[lanes - 1] != group.target[0] + lanes - 1) return;
        int segment = 0;
        group.rows[0] = 0, group.from[0] = CONSECUTIVE;
        for (int32_t row = 0; row < full;) {
            const int32_t from = senders[static_cast<int64_t>(row) * lanes];
            int32_t end = row;
            while (end < full && from_one(end, from + end - row)) ++end;
            const bool alike = end - row >= few && segment + 2 < SEGMENTS;
            end = std::max(end, row + 1);
            if (alike || group.from[segment] >= 0) {
                segment += group.rows[segment] > 0;
                group.from[segment] = alike ? from : CONSECUTIVE;
            }
            group.rows[segment] += end - row;
            row = end;
        }
    }

    const SynapsesOfTargets given;
    const ByTargetArrays to;
    int64_t groups = 0, place = 0;
};

}  // namespace neurosim

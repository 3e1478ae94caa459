// The synapses onto a few targets, in rows: `by_target.py`.
#pragma once
#include <cstdint>

namespace neurosim {

constexpr int32_t TARGETS = 16;  // of a group: two vectors of doubles, or one of floats
constexpr int SEGMENTS = 4;      // of a group at most

constexpr int32_t CONSECUTIVE = -1, ANY = -2;  // targets of a segment, instead of the sender of its first row

// A group of targets, those with most synapses first. Row r has the r-th synapse of each target that has so
// many, in the order of the targets; the places of these synapses are consecutive, row after row. Rows in
// which all targets have a synapse are full. They come in segments: some rows whose synapses come from one
// sender each, `from` and then the neurons behind it, onto consecutive targets; or from any senders, onto
// consecutive or any targets. If there are less than 16 targets, the last one is repeated, without synapses.
struct TargetGroup {
    int64_t first;                             // place
    int32_t lanes;                             // how many targets
    int32_t rows[SEGMENTS], from[SEGMENTS];    // of each segment
    int32_t target[TARGETS], degree[TARGETS];  // degree: how many synapses
    int32_t unused;
};

}  // namespace neurosim

// The trials that one thread moves side by side (or the one block of one trial that it owns).
#pragma once
#include "core/threads.hpp"
#include "core/trial.hpp"

namespace neurosim {

template <class Real, class Weight>
struct Team {
    std::vector<Here<Real, Weight>> members;
    Barrier* barrier;
    int member;                  // which of those that wait for each other this team is
    int set;                     // which of the two sets of recording buffers is filled
    int64_t first;               // tick of the run at which the buffers begin
    std::vector<Real> messages;  // room for messages, by sender
    std::vector<Real> sums;      // room for sums, by target

    auto begin() { return members.begin(); }
    auto end() { return members.end(); }
    int size() const { return static_cast<int>(members.size()); }
    void wait() { barrier->wait(member); }
    bool first_block() const { return members[0].block == 0; }
};

}  // namespace neurosim

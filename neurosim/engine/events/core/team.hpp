// The trials that one thread moves side by side (or the one block of one trial that it owns).
#pragma once
#include "core/helpers.hpp"
#include "core/threads.hpp"
#include "core/trial.hpp"

namespace neurosim {

// What has changed in the messages since the product of a trial was made.
template <class Real>
struct Renewal {
    bool anew = false;             // all senders, their factors being the messages; else
    std::vector<int64_t> changed;  // these senders
    std::vector<Real, Aligned<Real>> factor;

    int64_t count() const { return static_cast<int64_t>(factor.size()); }
};

template <class Real, class Weight>
struct Team {
    std::vector<Here<Real, Weight>> members;
    Barrier* barrier;
    int member;                  // which of those that wait for each other this team is
    int set;                     // which of the two sets of recording buffers is filled
    int64_t first;               // tick of the run at which the buffers begin
    Helpers* helpers;            // threads that have no trials of their own; none: null
    std::vector<Real, Aligned<Real>> messages{};  // room for messages, by sender
    std::vector<Real, Aligned<Real>> sums{};      // room for sums, by target
    std::vector<Renewal<Real>> renewals{};        // one per trial

    auto begin() { return members.begin(); }
    auto end() { return members.end(); }
    int size() const { return static_cast<int>(members.size()); }
    void wait() {
        barrier->wait(member);
        for (auto& here : members) here.fetch_spikes();
    }
    bool first_block() const { return members[0].block == 0; }
};

}  // namespace neurosim

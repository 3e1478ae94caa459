// The gradient of one trial by EventProp: forward from event to event, to learn how fast each neuron crossed
// its threshold, and back through the same events with the adjoint variables.
//
// Source: Wunderlich & Pehle 2021, doi:10.1038/s41598-021-91786-z; delays: Meszaros, Knight & Nowotny 2025,
// arXiv:2501.07331. Written here for any linear neuron: a spike at the time t of a neuron with the variables x
// moves by dt = -c dx/(c dx/dt) if its x is changed by dx. It then moves every jump that it causes, and a jump
// from f to g of the derivative of some variables y that comes later by dt changes y by (f - g) dt.
#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

#include "core/adjoint/linear.hpp"

namespace neurosim::adjoint {

// All synapses, sorted by sender, then by delay; a group is those of one sender with one delay.
struct Synapses {
    const int64_t* groups;    // (sender + 1): where its groups begin
    const int64_t* delay;     // (group,)
    const int64_t* members;   // (group + 1): where its synapses begin
    const int64_t* target;    // (synapse,): the neuron
    const int64_t* variable;  // (synapse,): which of its variables the weight is added to
    const double* weight;     // (synapse,)
};

struct Network {
    int64_t populations, neurons, ticks;
    double dt;
    const Population* population;
    const int64_t* population_of;  // (neuron,)
    Synapses synapses;
};

// What all trials sent, and how the loss depends on it; sorted by trial, then by tick.
struct Trials {
    const int64_t* spikes;      // (trial + 1): where its spikes begin
    const int64_t* spike_tick;  // (spike,)
    const int64_t* spike_neuron;
    const double* spike_loss;  // derivative of the loss by the time of the spike
    const int64_t* samples;    // (trial + 1)
    const int64_t* sample_tick;  // at whose end the variable was read
    const int64_t* sample_neuron;
    const int64_t* sample_variable;
    const double* sample_loss;  // derivative of the loss by what was read
};

// Derivatives of the loss, (synapse,) each, to which trials add theirs.
struct Gradient {
    double* weight;
    double* delay;  // by a second
};

struct Event {
    int64_t tick, arrives, spike, group;
    bool operator<(const Event& other) const {
        return std::tie(tick, arrives, spike, group) <
               std::tie(other.tick, other.arrives, other.spike, other.group);
    }
};

class Trial {
public:
    explicit Trial(const Network& network)
        : net(network), x(net.neurons * MOST_STATES), now(net.neurons), newest(net.neurons) {}

    void add_gradient(const Trials& trials, int64_t trial, Gradient& to) {
        first = trials.spikes[trial];
        count = trials.spikes[trial + 1] - first;
        tick = trials.spike_tick + first;
        neuron = trials.spike_neuron + first;
        list_events();
        go_forward();
        go_back(trials, trial, to);
    }

private:
    const Network& net;
    int64_t first = 0, count = 0;
    const int64_t *tick = nullptr, *neuron = nullptr;  // of each spike
    std::vector<Event> events;
    // Of each neuron: its variables, or the adjoint ones; at the end of which tick; and its newest spike.
    std::vector<double> x;
    std::vector<int64_t> now, newest;
    // Of each spike: the one before it of the same neuron; how fast c x crossed the threshold; how much x
    // changes if it comes later by a second; the same of the end of the refractory period; and dL/dt.
    std::vector<int64_t> before;
    std::vector<double> slope, jump, thaw, moved;

    const Population& of(int64_t n) const { return net.population[net.population_of[n]]; }
    double* variables(int64_t n) { return &x[n * MOST_STATES]; }
    const double* b(const Population& p, int64_t n) const { return p.b + (n - p.first) * p.states; }

    void list_events() {
        events.clear();
        for (int64_t s = 0; s < count; ++s) {
            if (of(neuron[s]).spiking) events.push_back({tick[s], 0, s, 0});
            const Synapses& all = net.synapses;
            for (int64_t g = all.groups[neuron[s]]; g < all.groups[neuron[s] + 1]; ++g)
                if (tick[s] + all.delay[g] < net.ticks) events.push_back({tick[s] + all.delay[g], 1, s, g});
        }
        std::sort(events.begin(), events.end());
        before.assign(count, -1);
        slope.assign(count, 0.0);
        moved.assign(count, 0.0);
        jump.assign(count * MOST_STATES, 0.0);
        thaw.assign(count * MOST_STATES, 0.0);
        std::fill(newest.begin(), newest.end(), -1);
    }

    // dx/dt; b does not act on variables that are held.
    static void derivative(const double* a, const double* b, const double* acts, const double* x, double* f,
                           int n) {
        times(a, x, f, n);
        for (int i = 0; i < n; ++i) f[i] += acts ? acts[i] * b[i] : b[i];
    }

    // The last tick of the refractory period after the newest spike of a neuron; before all ticks without one.
    int64_t release(const Population& p, int64_t n) const {
        return newest[n] < 0 ? -2 : tick[newest[n]] + p.held_ticks;
    }

    bool is_held(const Population& p, int64_t n, int64_t at) const {
        return p.held_ticks > 0 && at <= release(p, n);
    }

    // Advances a neuron to the end of a tick.
    void go_to(int64_t n, int64_t to) {
        const Population& p = of(n);
        const int states = int(p.states);
        double* v = variables(n);
        if (is_held(p, n, now[n])) {
            const int64_t end = release(p, n), stop = std::min(end, to);
            double held_b[MOST_STATES];
            for (int i = 0; i < states; ++i) held_b[i] = p.thaws[i] * b(p, n)[i];
            advance(p.held, held_b, v, stop - now[n], states);
            now[n] = stop;
            if (to <= end) return;
            double held[MOST_STATES], free[MOST_STATES];
            derivative(p.held_a, b(p, n), p.thaws, v, held, states);
            derivative(p.a, b(p, n), nullptr, v, free, states);
            for (int i = 0; i < states; ++i) thaw[newest[n] * MOST_STATES + i] = held[i] - free[i];
        }
        advance(p.free, b(p, n), v, to - now[n], states);
        now[n] = to;
    }

    void go_forward() {
        for (int64_t k = 0; k < net.populations; ++k) {
            const Population& p = net.population[k];
            for (int64_t i = 0; i < p.size; ++i)
                for (int64_t j = 0; j < p.states; ++j)
                    x[(p.first + i) * MOST_STATES + j] = p.start[i * p.states + j];
        }
        std::fill(now.begin(), now.end(), -1);
        for (const Event& event : events) event.arrives ? arrive(event) : spike(event);
    }

    void arrive(const Event& event) {
        const Synapses& all = net.synapses;
        for (int64_t k = all.members[event.group]; k < all.members[event.group + 1]; ++k) {
            if (!of(all.target[k]).spiking) continue;  // nothing depends on when its variables have which value
            go_to(all.target[k], event.tick);
            variables(all.target[k])[all.variable[k]] += all.weight[k];
        }
    }

    void spike(const Event& event) {
        const int64_t n = neuron[event.spike];
        const Population& p = of(n);
        const int states = int(p.states);
        double* v = variables(n);
        double* change = &jump[event.spike * MOST_STATES];
        double f[MOST_STATES], reset[MOST_STATES], after[MOST_STATES];
        double rise = 0;
        // At the start of the tick the neuron was below its threshold, so that the mean slope within the tick
        // is positive, even where v has passed its maximum by the end.
        go_to(n, event.tick - 1);
        for (int i = 0; i < states; ++i) rise -= p.threshold[i] * v[i];
        go_to(n, event.tick);
        for (int i = 0; i < states; ++i) rise += p.threshold[i] * v[i];
        slope[event.spike] = rise / net.dt;
        derivative(p.a, b(p, n), nullptr, v, f, states);
        times(p.reset, f, change, states);
        times(p.reset, v, reset, states);
        for (int i = 0; i < states; ++i) v[i] = reset[i] + p.set[i];
        const bool held = p.held_ticks > 0;
        derivative(held ? p.held_a : p.a, b(p, n), held ? p.thaws : nullptr, v, after, states);
        for (int i = 0; i < states; ++i) change[i] -= after[i];
        before[event.spike] = newest[n];
        newest[n] = event.spike;
    }

    // Takes the adjoint variables of a neuron back to the end of an earlier tick.
    void go_back_to(int64_t n, int64_t to) {
        const Population& p = of(n);
        const int states = int(p.states);
        double* adjoint = variables(n);
        const int64_t end = release(p, n);
        if (p.held_ticks > 0 && now[n] > end && end >= to) {
            advance_back(p.free, adjoint, now[n] - end, states);
            now[n] = end;
            moved[newest[n]] += dot(adjoint, &thaw[newest[n] * MOST_STATES], states);
        }
        advance_back(is_held(p, n, now[n]) ? p.held : p.free, adjoint, now[n] - to, states);
        now[n] = to;
    }

    static double dot(const double* x, const double* y, int n) {
        double sum = 0;
        for (int i = 0; i < n; ++i) sum += x[i] * y[i];
        return sum;
    }

    void go_back(const Trials& trials, int64_t trial, Gradient& to) {
        std::fill(x.begin(), x.end(), 0.0);
        std::fill(now.begin(), now.end(), net.ticks - 1);
        int64_t sample = trials.samples[trial + 1] - 1;
        const auto read = [&](int64_t since) {  // what was read at the end of these ticks
            for (; sample >= trials.samples[trial] && trials.sample_tick[sample] >= since; --sample) {
                const int64_t n = trials.sample_neuron[sample];
                go_back_to(n, trials.sample_tick[sample]);
                variables(n)[trials.sample_variable[sample]] += trials.sample_loss[sample];
            }
        };
        for (auto event = events.rbegin(); event != events.rend(); ++event) {
            read(event->tick);
            event->arrives ? leave(*event, to) : undo(*event, trials.spike_loss[first + event->spike]);
        }
    }

    // An arrival, backwards.
    void leave(const Event& event, Gradient& to) {
        const Synapses& all = net.synapses;
        for (int64_t k = all.members[event.group]; k < all.members[event.group + 1]; ++k) {
            const int64_t n = all.target[k];
            const Population& p = of(n);
            const int states = int(p.states), j = int(all.variable[k]);
            go_back_to(n, event.tick);
            const double* adjoint = variables(n);
            const double* a = is_held(p, n, event.tick) ? p.held_a : p.a;
            double later = 0;  // how L changes if the arrival comes later by a second
            for (int i = 0; i < states; ++i) later -= adjoint[i] * a[i * states + j] * all.weight[k];
            to.weight[k] += adjoint[j];
            to.delay[k] += later;
            moved[event.spike] += later;
        }
    }

    // A spike, backwards.
    void undo(const Event& event, double loss) {
        const int64_t n = neuron[event.spike];
        const Population& p = of(n);
        const int states = int(p.states);
        double* adjoint = variables(n);
        go_back_to(n, event.tick);
        const double later = moved[event.spike] + dot(adjoint, &jump[event.spike * MOST_STATES], states) + loss;
        double earlier[MOST_STATES];
        transposed_times(p.reset, adjoint, earlier, states);
        const double per_slope = slope[event.spike] > 0 ? later / slope[event.spike] : 0.0;
        for (int i = 0; i < states; ++i) adjoint[i] = earlier[i] - p.threshold[i] * per_slope;
        newest[n] = before[event.spike];
    }
};

}  // namespace neurosim::adjoint

// Runs a network tick by tick. Either threads take trials, or each thread takes one block of the neurons of
// one trial, and all of them go through the tick together (see threads/barrier.hpp). Where threads wait for
// each other in every tick, one thread goes on alone while that is faster (see threads/pace.hpp).
#pragma once
#include <memory>
#include <mutex>

#include "core/run/code.hpp"
#include "core/threads/crew.hpp"
#include "core/threads/pace.hpp"
#include "core/threads/thread_pool.hpp"

namespace neurosim {

template <class Real, class Weight>
void Worker<Real, Weight>::wait() {
    barrier->wait(number);
    for (auto& context : contexts) context.prefetch_spikes();
}

// How one call runs; `Settings` of runner.py.
struct Settings {
    int64_t ticks;
    int64_t fed_from;  // tick of the run at which the inputs at hand begin
    int32_t buffer_set, until_stable;
    int32_t fresh;  // whether the buffers of the set are empty, and begin with this call
};

// An arrival at one synapse that was pending when the run ended; `PENDING_SPIKE` of runner.py.
struct PendingSpike {
    int64_t due, sent;
    int32_t population, stage, block;
    uint32_t slot;
    double value;
};

template <class Real, class Weight>
class Engine {
  public:
    Engine(const NetworkCode<Real, Weight>& code, const NetworkData& network, const Probe* probes,
           int64_t n_probes, const uint8_t* uses, const int64_t* numbers)
        : network(network), code(code), probes(probes, probes + n_probes), trials(network.trials) {
        for (int row = 0; row < network.trials; ++row) open(trials[row], row, numbers[row]);
        for (int population = 0; population < network.populations; ++population)
            spike_uses.push_back(uses[population]);
    }

    // Advances all trials; returns how many ticks ran, which are fewer if `until_stable` stopped the run.
    int64_t run(const Settings& settings) {
        if (settings.fresh) begun[settings.buffer_set] = done;
        for (auto& trial : trials) {
            if (settings.fresh)
                for (auto& record : trial.recorded[settings.buffer_set]) record.clear();
            trial.feed(settings.fed_from);
            for (int population = 0; population < network.populations; ++population)
                trial.sent[population].trim(network.first_tick + done - network.longest_delay);
        }
        const int64_t before = done;
        const auto run_some = [&](int64_t ticks, bool together) {
            const int64_t ran = settings.until_stable ? run_until_stable(settings, ticks, together)
                                : network.blocks > 1  ? run_blocks(settings, ticks, together)
                                                      : run_trials(settings, ticks, together);
            done += ran;
            return ran == ticks && !(settings.until_stable && stable);
        };
        if (threads_wait(settings)) pace.run(settings.ticks, run_some);
        else run_some(settings.ticks, true);
        pool.reset();
        return done - before;
    }

    Trial<Real, Weight>& trial(int row) { return trials[row]; }
    const NetworkData network;
    bool stable = false;  // whether the last tick of a run until stable changed nothing

    // Writes the pending arrivals of one trial to `room`, if that is not null, and counts them. They follow
    // from the spikes that were sent last and the rows of their senders.
    int64_t pending_spikes(int row, PendingSpike* room) const {
        const auto& trial = trials[row];
        const int64_t now = network.first_tick + done;
        int64_t count = 0;
        for (size_t at = 0; at < trial.stages.size(); ++at) {
            const auto& block = trial.stages[at];
            if (!block.rows) continue;
            for (int population = 0; population < network.populations; ++population) {
                const auto& sent = trial.sent[population];
                for (size_t spike = 0; spike < sent.tick.size(); ++spike) {
                    const auto& line = block.rows[network.first_sender[population] + sent.neuron[spike]];
                    const char* synapses = line.synapses;
                    for (uint32_t bundle = 0; bundle < line.n_bundles; ++bundle) {
                        const auto [delay, n] = line.bundles[bundle];
                        const int64_t due = sent.tick[spike] + delay, tick = sent.tick[spike];
                        if (due >= now && !room) count += n;
                        if (due >= now && room)
                            for_synapses(block.format, synapses, n, line.weight(block.format, bundle),
                                         [&](uint32_t slot, Weight weight) {
                                             room[count++] = {due,
                                                              tick,
                                                              population,
                                                              static_cast<int32_t>(at / network.blocks),
                                                              static_cast<int32_t>(at % network.blocks),
                                                              slot,
                                                              static_cast<double>(weight)};
                                         });
                        synapses += n * block.format.bytes(sizeof(Weight));
                    }
                }
            }
        }
        return count;
    }

  private:
    void open(Trial<Real, Weight>& trial, int row, int64_t number) {
        const int blocks = network.blocks;
        trial.number = number, trial.row = row;
        trial.make_lists(network);
        for (auto& recorded : trial.recorded) recorded.resize(network.populations);
        trial.sent.resize(network.populations);
        trial.next_event.assign(network.populations * blocks, 0);
        trial.stages.resize(code.stages * blocks);
        trial.arrivals.resize(code.texts * blocks);
        trial.changing.resize(code.texts * blocks);
        trial.binomials.resize(code.privates * blocks);
        for (int at = 0; at < code.stages * blocks; ++at) {
            trial.stages[at].resize(code.reductions[at / blocks], network.slots[at],
                                    network.longest[at / blocks]);
            trial.stages[at].rows = static_cast<const Row<Weight>*>(network.rows[at]);
            trial.stages[at].format = network.formats[at / blocks];
        }
        for (int at = 0; at < code.texts * blocks; ++at)
            trial.arrivals[at].resize(network.longest[code.stages + at / blocks]);
    }

    // Appends the states of one trial to `room`.
    void copy_states(const Context<Real, Weight>& context, std::vector<Real>& room) const {
        for (int number = 0; number < code.states; ++number) {
            const Real* from = context.template array<Real>(code.state[number].array);
            room.insert(room.end(), from, from + network.sizes[code.state[number].population]);
        }
    }

    // Whether two copies of the states differ; a NaN is equal to a NaN.
    static bool differ(const std::vector<Real>& before, const std::vector<Real>& after) {
        const auto same = [](Real a, Real b) { return a == b || (a != a && b != b); };
        return !std::equal(before.begin(), before.end(), after.begin(), same);
    }

    // Runs a tick; returns whether it has changed a state of any trial.
    bool moves(Worker<Real, Weight>& worker, std::vector<Real>& before, std::vector<Real>& after) {
        before.clear();
        for (auto& context : worker) copy_states(context, before);
        advance(worker);
        after.clear();
        for (auto& context : worker) copy_states(context, after);
        return differ(before, after);
    }

    void advance(Worker<Real, Weight>& worker) {
        for (auto& context : worker)
            for (int population = 0; population < network.populations; ++population)
                context.spikes(population, context.block).clear();
        code.tick(worker, probes);
        for (auto& context : worker)
            for (int population = 0; context.block == 0 && population < network.populations; ++population)
                if (spike_uses[population])
                    log_spikes(context, population, worker.buffer_set, spike_uses[population] & 1,
                               spike_uses[population] & 2);
        for (auto& context : worker) ++context.tick;
    }

    // After the last tick of a call: makes the state and the samples that the caller reads complete.
    void finish(Worker<Real, Weight>& worker) {
        code.settle(worker);
        publish_copies();
    }

    // Whether threads wait for each other in every tick.
    bool threads_wait(const Settings& settings) const {
        if (settings.until_stable) return std::min(network.threads, network.trials) > 1;
        return block_threads() > 1 || shares_products();
    }

    // How many threads share the blocks of a trial.
    int block_threads() const { return std::min(network.threads, network.blocks); }

    // Whether idle threads share matrix products: one thread moves all trials.
    bool shares_products() const {
        return network.uses_pool && network.threads > 1 && trials_per_worker() >= network.trials;
    }

    // A worker with some trials, and some blocks of each.
    Worker<Real, Weight> make_worker(Span rows, Span blocks, Barrier& barrier, int number,
                                     const Settings& settings) {
        Worker<Real, Weight> worker{{}, &barrier, number, settings.buffer_set,
                                    begun[settings.buffer_set], pool.get()};
        for (int row = rows.first; row < rows.last; ++row)
            for (int block = blocks.first; block < blocks.last; ++block)
                worker.contexts.push_back({network, trials[row], block, network.first_tick + done});
        return worker;
    }

    int64_t run_blocks(const Settings& settings, int64_t ticks, bool together) {
        const int members = together ? block_threads() : 1;
        for (int row = 0; row < network.trials; ++row) {
            Barrier barrier(members);
            crew.in_parallel(
                members,
                [&](int member) {
                    const Span blocks{network.blocks * member / members,
                                      network.blocks * (member + 1) / members};
                    auto worker = make_worker({row, row + 1}, blocks, barrier, member, settings);
                    for (int64_t tick = 0; tick < ticks; ++tick) advance(worker);
                    finish(worker);
                },
                [&] { barrier.abandon(); });
        }
        return ticks;
    }

    // How many trials a worker moves side by side. Results do not depend on it, nor on which thread moves
    // them.
    int trials_per_worker() const {
        return std::max(1, std::min<int>(LANES, (network.trials + network.threads - 1) / network.threads));
    }

    int64_t run_trials(const Settings& settings, int64_t ticks, bool together) {
        std::atomic<int> next{0};
        const int size = trials_per_worker();
        if (!together) pool.reset();
        else if (shares_products() && !pool) pool = std::make_unique<ThreadPool>(network.threads);
        crew.in_parallel(
            std::min(network.threads, (network.trials + size - 1) / size),
            [&](int) {
                Barrier alone(1);
                for (int first; (first = next.fetch_add(size)) < network.trials;) {
                    const Span rows{first, std::min(first + size, network.trials)};
                    auto worker = make_worker(rows, {0, 1}, alone, 0, settings);
                    for (int64_t tick = 0; tick < ticks; ++tick) advance(worker);
                    finish(worker);
                }
            },
            [] {});
        return ticks;
    }

    // Runs all trials tick by tick, until one tick has changed nothing in any of them.
    int64_t run_until_stable(const Settings& settings, int64_t most, bool together) {
        const int threads = together ? std::min(network.threads, network.trials) : 1;
        Barrier barrier(threads), alone(1);
        std::atomic<int> changed{0};
        int64_t ticks = 0;
        crew.in_parallel(
            threads,
            [&](int thread) {
                const int64_t count = network.trials;
                const int last = static_cast<int>(count * (thread + 1) / threads);
                std::vector<Worker<Real, Weight>> workers;
                for (int row = static_cast<int>(count * thread / threads); row < last; row += LANES)
                    workers.push_back(
                        make_worker({row, std::min(row + LANES, last)}, {0, 1}, alone, 0, settings));
                std::vector<Real> before, after;
                for (int64_t tick = 0; tick < most; ++tick) {
                    for (auto& worker : workers)
                        if (moves(worker, before, after)) changed.store(1);
                    barrier.wait(thread);
                    const bool still = !changed.load();
                    if (thread == 0) ticks = tick + 1;
                    barrier.wait(thread);
                    if (still || tick + 1 == most) break;
                    if (thread == 0) changed.store(0);
                    barrier.wait(thread);
                }
            },
            [&] { barrier.abandon(); });
        stable = !changed.load();
        return ticks;
    }

    const NetworkCode<Real, Weight>& code;
    std::vector<Probe> probes;
    std::vector<Trial<Real, Weight>> trials;
    std::vector<uint8_t> spike_uses;  // per population: 1 if spikes are recorded, plus 2 if they travel
    int64_t done = 0;                 // ticks of the run so far
    int64_t begun[2] = {0, 0};        // tick of the run at which each set of buffers begins
    Crew crew;
    Pace<> pace;
    std::unique_ptr<ThreadPool> pool;  // within a call, while idle threads share matrix products
};

}  // namespace neurosim

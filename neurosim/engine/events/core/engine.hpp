// Runs a network tick by tick: trials over threads, or one trial's blocks over threads that move in step.
#pragma once
#include <memory>
#include <mutex>

#include "core/dense.hpp"
#include "core/math.hpp"
#include "core/plastic.hpp"
#include "core/private.hpp"
#include "core/sweep.hpp"
#include "core/tape.hpp"

namespace neurosim {

struct Settings {  // how one call runs (`machine.py` mirrors it)
    int64_t ticks;
    int32_t set, until_stable;
};

struct Flight {  // one synapse's arrival that was on its way when the run ended (`checkpoint.py` mirrors it)
    int64_t due, sent;
    int32_t population, stage, block;
    uint32_t slot;
    double value;
};

// `Network` is generated: its types Real and Weight, `open(Trial&, ...)` and `tick(Team&)`.
template <class Network>
class Engine {
  public:
    using Real = typename Network::Real;
    using Weight = typename Network::Weight;

    Engine(const Machine& machine, const Probe* probes, int64_t n_probes, const uint8_t* kept, const int64_t* numbers)
        : machine(machine), tape(probes, probes + n_probes), trials(machine.trials) {
        for (int row = 0; row < machine.trials; ++row) open(trials[row], row, numbers[row]);
        for (int population = 0; population < machine.populations; ++population) keep.push_back(kept[population]);
    }

    // Advances all trials; returns the ticks done, which are fewer where `until_stable` stopped the run.
    int64_t run(const Settings& settings) {
        for (auto& trial : trials) {
            for (auto& record : trial.recorded[settings.set]) record.clear();
            for (int population = 0; population < machine.populations; ++population)
                trial.sent[population].trim(machine.first_tick + done - machine.memory);
        }
        const int64_t ticks = settings.until_stable ? run_until_stable(settings) : machine.blocks > 1 ? run_blocks(settings) : run_trials(settings);
        done += ticks;
        return ticks;
    }

    Trial<Real, Weight>& trial(int row) { return trials[row]; }
    const Machine machine;
    bool stable = false;  // whether the last tick of a run until stable changed nothing

    // The arrivals of one trial that are on their way; counts them where there is no room.
    int64_t flights(int row, Flight* room) const {
        const auto& trial = trials[row];
        const int64_t now = machine.first_tick + done;
        int64_t count = 0;
        for (size_t at = 0; at < trial.stages.size(); ++at) {
            const auto& block = trial.stages[at];
            if (!block.rows) continue;
            for (int population = 0; population < machine.populations; ++population) {
                const auto& sent = trial.sent[population];
                for (size_t spike = 0; spike < sent.tick.size(); ++spike) {
                    const auto& line = block.rows[machine.first_sender[population] + sent.neuron[spike]];
                    const char* synapses = line.synapses;
                    for (uint32_t group = 0; group < line.n_groups; ++group) {
                        const auto [delay, n] = line.groups[group];
                        const int64_t due = sent.tick[spike] + delay, tick = sent.tick[spike];
                        if (due >= now)
                            for_synapses(block.form, synapses, n, line.weight(block.form, group), [&](uint32_t slot, Weight weight) {
                                if (room) room[count] = {due, tick, population, static_cast<int32_t>(at / machine.blocks),
                                                         static_cast<int32_t>(at % machine.blocks), slot, static_cast<double>(weight)};
                                ++count;
                            });
                        synapses += n * block.form.bytes(sizeof(Weight));
                    }
                }
            }
        }
        return count;
    }

  private:
    void open(Trial<Real, Weight>& trial, int row, int64_t number) {
        const int blocks = machine.blocks;
        trial.number = number, trial.row = row;
        trial.make_lists(machine);
        for (auto& recorded : trial.recorded) recorded.resize(machine.populations);
        trial.sent.resize(machine.populations);
        trial.cursor.assign(machine.populations * blocks, 0);
        trial.stages.resize(Network::stages * blocks);
        trial.arrivals.resize(Network::texts * blocks);
        trial.binomials.resize(Network::privates * blocks);
        for (int at = 0; at < Network::stages * blocks; ++at) {
            Network::resize(at / blocks, trial.stages[at], machine.slots[at], machine.longest[at / blocks]);
            trial.stages[at].rows = static_cast<const Row<Weight>*>(machine.rows[at]);
            trial.stages[at].form = machine.forms[at / blocks];
        }
        for (int at = 0; at < Network::texts * blocks; ++at) trial.arrivals[at].resize(machine.longest[Network::stages + at / blocks]);
    }

    void move(Team<Real, Weight>& team) {
        for (auto& here : team)
            for (int population = 0; population < machine.populations; ++population) here.spikes(population, here.block).clear();
        Network::tick(team, tape);
        for (auto& here : team)
            for (int population = 0; team.first_block() && population < machine.populations; ++population)
                if (keep[population]) keep_spikes(here, population, team.set, keep[population] & 1, keep[population] & 2);
        for (auto& here : team) ++here.tick;
    }

    // After the last tick of a call: what the caller reads is complete.
    void rest(Team<Real, Weight>& team) {
        Network::settle(team);
        publish_copies();
    }

    Team<Real, Weight> team_of(int first, int last, int block, Barrier& barrier, const Settings& settings, Helpers* helpers = nullptr) {
        Team<Real, Weight> team{{}, &barrier, block, settings.set, done, helpers};
        for (int row = first; row < last; ++row) team.members.push_back({machine, trials[row], block, machine.first_tick + done});
        return team;
    }

    int64_t run_blocks(const Settings& settings) {
        for (int row = 0; row < machine.trials; ++row) {
            Barrier barrier(machine.blocks);
            in_parallel(machine.blocks, [&](int block) {
                auto team = team_of(row, row + 1, block, barrier, settings);
                for (int64_t tick = 0; tick < settings.ticks; ++tick) move(team);
                rest(team);
            }, [&] { barrier.abandon(); });
        }
        return settings.ticks;
    }

    // Trials side by side in teams; which thread moves a team changes nothing.
    int team_size() const { return std::max(1, std::min<int>(LANES, (machine.trials + machine.threads - 1) / machine.threads)); }

    int64_t run_trials(const Settings& settings) {
        std::atomic<int> next{0};
        const int size = team_size();
        std::unique_ptr<Helpers> helpers;
        if (machine.shared && size >= machine.trials && machine.threads > 1) helpers = std::make_unique<Helpers>(machine.threads);
        in_parallel(std::min(machine.threads, (machine.trials + size - 1) / size), [&](int) {
            Barrier alone(1);
            for (int first; (first = next.fetch_add(size)) < machine.trials;) {
                auto team = team_of(first, std::min(first + size, machine.trials), 0, alone, settings, helpers.get());
                for (int64_t tick = 0; tick < settings.ticks; ++tick) move(team);
                rest(team);
            }
        }, [] {});
        return settings.ticks;
    }

    // All trials tick by tick, until one tick has changed nothing in any of them.
    int64_t run_until_stable(const Settings& settings) {
        const int threads = std::min(machine.threads, machine.trials);
        Barrier barrier(threads), alone(1);
        std::atomic<int> changed{0};
        int64_t ticks = 0;
        in_parallel(threads, [&](int thread) {
            const int64_t count = machine.trials;
            const int first = static_cast<int>(count * thread / threads), last = static_cast<int>(count * (thread + 1) / threads);
            auto team = team_of(first, last, 0, alone, settings);
            std::vector<Real> before;
            for (int64_t tick = 0; tick < settings.ticks; ++tick) {
                before.clear();
                for (auto& here : team) Network::copy_states(here, before);
                move(team);
                if (Network::differs(team, before)) changed.store(1);
                barrier.wait(thread);
                const bool still = !changed.load();
                if (thread == 0) ticks = tick + 1;
                barrier.wait(thread);
                if (still || tick + 1 == settings.ticks) break;
                if (thread == 0) changed.store(0);
                barrier.wait(thread);
            }
        }, [&] { barrier.abandon(); });
        stable = !changed.load();
        return ticks;
    }

    std::vector<Probe> tape;
    std::vector<Trial<Real, Weight>> trials;
    std::vector<uint8_t> keep;  // per population: 1 recorded, 2 sends through synapses
    int64_t done = 0;           // ticks of the run
};

}  // namespace neurosim

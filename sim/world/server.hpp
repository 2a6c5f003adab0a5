// The process under test: store on the faulty disk, writer, head-end, outbox dispatcher. It dies,
// and comes back from what the disk kept, through checkpoint and replay.
#pragma once

#include "headend/switchboard.hpp"
#include "sim/checker/audit.hpp"
#include "sim/checker/checker.hpp"
#include "sim/disk/disk.hpp"
#include "sim/world/core.hpp"
#include "sim/world/dispatcher.hpp"
#include "sim/world/field.hpp"
#include "sim/world/recorder.hpp"
#include "sim/world/seams.hpp"
#include "sim/world/till.hpp"
#include "store/point_history.hpp"
#include "store/sqlite_store.hpp"
#include "writer/writer.hpp"

#include <memory>

namespace mb::sim::world {

class Server final : public headend::EventSink {
public:
    Server(Core& core, const Seams& seams, Field& field, Till& till, checker::Checker& checker);
    ~Server() override;

    /// The first start, and the set-up. No faults yet.
    void install();
    [[nodiscard]] bool up() const { return writer_ != nullptr; }
    /// What it had in memory is gone; it starts again after a while.
    void died();

    /// As an API call: `done` gets the outcome, unless the process dies first. False: not
    /// reachable.
    bool submit(engine::Event event, writer::Done done);
    [[nodiscard]] const engine::Engine* engine() const;
    /// From the head-end.
    bool submit(ProjectId project, engine::Event&& event) override;

    // ---- faults ----
    disk::Disk& disk() { return disk_; }
    Recorder& recorder() { return recorder_; }

    void audit();
    [[nodiscard]] std::string hash();
    checker::Journal& journal() { return journal_; }
    [[nodiscard]] std::int64_t deaths() const { return deaths_; }
    [[nodiscard]] const writer::WriterCounters& writer_counters() const {
        return writer_->counters();
    }
    /// No more faults of disk and process.
    void settle();
    /// A clean stop with its checkpoint, and the next start.
    void restart_cleanly();

private:
    Result<engine::Event> rerate(const engine::OutboxRow& row);
    bool delayed(const engine::Event& event);
    void start();
    bool open();
    void connect_parts();
    void configure_board();
    void close();
    void plan_batch(Duration wait);
    void run_batch();
    void plan_board();
    void plan_upkeep();
    void upkeep();
    void committed(const engine::Effects& effects);
    void payment_fact(const payment::Channel& channel, const payment::PaymentFact& fact,
                      std::string headers, std::string body, std::function<void(int)> answer);
    template <class Action>
    void planned(Instant at, Action action);

    class Witness;

    Core& core_;
    const Seams& seams_;
    Field& field_;
    Till& till_;
    checker::Checker& checker_;
    Random dice_;
    disk::Disk disk_;
    Recorder recorder_;
    checker::Journal journal_;
    std::int64_t deaths_ = 0;
    std::int64_t last_inbox_ = 0;
    Duration upkeep_every_;
    Duration reading_window_;  // how long a batch of readings stays open
    // One life:
    std::shared_ptr<int> life_;  // planned actions of a life that has ended do nothing
    std::unique_ptr<store::SqliteStore> store_;
    std::unique_ptr<RecordingStore> recording_;
    std::unique_ptr<writer::Store> canary_;
    std::unique_ptr<Witness> witness_;
    std::unique_ptr<writer::Writer> writer_;
    std::unique_ptr<Dispatcher> dispatcher_;
    std::unique_ptr<headend::Switchboard> board_;
    Instant batch_at_;
    Instant board_at_;
};

}  // namespace mb::sim::world

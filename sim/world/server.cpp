#include "sim/world/server.hpp"

#include "base/check.hpp"
#include "engine/state.hpp"

#include <algorithm>
#include <limits>

namespace mb::sim::world {

namespace {

constexpr Duration urgent_window = Duration::milliseconds(5);

writer::WriterOptions writer_options() {
    writer::WriterOptions out;
    out.checkpoint_slice_bytes = 24 * 1024;
    out.flush_rows_max = 60;
    return out;
}

headend::HeadendSettings board_settings() {
    headend::HeadendSettings out;
    out.poll.spread = Duration::seconds(20);  // rounds share batches
    return out;
}

/// Nothing in it wants to overtake readings: a plain status poll, a link that came or went.
bool can_wait(const engine::Event& event) {
    const auto* status = std::get_if<engine::StatusRead>(&event);
    return (status != nullptr && !status->command) || !engine::is_urgent(event);
}

}  // namespace

/// Between writer and canaries: what the writer was told is committed.
class Server::Witness final : public PassingStore {
public:
    Witness(writer::Store& below, checker::Journal& journal)
        : PassingStore(below), journal_(journal) {}
    void commit(const std::vector<writer::ProjectBatch>& batches,
                const std::vector<writer::InboxRow>& inbox,
                const std::vector<writer::ParkedEvent>& parked) override {
        below_.commit(batches, inbox, parked);
        if (!batches.empty()) {
            journal_.last_seq = std::max(journal_.last_seq, batches.front().log.seq);
        }
    }

private:
    checker::Journal& journal_;
};

Server::Server(Core& core, const Seams& seams, Field& field, Till& till, checker::Checker& checker)
    : core_(core),
      seams_(seams),
      field_(field),
      till_(till),
      checker_(checker),
      dice_(core.random.split("server")),
      disk_(core.random.split("disk")),
      recorder_(disk_, [this](const auto& log, const auto& rows,
                              const auto& outcomes) { checker_.committed(log, rows, outcomes); }),
      upkeep_every_(Duration::minutes(dice_.range(3, 12))),
      reading_window_(Duration::milliseconds(dice_.range(4'000, 25'000))) {
    disk_.tear(core.on(Fault::torn_write));
    field_.connect({[this](headend::LinkId link, const std::string& profile) {
                        const bool taken =
                            board_->opened(link, profile, "field", core_.engine_now());
                        plan_board();
                        return taken;
                    },
                    [this](headend::LinkId link, const Bytes& bytes) {
                        board_->bytes(link, bytes, core_.engine_now());
                        plan_board();
                    },
                    [this](headend::LinkId link) {
                        board_->closed(link, core_.engine_now());
                        plan_board();
                    },
                    [this] { return up(); }});
    till_.connect({[this] { return up(); },
                   [this](const auto& channel, const auto& fact, std::string headers,
                          std::string body, std::function<void(int)> answer) {
                       payment_fact(channel, fact, std::move(headers), std::move(body),
                                    std::move(answer));
                   }});
}

Server::~Server() = default;

template <class Action>
void Server::planned(Instant at, Action action) {
    core_.schedule.at(at, [action = std::move(action), life = std::weak_ptr<int>(life_)] {
        if (!life.expired()) {
            action();
        }
    });
}

// ---- start and end
// -------------------------------------------------------------------------------

void Server::install() {
    CHECK(open());
    for (engine::Event event : core_.plant.events) {
        if (seams_.set_up) {
            seams_.set_up(event);
        }
        const bool taken = writer_->submit(
            {core_.project, std::move(event), {}, [](const engine::EventOutcome& outcome) {
                 CHECK_MSG(!outcome.refused, outcome.error.text());
             }});
        CHECK(taken);
    }
    writer_->run_batch(core_.engine_now());
    writer_->checkpoint(core_.project, core_.now());
    configure_board();
}

bool Server::open() {
    life_ = std::make_shared<int>(0);
    try {
        store::SqliteStoreOptions options;
        options.folder = "/sim";
        options.wall_now = core_.now();
        options.holder = "sim";
        options.vfs = disk_.vfs();
        options.exclusive = true;
        options.lock = false;
        auto opened = store::SqliteStore::open(options);
        CHECK_MSG(opened.has_value(), opened ? "" : opened.error().text());
        store_ = std::move(*opened);
        recorder_.opened(store_->writer_store(), core_.project);
        connect_parts();
        writer_->load();
    } catch (const writer::StoreUnavailable&) {
        close();
        return false;
    } catch (const ProcessDied&) {
        close();
        return false;
    } catch (const std::runtime_error& broken) {
        // Corrupt, or a replay that differs: what was acknowledged cannot be read back.
        throw checker::InvariantBroken{checker::Invariant::i8_acknowledged_survives, broken.what()};
    }
    return true;
}

void Server::connect_parts() {
    recording_ = std::make_unique<RecordingStore>(store_->writer_store(), recorder_);
    writer::Store* top = recording_.get();
    if (seams_.store) {
        canary_ = seams_.store(*top);
        top = canary_.get();
    }
    witness_ = std::make_unique<Witness>(*top, journal_);
    writer_ = std::make_unique<writer::Writer>(
        *witness_, writer_options(),
        [this](ProjectId, const engine::Now&, const engine::Effects& effects) {
            committed(effects);
        });
    dispatcher_ = std::make_unique<Dispatcher>(
        core_, DispatcherPorts{
                   [this](const engine::OutboxRow& row, bool redelivered) {
                       board_->submit(core_.project, row, redelivered, core_.engine_now());
                       plan_board();
                   },
                   [this](CommandId command) {
                       planned(core_.now(), [this, command] {
                           board_->supersede(core_.project, command, core_.engine_now());
                           plan_board();
                       });
                   },
                   [this](const engine::OutboxRow& row) {
                       return row.kind == engine::TaskKind::rerate ? rerate(row) : till_.run(row);
                   },
                   [this](engine::Event event, std::function<void(bool)> done) {
                       submit(std::move(event),
                              [done = std::move(done)](const engine::EventOutcome& outcome) {
                                  done(!(outcome.refused && outcome.error.retryable));
                              });
                   }});
    board_ = std::make_unique<headend::Switchboard>(
        board_settings(), headend::LinkProfiles::built_in(), field_, *this);
}

void Server::configure_board() {
    headend::ProjectMeters meters;
    meters.zone = engine()->state().config.zone;
    engine()->state().meters.each(
        [&](MeterId, const engine::MeterState& meter) { meters.meters.push_back(meter.config); });
    board_->configure(core_.project, meters, core_.engine_now());
    plan_board();
    plan_batch(reading_window_);
    plan_upkeep();
}

void Server::close() {
    life_.reset();
    board_.reset();
    dispatcher_.reset();
    writer_.reset();
    witness_.reset();
    canary_.reset();
    recording_.reset();
    store_.reset();
    batch_at_ = {};
    board_at_ = {};
}

void Server::died() {
    ++deaths_;
    if (disk_.death() == disk::Death::none) {
        // After a failed fsync nobody knows what the disk holds.
        disk_.die(up() ? disk::Death::power_lost : disk::Death::killed);
    }
    close();
    field_.server_gone();
    disk_.revive();
    core_.schedule.after(Duration::milliseconds(dice_.range(500, 90'000)), [this] { start(); });
}

void Server::start() {
    if (!open()) {
        died();
        return;
    }
    checker::audit_journal(checker_.tally(), store_->database(), store_->writer_store(),
                           core_.project, journal_);
    dispatcher_->redeliver(store_->writer_store().outbox(core_.project));
    configure_board();
}

void Server::settle() {
    disk_.calm();
    recorder_.calm();
}

void Server::restart_cleanly() {
    writer_->stop(core_.now());
    close();
    field_.server_gone();
    disk_.revive();
    start();
}

// ---- work
// ----------------------------------------------------------------------------------------

const engine::Engine* Server::engine() const {
    return writer_ ? writer_->engine(core_.project) : nullptr;
}

/// What the server's desk does (app/rerate_desk.cpp).
Result<engine::Event> Server::rerate(const engine::OutboxRow& row) {
    const auto point = engine::rerated_point(row);
    const engine::Engine* engine = writer_ ? writer_->engine(core_.project) : nullptr;
    if (!point || engine == nullptr) {
        return fail("store.unavailable", ErrorKind::unavailable);
    }
    try {
        auto rated =
            store::rerate_point(store_->database(), core_.project, engine->snapshot(*point));
        if (rated) {
            return engine::Event(std::move(*rated));
        }
        return engine::Event(
            engine::RerateFailed{*point, row.id, rated.error().code, rated.error().text()});
    } catch (const writer::StoreUnavailable& why) {
        return fail(error("store.unavailable", ErrorKind::unavailable).with("what", why.what()));
    }
}

/// A gateway that sends a reading again, or keeps it for hours.
bool Server::delayed(const engine::Event& event) {
    if (!std::holds_alternative<engine::ReadingTaken>(event)) {
        return false;
    }
    const auto again = [this, event] {
        if (up()) {
            writer_->submit({core_.project, event, {}, {}});
            plan_batch(reading_window_);
        }
    };
    if (core_.strikes(Fault::reading_late, dice_, 1'500)) {
        core_.schedule.after(Duration::minutes(dice_.range(20, 180)), again);
        return true;
    }
    if (core_.strikes(Fault::reading_repeated, dice_, 3'000)) {
        core_.schedule.after(Duration::seconds(dice_.range(1, 95'000)), again);
    }
    return false;
}

bool Server::submit(ProjectId project, engine::Event&& event) {
    if (delayed(event)) {
        return true;
    }
    std::vector<engine::Event> more;
    engine::Event changed = std::move(event);
    if (seams_.event) {
        seams_.event(changed, more);
    }
    const Duration window = can_wait(changed) ? reading_window_ : urgent_window;
    writer_->submit({project, std::move(changed), {}, {}});
    for (engine::Event& added : more) {
        writer_->submit({project, std::move(added), {}, {}});
    }
    plan_batch(window);
    return true;
}

bool Server::submit(engine::Event event, writer::Done done) {
    if (!up()) {
        return false;
    }
    const bool waits = can_wait(event);
    writer_->submit({core_.project, std::move(event), {}, std::move(done)});
    plan_batch(waits ? reading_window_ : urgent_window);
    return true;
}

void Server::payment_fact(const payment::Channel& channel, const payment::PaymentFact& fact,
                          std::string headers, std::string body, std::function<void(int)> answer) {
    const InboxId id{++last_inbox_};
    engine::Event event = payment::event_of(channel, fact, id);
    std::vector<engine::Event> more;
    if (seams_.event) {
        seams_.event(event, more);
    }
    writer::InboxRow row{core_.project,  id,          channel.name(),
                         fact.event_id,  core_.now(), std::move(headers),
                         std::move(body)};
    writer_->submit({core_.project, std::move(event),
                     std::make_unique<writer::InboxRow>(std::move(row)),
                     [answer = std::move(answer)](const engine::EventOutcome& outcome) {
                         answer(outcome.refused ? 503 : 200);
                     }});
    for (engine::Event& added : more) {
        writer_->submit({core_.project, std::move(added), {}, {}});
    }
    plan_batch(urgent_window);
}

void Server::plan_batch(Duration wait) {
    const Instant at = core_.now() + wait;
    if (batch_at_ && batch_at_ <= at) {
        return;
    }
    batch_at_ = at;
    planned(at, [this, at] {
        if (batch_at_ == at) {
            run_batch();
        }
    });
}

void Server::run_batch() {
    batch_at_ = {};
    do {
        writer_->run_batch(core_.engine_now());
    } while (writer_->queued() > 0);
    const Instant due = writer_->next_due();
    if (writer_->counters().down || writer_->counters().disk_full) {
        plan_batch(Duration::seconds(10));  // what is due stays due
    } else if (due) {
        plan_batch(std::max(due - core_.now(), urgent_window));
    }
}

void Server::committed(const engine::Effects& effects) { dispatcher_->committed(effects.rows()); }

void Server::plan_board() {
    const Instant at = std::max(board_->next_timer(), core_.now());
    if (at == Instant{std::numeric_limits<std::int64_t>::max()} || (board_at_ && board_at_ <= at)) {
        return;
    }
    board_at_ = at;
    planned(at, [this, at] {
        if (board_at_ == at) {
            board_at_ = {};
            board_->timer(core_.engine_now());
            plan_board();
        }
    });
}

void Server::plan_upkeep() {
    planned(core_.now() + upkeep_every_, [this] { upkeep(); });
}

void Server::upkeep() {
    plan_upkeep();
    try {
        writer_->flush_slice();
        writer_->checkpoint_slice(core_.now());
    } catch (const writer::StoreUnavailable& why) {
        if (why.must_stop) {
            throw;
        }
    }
}

// ---- judged
// --------------------------------------------------------------------------------------

void Server::audit() {
    checker::audit(checker_,
                   {store_->database(), store_->writer_store(), *engine(), core_.project,
                    dispatcher_->open(), core_.now()},
                   journal_);
}

std::string Server::hash() {
    writer_->flush_all();
    return checker::content_hash(store_->database(), *engine());
}

}  // namespace mb::sim::world

// tests/fixtures/checkpoint keeps one image of every engine version, and what was in it: each must
// stay readable for ever, or nobody could upgrade from that version. A new version adds its own
// with METERBOOK_RECORD_CHECKPOINT=1 (docs/development.md); a kept one never changes.
#include "engine/engine.hpp"
#include "engine/state.hpp"
#include "writer/replay.hpp"
#include "writer/test_engine_log.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace mb::writer {
namespace {

using namespace engine;
using namespace testing;

struct Kept {
    std::string file;
    int version = 0;
    Bytes image;
    std::vector<std::string> facts;
};

std::filesystem::path folder() { return test::source_dir() / "tests/fixtures/checkpoint"; }

/// Of a state, in words that hold in every version. A later version may add to them.
std::set<std::string> facts_of(const Engine& engine) {
    const State& state = engine.state();
    std::set<std::string> out;
    const auto add = [&](std::string line) { out.insert(std::move(line)); };
    add(fmt::format("project {} {}", state.config.name, state.config.zone));
    add(fmt::format("closed to {}", state.closed_to.text()));
    for (const auto& version : state.tariffs.all()) {
        add(fmt::format("tariff {} {} from {}", version->document.code, version->document.version,
                        version->document.effective_from.text()));
    }
    state.accounts.each([&](AccountId id, const AccountState& account) {
        add(fmt::format("account {} ledger {} pending {} level {} spent {}", id.value,
                        account.ledger.text(), account.pending.text(),
                        enum_text(account.credit.level), account.spent.text()));
    });
    state.agreements.each([&](AgreementId id, const AgreementState& agreement) {
        for (const auto& line : agreement.accrual.lines) {
            add(fmt::format("agreement {} line {} {} {} = {} posted {}", id.value, line.id,
                            enum_text(line.key.item), line.quantity.text(), line.exact.text(),
                            line.posted.text()));
        }
    });
    state.meters.each([&](MeterId id, const MeterState& meter) {
        std::size_t readings = 0;
        for (const OpenDay& day : meter.days) {
            readings += day.block.size();
        }
        add(fmt::format("meter {} at {} total {} of {} registers, {} readings of open days, {}",
                        id.value, utc_text(meter.last_at), meter.last.total().text(),
                        meter.last.count, readings, meter.config.link.address));
    });
    state.service_points.each([&](ServicePointId id, const ServicePointState& sp) {
        std::string reasons;
        for (const auto reason : sp.relay.reasons.list()) {
            reasons += std::string(" ") + std::string(enum_text(reason));
        }
        add(fmt::format("service point {} {} {} held by:{}", id.value, sp.config.room,
                        enum_text(sp.relay.position), reasons));
    });
    for (const auto& [no, order] : state.orders) {
        add(fmt::format("order {} {} {} {}", no, order.row.amount.text(),
                        enum_text(order.row.state), order.row.transaction));
    }
    for (const auto& [key, request] : state.requests) {
        add(fmt::format("request {} {} {}", key, request.ref, request.fingerprint));
    }
    for (const auto& [key, at] : state.timers) {
        add(fmt::format("timer {} {} {} {}", enum_text(key.kind), key.id, key.name, utc_text(at)));
    }
    for (const auto& [transaction, at] : state.payments) {
        add(fmt::format("payment {} {}", transaction, utc_text(at)));
    }
    for (const std::string& address : state.addresses) {
        add("address " + address);
    }
    add(fmt::format("counters {} {} {} {} {}", state.counters.posting, state.counters.command,
                    state.counters.notice, state.counters.outbox, state.counters.timeline));
    return out;
}

/// The state behind the recorded event log.
Engine site() {
    Engine engine(ProjectId{1});
    Effects effects;
    for (const LogRow& row : load_engine_log(engine_log_path()).rows) {
        effects.clear();
        engine.apply(decode_events(row), row.now, effects);
    }
    return engine;
}

void record() {
    const Engine engine = site();
    std::filesystem::create_directories(folder());
    std::ofstream out(folder() / fmt::format("engine-{}.txt", engine_version));
    out << "# The image of a checkpoint and what is in it; see docs/development.md.\n"
        << "version " << engine_version << "\n";
    for (const std::string& fact : facts_of(engine)) {
        out << "fact " << fact << "\n";
    }
    out << "image " << hex(engine.image()) << "\n";
}

Kept load(const std::filesystem::path& path) {
    Kept out;
    out.file = path.filename().string();
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        const std::size_t blank = line.find(' ');
        const std::string kind = line.substr(0, blank);
        const std::string rest = line.substr(blank + 1);
        if (kind == "version") {
            out.version = std::stoi(rest);
        } else if (kind == "fact") {
            out.facts.push_back(rest);
        } else if (kind == "image") {
            out.image = parse_hex(rest).value();
        }
    }
    return out;
}

class CheckpointFixture : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (std::getenv("METERBOOK_RECORD_CHECKPOINT") != nullptr) {
            record();
        }
    }
    void SetUp() override {
        for (const auto& file : std::filesystem::directory_iterator(folder())) {
            kept_.push_back(load(file.path()));
        }
    }
    std::vector<Kept> kept_;
};

TEST_F(CheckpointFixture, EveryKeptCheckpointIsReadWithAllThatWasInIt) {
    ASSERT_FALSE(kept_.empty());
    for (const Kept& kept : kept_) {
        auto engine = Engine::from_image(ProjectId{1}, kept.image, true, kept.version);
        ASSERT_TRUE(engine) << kept.file << ": " << engine.error().text();
        const auto found = facts_of(*engine);
        EXPECT_GT(kept.facts.size(), 20U) << kept.file;
        for (const std::string& fact : kept.facts) {
            EXPECT_EQ(found.count(fact), 1U) << kept.file << ": " << fact;
        }
        // And it goes on from there: days close, timers run.
        Effects effects;
        const Instant due = engine->next_due();
        ASSERT_TRUE(due);
        engine->apply(std::vector<Event>{Tick{}}, {due, due, 1}, effects);
        EXPECT_NE(engine->next_due(), due);
    }
}

TEST_F(CheckpointFixture, ThisVersionHasOneInTheShapeThatItWrites) {
    const auto own = std::find_if(kept_.begin(), kept_.end(),
                                  [](const Kept& kept) { return kept.version == engine_version; });
    const std::string advice =
        "\nThe state has other members than when the checkpoint of this version was kept. Raise "
        "engine_version in src/engine/version.hpp, then keep one of the new version:\n"
        "  METERBOOK_RECORD_CHECKPOINT=1 writer_test --gtest_filter='CheckpointFixture.*'";
    ASSERT_NE(own, kept_.end()) << advice;
    EXPECT_TRUE(Engine::writes_like(own->image)) << advice;
    EXPECT_EQ(site().image(), own->image) << advice;
}

}  // namespace
}  // namespace mb::writer

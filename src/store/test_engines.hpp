// Cases that run the same on every engine: a parameter, a place of the case's own, and the store
// opened there as often as wanted.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "store/open_store.hpp"
#include "store/postgres/test_cluster.hpp"
#include "store/postgres_store.hpp"
#include "store/sqlite_store.hpp"
#include "store/test_folder.hpp"
#include "store/test_scene.hpp"

namespace mb::store::test {

enum class Engine : unsigned char { sqlite, postgres };

inline void PrintTo(Engine engine, std::ostream* out) {
    *out << (engine == Engine::sqlite ? "sqlite" : "postgres");
}

class Place {
public:
    explicit Place(Engine engine) : engine_(engine) {
        if (engine == Engine::postgres) {
            schema_ = postgres::test::TestCluster::get().new_schema();
        }
    }
    [[nodiscard]] Engine engine() const { return engine_; }
    [[nodiscard]] std::unique_ptr<OpenStore> open() const {
        if (engine_ == Engine::sqlite) {
            return open_store(folder_.path().string());
        }
        return PostgresStore::open(postgres_options()).value();
    }
    [[nodiscard]] PostgresStoreOptions postgres_options() const {
        PostgresStoreOptions options;
        options.conninfo = postgres::test::TestCluster::get().conninfo();
        options.schema = schema_;
        options.wall_now = morning;
        options.holder = "test";
        return options;
    }
    /// An SQL text that differs between the engines.
    [[nodiscard]] std::string either(const std::string& sqlite, const std::string& postgres) const {
        return engine_ == Engine::sqlite ? sqlite : postgres;
    }

private:
    Engine engine_;
    TestFolder folder_;
    std::string schema_;
};

/// A fixture's base: the store of a place of its own, opened.
class EngineTest : public testing::TestWithParam<Engine> {
protected:
    writer::Store& store() { return opened_->writer_store(); }
    Database& database() { return opened_->database(); }
    void reopen() {
        opened_.reset();
        opened_ = place_.open();
    }

    Place place_{GetParam()};
    std::unique_ptr<OpenStore> opened_ = place_.open();
};

}  // namespace mb::store::test

// NOLINTNEXTLINE: gtest's macro defines names.
#define MB_ON_EVERY_ENGINE(Suite)                                                            \
    INSTANTIATE_TEST_SUITE_P(                                                                \
        Engines, Suite,                                                                      \
        testing::Values(mb::store::test::Engine::sqlite, mb::store::test::Engine::postgres), \
        [](const auto& one) {                                                                \
            return one.param == mb::store::test::Engine::sqlite ? "sqlite" : "postgres";     \
        })

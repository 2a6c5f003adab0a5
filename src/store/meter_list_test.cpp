// Pages of the kept lists are those of a plain look through the tables, whatever is written, also
// when a write breaks; and a page reads nothing but the rows it shows.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <random>
#include <set>
#include <thread>
#include <tuple>

#include "store/read.hpp"
#include "store/statements/read.hpp"
#include "store/test_engines.hpp"
#include "store/test_failing.hpp"

namespace mb::store {

namespace {

using namespace test;
using rules::relay::Position;

constexpr std::int64_t meters_max = 40;

/// Changes nobody foresaw: rooms and tenants new and renamed, meters hung, moved and taken down,
/// states.
class Life {
public:
    explicit Life(unsigned seed) : chance_(seed) {}

    std::vector<engine::Row> rows() {
        std::vector<engine::Row> out;
        for (int i = below(4); i >= 0; --i) {
            add(out, below(5));
        }
        return out;
    }
    writer::Flush flush() {
        writer::Flush out;
        out.project = campus;
        for (const std::int64_t id : hung_) {
            if (below(2) == 0) {
                out.meters.push_back(view(id));
            }
        }
        return out;
    }
    MeterFilter filter() {
        static const std::vector<std::string> texts = {"",   "",  "",     "0",   "1",   "12",
                                                       "号", "b", "张三", "b 1", "1 2", "%"};
        MeterFilter out;
        out.text = texts[static_cast<std::size_t>(below(12))];
        out.building = below(4) == 0 ? building() : "";
        out.in_arrears = maybe();
        out.online = maybe();
        if (below(4) == 0) {
            out.relay = Position(below(3));
        }
        out.sort = MeterSort(below(5));
        out.descending = below(2) == 0;
        out.page = 1 + below(4);
        out.page_size = 1 + below(12);
        return out;
    }

private:
    int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(chance_); }
    std::optional<bool> maybe() {
        const int drawn = below(6);
        return drawn < 2 ? std::optional(drawn == 0) : std::nullopt;
    }
    std::string building() { return std::vector<std::string>{"A", "B", "12号楼"}[below(3) % 3U]; }
    std::string name() {
        return std::vector<std::string>{"张三", "张三丰", "Bob", "李1"}[below(4) % 4U];
    }
    engine::ServicePoint point(std::int64_t id) {
        engine::ServicePoint out = service_point(id);
        out.building = building();
        out.floor = std::to_string(1 + below(2));
        out.room = std::to_string(100 + below(30));
        return out;
    }
    engine::MeterViewRow view(std::int64_t id) {
        engine::MeterViewRow out = meter_view(1);
        out.meter = MeterId{id};
        out.service_point = ServicePointId{id};
        out.account = AccountId{tenants_.empty() ? 0 : *tenants_.begin()};
        if (below(2) == 0) {
            out.account = AccountId{};
        }
        out.balance = Money{below(20) - 10};
        out.in_arrears = below(3) == 0;
        out.online = below(3) != 0;
        out.last_contact_at = step(below(9)).at;
        out.power_dw = below(2) == 0 ? std::optional<std::int64_t>(below(9)) : std::nullopt;
        return out;
    }
    void add(std::vector<engine::Row>& out, int what) {
        const std::int64_t id = 3 + below(meters_max);
        if (what == 0 || !hung_.contains(id)) {
            engine::Meter row = meter(id);
            row.link.address = std::to_string(100 + below(900));
            out.emplace_back(point(id));
            out.emplace_back(row);
            hung_.insert(id);
        } else if (what == 1) {
            engine::Meter row = meter(id);
            row.to = morning;
            out.emplace_back(row);
        } else if (what == 2) {
            out.emplace_back(engine::Account{AccountId{id}, name(), "138"});
            tenants_.insert(id);
        } else if (what == 3) {
            engine::RelayRow row = relay(id);
            row.position = Position(below(3));
            out.emplace_back(row);
        } else {
            out.emplace_back(point(id));
        }
    }

    std::minstd_rand chance_;
    std::set<std::int64_t> hung_;
    std::set<std::int64_t> tenants_;
};

std::string in_lower_case(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    return text;
}

bool has(const std::string& text, const std::string& part) {
    return in_lower_case(text).find(part) != std::string::npos;
}

void add_to(MeterCounts& counts, const MeterItem& item) {
    ++counts.meters;
    counts.online += item.view.online ? 1 : 0;
    counts.in_arrears += item.view.in_arrears ? 1 : 0;
    counts.relay_closed += item.relay.position == Position::closed ? 1 : 0;
    counts.relay_open += item.relay.position == Position::open ? 1 : 0;
}

bool shown_before(const MeterItem& a, const MeterItem& b, MeterSort sort) {
    const auto place = [](const MeterItem& one) {
        return std::tie(one.place.building, one.place.floor, one.place.room, one.place.id,
                        one.meter.id);
    };
    const auto code = [](const MeterItem& one) {
        return std::tie(one.meter.link.address, one.meter.id);
    };
    return sort == MeterSort::place ? place(a) < place(b) : code(a) < code(b);
}

std::int64_t number(const MeterItem& one, MeterSort sort) {
    return sort == MeterSort::balance        ? one.view.balance.fen
           : sort == MeterSort::last_contact ? one.view.last_contact_at.us
                                             : one.view.power_dw.value_or(0);
}

class MeterLists : public EngineTest {
protected:
    MeterLists() { log_ = write_scene(store()); }

    void commit(writer::Store& to, const std::vector<engine::Row>& rows) {
        const engine::Effects effects = effects_of(rows);
        to.commit({{log_.next(campus, effects, morning), &effects}}, {}, {});
    }
    /// Looks at every meter in place, with no list at all.
    MeterListPage plain(const MeterFilter& filter) {
        const Reader reader(database());
        MeterListPage out;
        std::vector<MeterItem> items;
        const std::string text = in_lower_case(filter.text);
        for (const auto& [id, point] : reader.meters_in_place(campus)) {
            MeterItem item = reader.meter(campus, id, morning).value();
            add_to(out.counts, item);
            const engine::ServicePoint& at = item.place;
            const std::string place = at.building + " " + at.floor + " " + at.room;
            if ((!filter.building.empty() && at.building != filter.building) ||
                !(has(item.meter.link.address, text) || has(place, text) ||
                  has(item.account.name, text))) {
                continue;
            }
            add_to(out.listed, item);
            if (item.view.in_arrears == filter.in_arrears.value_or(item.view.in_arrears) &&
                item.view.online == filter.online.value_or(item.view.online) &&
                item.relay.position == filter.relay.value_or(item.relay.position)) {
                items.push_back(std::move(item));
            }
        }
        sort(items, filter);
        out.total = std::ssize(items);
        for (std::int64_t i = (filter.page - 1) * filter.page_size;
             i < std::min<std::int64_t>(filter.page * filter.page_size, out.total); ++i) {
            out.ids.push_back(items[static_cast<std::size_t>(i)].meter.id);
        }
        return out;
    }
    static void sort(std::vector<MeterItem>& items, const MeterFilter& filter) {
        const MeterSort by = filter.sort;
        std::ranges::stable_sort(items, [&](const MeterItem& a, const MeterItem& b) {
            if (by == MeterSort::place || by == MeterSort::code) {
                return filter.descending ? shown_before(b, a, by) : shown_before(a, b, by);
            }
            return filter.descending ? number(a, by) > number(b, by)
                                     : number(a, by) < number(b, by);
        });
    }
    MeterListPage kept(store::MeterLists& lists, const MeterFilter& filter) {
        const std::int64_t era = lists.era();
        const Lease session = database().read();
        return lists.page(campus, filter, *session, era);
    }

    Log log_;
};

MB_ON_EVERY_ENGINE(MeterLists);

TEST_P(MeterLists, pages_are_those_of_a_plain_look) {
    const unsigned seed = std::random_device{}();
    Life life(seed);
    std::int64_t found = 0;
    for (int round = 0; round < 150; ++round) {
        commit(store(), life.rows());
        store().flush(life.flush());
        for (int i = 0; i < 3; ++i) {
            const MeterFilter filter = life.filter();
            const MeterListPage page = kept(opened_->lists(), filter);
            found += page.total;
            ASSERT_EQ(plain(filter), page) << "seed " << seed << ", round " << round << ", text '"
                                           << filter.text << "', sort " << enum_text(filter.sort);
        }
    }
    EXPECT_GT(found, 150) << "the filters let something through";
}

TEST_P(MeterLists, a_write_that_broke_leaves_no_list_behind) {
    using When = FailingDatabase::When;
    Life life(1);
    const MeterFilter all{.page_size = 500};
    int broken = 0;
    for (const When when : {When::before, When::behind}) {
        for (int call = 1; call <= 12; ++call) {
            FailingDatabase failing(database());
            SqlStore attempt(failing);
            (void)kept(attempt.lists(), all);
            const Log before = log_;
            failing.arm(call, when);
            try {
                commit(attempt, {service_point(1000 + broken), meter(1000 + broken)});
                attempt.flush(life.flush());
            } catch (const writer::StoreUnavailable&) {
                ++broken;
            }
            failing.disarm();
            const auto seq = static_cast<std::int64_t>(SqlStore(database()).last_seq(campus));
            log_ = seq == log_.seq() ? log_ : before;  // as the writer learns what became of it
            ASSERT_EQ(plain(all), kept(attempt.lists(), all)) << "in doubt, call " << call;
            commit(attempt, {service_point(2000 + call), meter(2000 + call)});
            ASSERT_EQ(plain(all), kept(attempt.lists(), all)) << "after it, call " << call;
            commit(attempt, life.rows());
            ASSERT_EQ(plain(all), kept(attempt.lists(), all)) << "kept again, call " << call;
        }
    }
    EXPECT_GT(broken, 10);
}

/// A session of before the write broke must not become the list of afterwards.
TEST_P(MeterLists, a_moment_of_before_is_not_kept) {
    FailingDatabase failing(database());
    SqlStore attempt(failing);
    const MeterFilter all{.page_size = 500};
    const std::int64_t era = attempt.lists().era();
    const Lease old = database().read();
    Statement& begun = old->statement(sql::meter_list_meters);  // its snapshot
    begun.bind_integer(1, campus.value);
    ASSERT_TRUE(begun.next());
    const engine::Effects effects = effects_of({service_point(50), meter(50)});
    const writer::LogRow row = log_.next(campus, effects, morning);
    for (int call = 1; SqlStore(database()).last_seq(campus) < row.seq; ++call) {
        failing.arm(call, FailingDatabase::When::behind);
        EXPECT_THROW(attempt.commit({{row, &effects}}, {}, {}), writer::StoreUnavailable);
    }
    failing.disarm();
    commit(attempt, {service_point(51), meter(51)});
    EXPECT_EQ(2, attempt.lists().page(campus, all, *old, era).total) << "as that session sees it";
    EXPECT_EQ(4, kept(attempt.lists(), all).total);
}

TEST_P(MeterLists, readers_beside_the_writer) {
    Life life(2);
    commit(store(), life.rows());
    std::atomic<bool> done{false};
    std::atomic<std::int64_t> pages{0};
    const auto read = [&] {
        const MeterFilter busiest{.online = true, .sort = MeterSort::balance, .page_size = 5};
        while (!done) {
            const MeterPage page =
                Reader(database(), opened_->lists()).meters(campus, busiest, morning);
            pages += page.total >= 0 ? 1 : 0;
        }
    };
    std::thread one(read);
    std::thread other(read);
    for (int round = 0; round < 60 || pages < 20; ++round) {
        commit(store(), life.rows());
        store().flush(life.flush());
    }
    done = true;
    one.join();
    other.join();
    const MeterFilter all{.page_size = 500};
    EXPECT_EQ(plain(all), kept(opened_->lists(), all));
}

/// Notes which statements are asked for.
class Noting final : public Database, private Lease::Lender {
public:
    explicit Noting(Database& inner) : inner_(inner) {}
    Lease read() override {
        sessions_.push_back(std::make_unique<Session>(*this, inner_.read()));
        return {*this, *sessions_.back()};
    }
    Lease write() override { return inner_.write(); }
    [[nodiscard]] const Dialect& dialect() const override { return inner_.dialect(); }

    std::set<std::string> texts;

private:
    class Session final : public store::Session {
    public:
        Session(Noting& owner, Lease inner) : owner_(owner), inner_(std::move(inner)) {}
        Statement& statement(const Sql& sql) override {
            owner_.texts.insert(sql.text);
            return inner_->statement(sql);
        }
        void script(std::string_view text) override { inner_->script(text); }
        void begin(Durability durability) override { inner_->begin(durability); }
        void commit() override { inner_->commit(); }
        void rollback() noexcept override { inner_->rollback(); }
        std::vector<std::string> self_check() override { return inner_->self_check(); }

    private:
        Noting& owner_;
        Lease inner_;
    };
    void give_back(store::Session& session) noexcept override {
        std::erase_if(sessions_, [&](const auto& one) { return one.get() == &session; });
    }

    Database& inner_;
    std::vector<std::unique_ptr<Session>> sessions_;
};

class MeterListPlans : public testing::Test {
protected:
    MeterListPlans() { write_scene(opened_->writer_store()); }

    std::set<std::string> statements_of(const std::function<void(const Reader&)>& ask) {
        Noting noting(opened_->database());
        ask(Reader(noting, opened_->lists()));
        return noting.texts;
    }
    /// Each step of the engine's plan, a line.
    std::vector<std::string> plan(const std::string& text) {
        const std::string question = "EXPLAIN QUERY PLAN " + text;
        const Sql sql{question.c_str()};
        sqlite::SqliteDatabase own({.path = sqlite_path(folder_.path().string())});
        const Lease session = own.write();
        std::vector<std::string> out;
        Statement& row = session->statement(sql);
        while (row.next()) {
            out.emplace_back(row.text(3));
        }
        return out;
    }
    /// By more of the key than the project, which may be all there is.
    static bool is_by_key(const std::string& step) {
        return step.starts_with("SEARCH ") && step.find("project_id=? AND ") != std::string::npos;
    }

    TestFolder folder_;
    std::unique_ptr<SqliteStore> opened_ = open_store(folder_.path().string());
};

TEST_F(MeterListPlans, a_page_reads_by_key) {
    const auto ask = [&](const Reader& reader) {
        Life life(3);
        for (int i = 0; i < 200; ++i) {
            (void)reader.meters(campus, life.filter(), morning);
        }
    };
    ask(Reader(opened_->database(), opened_->lists()));  // reads the list
    const auto texts = statements_of(ask);
    EXPECT_GE(texts.size(), 7U) << "meter, place, view, relay, account, agreement, tariff";
    for (const std::string& text : texts) {
        if (text == sql::project_one.text) {
            continue;  // the project itself: its id is the whole key
        }
        for (const std::string& step : plan(text)) {
            EXPECT_TRUE(is_by_key(step)) << step << " of" << text;
        }
    }
}

TEST_F(MeterListPlans, the_check_sees_a_look_through_a_table) {
    bool seen = false;
    for (const std::string& step : plan(sql::meter_list_states.text)) {
        seen = seen || !is_by_key(step);
    }
    EXPECT_TRUE(seen);
}

}  // namespace

}  // namespace mb::store

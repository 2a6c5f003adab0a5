// One libpq connection: what goes over it and in which order. Commands are queued in libpq's
// pipeline and their answers gathered by settle(); rows of one query come one by one. No call
// blocks inside libpq: a PostgreSQL that is silent for longer than the answer timeout is given up.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "store/postgres/errors.hpp"

namespace mb::store::postgres {

struct ConnectionOptions {
    std::string conninfo;     // see store_text.hpp
    std::string schema = {};  // "" = the role's own search path
    bool read_only = false;
    bool patient = false;  // waits for answers for ever: a backup, verify
};

/// Parameters of one execution, in binary form. The values are not copied.
struct Parameters {
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;

    void clear() {
        values.clear();
        lengths.clear();
        formats.clear();
    }
    /// NULL without data.
    void add(std::string_view value) {
        values.push_back(value.data());
        lengths.push_back(static_cast<int>(value.size()));
        formats.push_back(1);
    }
};

/// Rows that wait for more of their kind. Before anything else goes over the connection they are
/// sent, so that the order of commands holds.
class Waiting {
public:
    virtual ~Waiting() = default;
    virtual void send_waiting() = 0;
    virtual void drop_waiting() noexcept = 0;
};

class Wire {
public:
    /// What an answer is judged by.
    enum class Kind : std::uint8_t {
        statement,
        fence,   // refused: another server holds the lease
        commit,  // must not say ROLLBACK
    };
    /// A prepared statement's name on the server; cleared when the server may not know it.
    struct Name {
        std::string text;
        std::vector<Oid> types;
    };

    /// Throws StoreUnavailable.
    explicit Wire(const ConnectionOptions& options);
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    ~Wire();

    /// How long an answer may take.
    enum class Patience : std::uint8_t {
        usual,     // as the connection's options say
        for_ever,  // a migration
    };

    /// Several statements without parameters; what is queued goes first. The last one's result.
    ResultPtr execute(const char* text, Patience patience = Patience::usual);

    /// Sent at the latest with settle(); `doing` lives until then.
    void queue(const char* text, Kind kind = Kind::statement);
    void queue_prepare(Name& name, std::vector<Oid> types, const char* text);
    void queue_execution(const Name& name, const Parameters& parameters, const char* doing);
    /// Sends the rows of `waiting` before the next command.
    void wait(Waiting& waiting);
    void send_now() { before_command(); }
    /// The types of a statement's parameters as the server takes them. One round trip.
    std::vector<Oid> parameter_types(const Name& name, const char* doing);
    /// Gathers the answers to all that is queued; the rows that the last of it changed. Throws the
    /// first failure: what came behind it did not happen.
    std::int64_t settle();

    /// Runs a query whose rows follow one by one. The rows nobody has asked for when the next
    /// command needs the connection go into `kept`.
    void start_rows(const Name& name, const Parameters& parameters, const char* doing,
                    std::deque<ResultPtr>& kept);
    /// The next row of the query that keeps into `kept`, or nothing behind the last.
    ResultPtr next_row(std::deque<ResultPtr>& kept);
    /// Nobody wants the rest.
    void drop_rows(std::deque<ResultPtr>& kept) noexcept;

    /// Ends what is under way and rolls back an open transaction; never throws.
    void abandon() noexcept;
    /// False once the server has hung up, as far as is known without asking.
    [[nodiscard]] bool alive() noexcept;
    [[nodiscard]] bool broken() const { return broken_; }
    [[nodiscard]] bool in_transaction() const;
    [[nodiscard]] std::string parameter(const char* name) const;
    /// As an identifier in SQL.
    [[nodiscard]] std::string quoted(const std::string& name) const;

private:
    struct Queued {
        Kind kind = Kind::statement;
        const char* doing = "";
        Name* prepares = nullptr;
    };
    struct Failure {
        ResultPtr result;
        Queued command;
    };

    void configure(const ConnectionOptions& options);
    void before_command();
    void enter_pipeline();
    void sent(bool accepted, Queued command);
    void judge(ResultPtr result, const Queued& command);
    void end_flight();
    void drain();
    ResultPtr receive(const char* doing, Patience patience = Patience::usual);
    void wait_for_input(const char* doing, Patience patience);
    ResultPtr last_result(const char* doing, Patience patience = Patience::usual);
    [[noreturn]] void fail(const PGresult* result, const char* doing);
    [[noreturn]] void lost(const char* doing);
    void keep_rows();
    ResultPtr read_row();

    bool reads_;
    std::chrono::milliseconds answer_timeout_;  // 0: none
    PGconn* connection_ = nullptr;
    bool broken_ = false;
    std::int64_t names_ = 0;
    // The pipeline.
    std::deque<Queued> queued_;
    Waiting* waiting_ = nullptr;
    std::vector<Failure> failures_;
    std::int64_t changed_ = 0;
    // The query whose rows are coming.
    std::deque<ResultPtr>* rows_of_ = nullptr;
    const char* rows_doing_ = "";
};

}  // namespace mb::store::postgres

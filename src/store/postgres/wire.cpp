#include "store/postgres/wire.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/check.hpp"
#include "store/postgres/store_text.hpp"
#include "writer/store.hpp"

namespace mb::store::postgres {

namespace {

// So many commands are under way at most: bounds what libpq and the server hold back.
constexpr std::size_t pipeline_max = 512;

std::int64_t changed_rows(const PGresult* result) {
    return std::atoll(PQcmdTuples(const_cast<PGresult*>(result)));
}

bool failed(const PGresult* result) {
    const ExecStatusType status = PQresultStatus(result);
    return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

/// After these the connection is not worth keeping: it is shutting down, or it is not what we
/// think it is (a pooler that forgets prepared statements, a primary that became a standby).
bool ends_connection(const std::string& code) {
    return code.empty() || code.rfind("08", 0) == 0 || code.rfind("57P", 0) == 0 ||
           code.rfind("26", 0) == 0 || code == "25P03" || code == "25006" ||
           code.rfind("XX", 0) == 0;
}

PGconn* connect(const StoreText& text) {
    // What stands before dbname the operator's text may change; what stands behind it holds. Who
    // wants answers soon is not kept waiting for a connection; libpq knows nothing below 2 s.
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(text.answer_timeout);
    const std::string connect_s =
        seconds.count() == 0 ? "5"
                             : std::to_string(std::clamp<std::int64_t>(seconds.count(), 2, 5));
    const char* const keywords[] = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                    "keepalives_count", "tcp_user_timeout", "application_name",
                                    "dbname",           "client_encoding",  nullptr};
    const char* const values[] = {connect_s.c_str(),     "5",    "2",    "3", "10000", "meterbook",
                                  text.conninfo.c_str(), "UTF8", nullptr};
    return PQconnectdbParams(keywords, values, 1);
}

}  // namespace

Wire::Wire(const ConnectionOptions& options) : reads_(options.read_only) {
    const StoreText text = parse_store_text(options.conninfo);
    answer_timeout_ = options.patient ? std::chrono::milliseconds(0) : text.answer_timeout;
    connection_ = connect(text);
    try {
        if (PQstatus(connection_) != CONNECTION_OK || PQsetnonblocking(connection_, 1) != 0) {
            throw_lost(connection_, "connect");
        }
        PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
        configure(options);
    } catch (...) {
        PQfinish(connection_);
        throw;
    }
}

Wire::~Wire() { PQfinish(connection_); }

void Wire::configure(const ConnectionOptions& options) {
    // A server that vanished in mid-transaction must not hold its locks for ever. `off` would take
    // an acknowledged batch along in a crash; stronger settings are the operator's.
    std::string text =
        "SET jit = off; SET lock_timeout = '10s'; "
        "SET idle_in_transaction_session_timeout = '60s'; "
        "SELECT set_config('synchronous_commit', 'on', false) "
        "WHERE current_setting('synchronous_commit') = 'off'; ";
    if (options.read_only) {
        text = "SET jit = off; SET default_transaction_read_only = on; ";
    }
    // What nobody waits for any more ends, where the server's system can notice that.
    text +=
        "SELECT set_config('client_connection_check_interval', '2s', false) "
        "WHERE version() LIKE '%linux%'; ";
    if (!options.schema.empty()) {
        text += fmt::format("SET search_path = {}; ", quoted(options.schema));
    }
    execute(text.c_str());
}

void Wire::fail(const PGresult* result, const char* doing) {
    broken_ =
        broken_ || PQstatus(connection_) == CONNECTION_BAD || ends_connection(sqlstate_of(result));
    if (reads_ && PQtransactionStatus(connection_) == PQTRANS_INERROR) {
        // Who reads may go on, in the same moment: verify looks at the next table.
        const bool sent = PQsendQuery(connection_, "ROLLBACK TO SAVEPOINT moment") == 1;
        broken_ = broken_ || !sent || failed(last_result("rollback").get());
    }
    throw_error(result, doing);
}

void Wire::lost(const char* doing) {
    broken_ = true;
    throw_lost(connection_, doing);
}

ResultPtr Wire::execute(const char* text, Patience patience) {
    before_command();
    settle();
    if (PQsendQuery(connection_, text) == 0) {
        lost(text);
    }
    ResultPtr result = last_result(text, patience);
    if (failed(result.get())) {
        fail(result.get(), text);
    }
    return result;
}

// ---- answers

/// Until PQgetResult has something to give without waiting. The timeout counts from the last byte.
void Wire::wait_for_input(const char* doing, Patience patience) {
    const bool limited = patience == Patience::usual && answer_timeout_.count() > 0;
    while (!broken_) {
        const int unsent = PQflush(connection_);
        if (unsent < 0 || PQisBusy(connection_) == 0) {
            return;
        }
        pollfd socket{PQsocket(connection_), POLLIN, 0};
        socket.events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
        const int ready =
            poll(&socket, 1, limited ? static_cast<int>(answer_timeout_.count()) : -1);
        if (ready == 0) {
            // Not asked to cancel: a COMMIT that waits for a standby would then be done without it.
            broken_ = true;
            throw writer::StoreUnavailable(
                fmt::format("postgres: {}: no answer within {} s; the connection is given up",
                            one_line(doing), answer_timeout_.count() / 1000),
                false, false);
        }
        if (ready > 0 && (socket.revents & ~POLLOUT) != 0 && PQconsumeInput(connection_) == 0) {
            return;  // PQgetResult tells
        }
    }
}

ResultPtr Wire::receive(const char* doing, Patience patience) {
    wait_for_input(doing, patience);
    return ResultPtr(broken_ ? nullptr : PQgetResult(connection_));
}

/// Of a text that was sent outside of the pipeline: as PQexec, the first that failed or the last.
ResultPtr Wire::last_result(const char* doing, Patience patience) {
    ResultPtr last;
    while (ResultPtr result = receive(doing, patience)) {
        if (!last || !failed(last.get())) {
            last = std::move(result);
        }
    }
    if (!last) {
        lost(doing);
    }
    return last;
}

/// Takes what is left of a query's results.
void Wire::drain() {
    while (receive("the rest of the rows")) {
    }
}

// ---- the pipeline

void Wire::before_command() {
    keep_rows();
    if (waiting_ != nullptr) {
        std::exchange(waiting_, nullptr)->send_waiting();
    }
}

void Wire::wait(Waiting& waiting) {
    if (waiting_ != &waiting) {
        before_command();
        waiting_ = &waiting;
    }
}

std::vector<Oid> Wire::parameter_types(const Name& name, const char* doing) {
    before_command();
    settle();
    if (PQsendDescribePrepared(connection_, name.text.c_str()) == 0) {
        lost(doing);
    }
    const ResultPtr result = last_result(doing);
    if (failed(result.get())) {
        fail(result.get(), doing);
    }
    std::vector<Oid> out;
    for (int i = 0; i < PQnparams(result.get()); ++i) {
        out.push_back(PQparamtype(result.get(), i));
    }
    return out;
}

void Wire::enter_pipeline() {
    before_command();
    if (queued_.size() >= pipeline_max) {
        settle();
    }
    if (PQpipelineStatus(connection_) == PQ_PIPELINE_OFF && PQenterPipelineMode(connection_) == 0) {
        lost("pipeline");
    }
}

void Wire::sent(bool accepted, Queued command) {
    if (!accepted) {
        lost(command.doing);
    }
    queued_.push_back(command);
}

void Wire::queue(const char* text, Kind kind) {
    enter_pipeline();
    sent(PQsendQueryParams(connection_, text, 0, nullptr, nullptr, nullptr, nullptr, 1) == 1,
         {kind, text, nullptr});
}

void Wire::queue_prepare(Name& name, std::vector<Oid> types, const char* text) {
    enter_pipeline();
    name.text = fmt::format("s{}", ++names_);
    name.types = std::move(types);
    sent(PQsendPrepare(connection_, name.text.c_str(), text, static_cast<int>(name.types.size()),
                       name.types.data()) == 1,
         {Kind::statement, text, &name});
}

void Wire::queue_execution(const Name& name, const Parameters& parameters, const char* doing) {
    enter_pipeline();
    sent(PQsendQueryPrepared(connection_, name.text.c_str(),
                             static_cast<int>(parameters.values.size()), parameters.values.data(),
                             parameters.lengths.data(), parameters.formats.data(), 1) == 1,
         {Kind::statement, doing, nullptr});
}

void Wire::judge(ResultPtr result, const Queued& command) {
    const ExecStatusType status = PQresultStatus(result.get());
    const bool undone = command.kind == Kind::commit && status == PGRES_COMMAND_OK &&
                        std::string_view(PQcmdStatus(result.get())) != "COMMIT";
    if (failed(result.get()) || undone) {
        failures_.push_back({std::move(result), command});
    } else if (status != PGRES_PIPELINE_ABORTED) {
        changed_ = changed_rows(result.get());
    }
}

std::int64_t Wire::settle() {
    if (waiting_ != nullptr) {
        before_command();
    }
    if (PQpipelineStatus(connection_) == PQ_PIPELINE_OFF) {
        return 0;
    }
    if (broken_) {
        queued_.clear();
        failures_.clear();
        lost("pipeline");
    }
    changed_ = 0;
    if (PQpipelineSync(connection_) == 0) {
        lost("pipeline");
    }
    std::size_t answered = 0;
    while (answered < queued_.size()) {
        if (ResultPtr result = receive(queued_[answered].doing)) {
            judge(std::move(result), queued_[answered]);
        } else {
            ++answered;  // behind each command's results
        }
        if (PQstatus(connection_) == CONNECTION_BAD) {
            break;
        }
    }
    end_flight();
    return changed_;
}

/// Back to one command at a time; throws the first failure.
void Wire::end_flight() {
    std::deque<Queued> flight;
    flight.swap(queued_);
    std::vector<Failure> failures;
    failures.swap(failures_);
    const bool gone = PQstatus(connection_) == CONNECTION_BAD;
    if (!gone) {
        const ResultPtr sync = receive("pipeline");
        broken_ = broken_ || PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC ||
                  PQexitPipelineMode(connection_) == 0;
    }
    if (failures.empty() && !gone && !broken_) {
        return;
    }
    for (const Queued& command : flight) {
        if (command.prepares != nullptr) {
            command.prepares->text.clear();
        }
    }
    if (failures.empty()) {
        lost("pipeline");
    }
    const Failure& first = failures.front();
    if (first.command.kind == Kind::fence && sqlstate_of(first.result.get()) == "22012") {
        throw writer::StoreUnavailable("postgres: another server has taken the writer lease", false,
                                       true);
    }
    if (!failed(first.result.get())) {
        throw writer::StoreUnavailable("postgres: COMMIT of a transaction that had failed", false,
                                       false);
    }
    fail(first.result.get(), first.command.doing);
}

// ---- rows one by one

void Wire::start_rows(const Name& name, const Parameters& parameters, const char* doing,
                      std::deque<ResultPtr>& kept) {
    before_command();
    settle();
    if (PQsendQueryPrepared(connection_, name.text.c_str(),
                            static_cast<int>(parameters.values.size()), parameters.values.data(),
                            parameters.lengths.data(), parameters.formats.data(), 1) == 0 ||
        PQsetSingleRowMode(connection_) == 0) {
        lost(doing);
    }
    rows_of_ = &kept;
    rows_doing_ = doing;
}

/// From the connection; ends the query behind its last row.
ResultPtr Wire::read_row() {
    ResultPtr result = receive(rows_doing_);
    if (result && PQresultStatus(result.get()) == PGRES_SINGLE_TUPLE) {
        return result;
    }
    rows_of_ = nullptr;
    if (!result) {
        lost(rows_doing_);
    }
    drain();
    if (failed(result.get())) {
        fail(result.get(), rows_doing_);
    }
    return nullptr;
}

ResultPtr Wire::next_row(std::deque<ResultPtr>& kept) {
    if (!kept.empty()) {
        ResultPtr row = std::move(kept.front());
        kept.pop_front();
        return row;
    }
    return rows_of_ == &kept ? read_row() : nullptr;
}

void Wire::keep_rows() {
    while (rows_of_ != nullptr) {
        std::deque<ResultPtr>& kept = *rows_of_;
        if (ResultPtr row = read_row()) {
            kept.push_back(std::move(row));
        }
    }
}

void Wire::drop_rows(std::deque<ResultPtr>& kept) noexcept {
    kept.clear();
    if (rows_of_ != &kept) {
        return;
    }
    rows_of_ = nullptr;
    try {
        drain();
    } catch (const writer::StoreUnavailable&) {
        // The connection is given up; whoever uses it next is told.
    }
}

// ---- the end of a lease

void Wire::abandon() noexcept {
    if (waiting_ != nullptr) {
        std::exchange(waiting_, nullptr)->drop_waiting();
    }
    if (rows_of_ != nullptr) {
        drop_rows(*rows_of_);
    }
    try {
        settle();
    } catch (...) {
        // Whoever waited for it has had the exception of his own call.
    }
    if (broken_ || PQstatus(connection_) == CONNECTION_BAD) {
        broken_ = true;
        return;
    }
    if (PQtransactionStatus(connection_) == PQTRANS_IDLE) {
        return;
    }
    try {
        execute("ROLLBACK");
    } catch (const std::exception&) {
        broken_ = true;
    }
    broken_ = broken_ || PQtransactionStatus(connection_) != PQTRANS_IDLE;
}

bool Wire::alive() noexcept {
    // The first reads a farewell, the second the end behind it.
    return !broken_ && PQconsumeInput(connection_) == 1 && PQconsumeInput(connection_) == 1 &&
           PQstatus(connection_) == CONNECTION_OK;
}

bool Wire::in_transaction() const {
    return !queued_.empty() || waiting_ != nullptr ||
           PQtransactionStatus(connection_) == PQTRANS_INTRANS;
}

std::string Wire::quoted(const std::string& name) const {
    char* text = PQescapeIdentifier(connection_, name.data(), name.size());
    CHECK(text != nullptr);
    std::string out(text);
    PQfreemem(text);
    return out;
}

std::string Wire::parameter(const char* name) const {
    const char* value = PQparameterStatus(connection_, name);
    return value == nullptr ? "" : value;
}

}  // namespace mb::store::postgres

// How a virtual tenant pays: through the public API (sign in with the demo's code, order, cashier),
// like a person with a browser. Every step is retried under the same idempotency key.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/money.hpp"
#include "net/reactor.hpp"
#include "sim/channel/http_worker.hpp"

namespace mb::sim::tenant {

struct DeskOptions {
    std::string api_base;                     // "http://127.0.0.1:8080"
    std::string project;                      // id in the API's paths
    int attempts_max = 12;                    // refused or unanswered calls a payment survives
    Duration backoff = Duration::seconds(1);  // wall; doubles up to 16 times
};

struct Payment {
    std::string key;    // Idempotency-Key
    std::string phone;  // signs in with it
    std::string meter;  // device address
    Money amount;
};

class Desk {
public:
    using OnDone = std::function<void(Result<void>)>;

    Desk(net::Reactor& reactor, DeskOptions options);
    ~Desk();
    Desk(const Desk&) = delete;
    Desk& operator=(const Desk&) = delete;

    /// Calls `on_done` once, later: paid at the cashier, or given up. Errors: tenant.gave_up {step,
    /// last}, tenant.refused {step, status, code}, tenant.no_demo_code, tenant.no_such_meter.
    void pay(Payment payment, OnDone on_done);

private:
    struct Session;
    struct Job;
    enum class Step : int;

    void proceed(const std::shared_ptr<Job>& job);
    void sign_in(const std::shared_ptr<Job>& job, Session& session);
    void send(const std::shared_ptr<Job>& job, Step step);
    void on_answer(const std::shared_ptr<Job>& job, Step step, Result<net::HttpResponse> answer);
    /// What a good answer of this step tells. Errors end the job.
    Result<void> learn(Job& job, Step step, const net::HttpResponse& answer);
    void retry(const std::shared_ptr<Job>& job, Step step, const std::string& why);
    void finish(const std::shared_ptr<Job>& job, Result<void> result);

    net::Reactor& reactor_;
    DeskOptions options_;
    std::map<std::string, Session> sessions_;       // by phone
    std::map<std::string, std::string> meter_ids_;  // by device address
    std::vector<std::shared_ptr<Job>> jobs_;
    HttpWorker worker_;
};

}  // namespace mb::sim::tenant

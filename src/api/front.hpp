// From a request to its answer: routing, sign-in, project, CSRF, idempotency, then the handler.
// Internal.
#pragma once

#include <chrono>
#include <mutex>
#include <set>
#include <tuple>

#include "api/changes.hpp"
#include "api/services.hpp"

namespace mb::api {

Error busy();
/// What an exception means to a client; logs it.
Error error_of(const std::exception& broken);

struct ApiServer::Front {
public:
    explicit Front(Services& services) : changes(services), services_(services) {}

    /// On the reactor's thread.
    void take(net::HttpRequest request, const net::Responder& responder);

    Changes changes;

private:
    using Key = std::tuple<ProjectId, LoginId, std::string>;
    struct Exchange;

    [[nodiscard]] net::HttpResponse serve_console(const net::HttpRequest& request) const;
    void run(const Route& route, const std::shared_ptr<Call>& call,
             const net::Responder& responder);
    Result<void> admit(const Route& route, Call& call);
    Result<void> admit_project(const Route& route, Call& call);
    void dispatch(const Route& route, const std::shared_ptr<Call>& call, const Reply& reply);
    /// Answers a replay or a conflict itself; else a reply that keeps the answer.
    void run_once(const Route& route, const std::shared_ptr<Call>& call, const Reply& reply);
    Result<void> keep(const Call& call, const std::string& key, const crypto::Digest& body_hash,
                      const Answer& answer);

    Services& services_;
    std::mutex mutex_;
    std::set<Key> under_way_;
};

}  // namespace mb::api

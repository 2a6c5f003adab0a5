// Which handler a method and a path belong to, and what each route demands before it runs.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/ports.hpp"
#include "net/http_server.hpp"

namespace mb::api {

/// Who asks; set when the route needs a session.
struct Caller {
    LoginRecord login;
    crypto::Digest token_hash{};
    std::string csrf;
};

/// One request on its way through a handler, on a worker thread.
struct Call {
    net::HttpRequest request;
    std::map<std::string, std::string, std::less<>> path;  // "{meter}" → text
    Caller caller;
    ProjectId project;             // of routes under a project
    engine::ProjectConfig config;  // of that project
    std::string trace_id;
    std::string idempotency;  // for the event: unique to login and key

    [[nodiscard]] const std::string& path_part(std::string_view name) const {
        return path.find(name)->second;
    }
};

struct Answer {
    int status = 200;
    std::string json;  // "" : no body
    net::HttpHeaders headers;
};

/// The right to answer a call, once, now or later, from any thread. When the last copy goes without
/// an answer, it is `internal`.
class Reply {
public:
    using Finish = std::function<void(Result<Answer> answer)>;
    explicit Reply(Finish finish);
    /// Only the first answer counts.
    void operator()(Result<Answer> answer) const;
    /// Somebody else answers.
    void hand_over() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

using CallPtr = std::shared_ptr<const Call>;
using Handle = std::function<Result<Answer>(const Call& call)>;
using HandleLater = std::function<void(const CallPtr& call, const Reply& reply)>;
/// Takes the connection over; an error is answered as a problem.
using HandleStream = std::function<Result<void>(const Call& call, const net::Responder& responder)>;

struct Route {
    std::string method;
    std::string pattern;             // "/api/v1/projects/{project}/meters/{meter}"
    std::vector<std::string> query;  // the parameters it knows
    bool session = true;             // somebody is signed in; a write then needs the CSRF token
    bool project = false;     // "{project}", or the parameter `project`, must be the caller's
    bool idempotent = false;  // needs Idempotency-Key, its answer is kept
    bool foreign = false;     // machines call it: no Origin check, no rules for query and body
    std::vector<std::string> repeatable;  // of `query`
    // One of these:
    Handle handle;
    HandleLater handle_later;
    HandleStream handle_stream;

    [[nodiscard]] bool writes() const { return method != "GET"; }
};

class Router {
public:
    void add(Route route);

    struct Match {
        const Route* route = nullptr;  // null: nobody, or not with this method
        std::map<std::string, std::string, std::less<>> path;
        std::string allow;  // methods the path knows, "" when there is no such path
    };
    [[nodiscard]] Match match(std::string_view method, std::string_view path) const;
    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

private:
    std::vector<Route> routes_;
};

/// Errors: request.unknown_field {field, did_you_mean} for the first parameter that the route does
/// not know, request.invalid for one that is repeated and must not be.
Result<void> check_query(const Route& route, const net::HttpRequest& request);

}  // namespace mb::api

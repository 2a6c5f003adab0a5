#include "api/router.hpp"

#include <algorithm>
#include <atomic>
#include <set>

#include "base/check.hpp"
#include "base/json.hpp"

namespace mb::api {

namespace {

std::vector<std::string_view> segments(std::string_view path) {
    std::vector<std::string_view> out;
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const std::size_t end = std::min(path.find('/'), path.size());
        out.push_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return out;
}

bool is_variable(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool fits(std::string_view pattern, const std::vector<std::string_view>& path,
          std::map<std::string, std::string, std::less<>>& values) {
    const auto wanted = segments(pattern);
    if (wanted.size() != path.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (is_variable(wanted[i]) ? path[i].empty() : wanted[i] != path[i]) return false;
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (is_variable(wanted[i])) {
            values.emplace(wanted[i].substr(1, wanted[i].size() - 2), path[i]);
        }
    }
    return true;
}

}  // namespace

void Router::add(Route route) {
    CHECK((route.handle ? 1 : 0) + (route.handle_later ? 1 : 0) + (route.handle_stream ? 1 : 0) ==
          1);
    routes_.push_back(std::move(route));
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
    if (method == "HEAD") method = "GET";
    const auto parts = segments(path);
    Match out;
    for (const Route& route : routes_) {
        std::map<std::string, std::string, std::less<>> values;
        if (!fits(route.pattern, parts, values)) continue;
        if (route.method == method) {
            out.route = &route;
            out.path = std::move(values);
            return out;
        }
        out.allow += (out.allow.empty() ? "" : ", ") + route.method;
    }
    return out;
}

struct Reply::State {
    explicit State(Finish wanted) : finish(std::move(wanted)) {}
    ~State() {
        if (!done.exchange(true)) finish(fail("internal", ErrorKind::internal));
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    Finish finish;
    std::atomic<bool> done = false;
};

Reply::Reply(Finish finish) : state_(std::make_shared<State>(std::move(finish))) {}

void Reply::operator()(Result<Answer> answer) const {
    if (!state_->done.exchange(true)) state_->finish(std::move(answer));
}

void Reply::hand_over() const { state_->done = true; }

Result<void> check_query(const Route& route, const net::HttpRequest& request) {
    std::set<std::string> seen;
    for (const auto& [name, value] : request.query) {
        if (std::find(route.query.begin(), route.query.end(), name) == route.query.end()) {
            return fail(error("request.unknown_field")
                            .with("field", name.substr(0, 40))
                            .with("did_you_mean", did_you_mean(name, route.query)));
        }
        const bool again = !seen.insert(name).second;
        if (again && std::find(route.repeatable.begin(), route.repeatable.end(), name) ==
                         route.repeatable.end()) {
            return fail(error("request.invalid").with("field", name).with("reason", "repeated"));
        }
    }
    return {};
}

}  // namespace mb::api

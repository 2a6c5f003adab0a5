// Blocking HTTP calls on threads of their own, answers on the reactor's thread.
#pragma once

#include "net/http_client.hpp"
#include "net/reactor.hpp"

#include <functional>
#include <memory>

namespace mb::sim {

class HttpWorker {
public:
    using OnAnswer = std::function<void(Result<net::HttpResponse>)>;

    HttpWorker(net::Reactor& reactor, int threads);
    /// Waits for the calls under way; their answers are dropped.
    ~HttpWorker();
    HttpWorker(const HttpWorker&) = delete;
    HttpWorker& operator=(const HttpWorker&) = delete;

    /// Calls `on_answer` exactly once, later, unless the worker is gone by then.
    void call(net::HttpCall call, OnAnswer on_answer);

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace mb::sim

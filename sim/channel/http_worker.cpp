#include "sim/channel/http_worker.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace mb::sim {
namespace {

struct Job {
    net::HttpCall call;
    HttpWorker::OnAnswer on_answer;
};

}  // namespace

struct HttpWorker::State {
    explicit State(net::Poster to) : poster(std::move(to)) {}

    net::Poster poster;
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<Job> jobs;
    bool stopping = false;
    std::vector<std::thread> threads;

    void run(const std::shared_ptr<State>& self) {
        net::HttpClient client;
        while (true) {
            Job job;
            {
                std::unique_lock lock(mutex);
                wake.wait(lock, [&] { return stopping || !jobs.empty(); });
                if (stopping) return;
                job = std::move(jobs.front());
                jobs.pop_front();
            }
            auto answer = std::make_shared<Result<net::HttpResponse>>(client.call(job.call));
            (void)poster.post([self, answer, on_answer = std::move(job.on_answer)] {
                {
                    const std::lock_guard lock(self->mutex);
                    if (self->stopping) return;
                }
                on_answer(std::move(*answer));
            });
        }
    }
};

HttpWorker::HttpWorker(net::Reactor& reactor, int threads)
    : state_(std::make_shared<State>(reactor.poster())) {
    for (int i = 0; i < threads; ++i) {
        state_->threads.emplace_back([state = state_] { state->run(state); });
    }
}

HttpWorker::~HttpWorker() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
        state_->jobs.clear();
    }
    state_->wake.notify_all();
    for (std::thread& thread : state_->threads) thread.join();
}

void HttpWorker::call(net::HttpCall call, OnAnswer on_answer) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->jobs.push_back({std::move(call), std::move(on_answer)});
    }
    state_->wake.notify_one();
}

}  // namespace mb::sim

#include "bench/threads.hpp"

#include "base/log.hpp"
#include "bench/project.hpp"

namespace mb::bench {

ServerThreads::ServerThreads(std::unique_ptr<store::OpenStore> store)
    : store_(std::move(store)),
      metered_(store_->writer_store()),
      writer_(metered_, {},
              [this](ProjectId of, const engine::Now& now, const engine::Effects& effects) {
                  if (listener_) {
                      listener_(of, now, effects);
                  }
              }) {}

Result<std::unique_ptr<ServerThreads>> ServerThreads::make(Place& place,
                                                           std::vector<engine::Event> set_up,
                                                           Instant now) {
    std::unique_ptr<ServerThreads> out(new ServerThreads(TRY(place.open(now))));
    load(out->writer_, std::move(set_up), now);
    return out;
}

void ServerThreads::set_clock(writer::Clock clock) {
    thread_ = std::make_unique<writer::WriterThread>(
        writer_,
        // Once it runs, the writer's thread alone asks, each round: by this its CPU clock is found.
        [this, clock = std::move(clock)] {
            writer_id_ = ::pthread_self();
            return clock();
        },
        [this](const std::string& why) {
            log::error("the writer stops: {}", why);
            failed_ = true;
        });
}

void ServerThreads::start() {
    thread_->start();
    reactor_.start();
}

void ServerThreads::stop() {
    reactor_.stop();
    if (thread_) {
        thread_->stop();
    }
}

CpuUse ServerThreads::cpu() {
    CpuUse out;
    out.reactor = reactor_.on([] { return this_thread_cpu(); });
    out.writer_us = thread_cpu_us(writer_id_);
    out.store_us = metered_.cpu_us();
    return out;
}

}  // namespace mb::bench

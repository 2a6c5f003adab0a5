#include "net/reactor.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <thread>

namespace mb::net {
namespace {

TEST(Reactor, RunsPostsOfOtherThreadsInOrderOnItsOwn) {
    Reactor reactor;
    std::vector<int> seen;
    std::thread other([&] {
        for (int i = 0; i < 1000; ++i) {
            reactor.post([&, i] {
                EXPECT_TRUE(reactor.on_reactor_thread());
                seen.push_back(i);
            });
        }
        reactor.post([&] { reactor.stop(); });
        EXPECT_FALSE(reactor.on_reactor_thread());
    });
    reactor.run();
    other.join();
    ASSERT_EQ(seen.size(), 1000U);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(Reactor, PostersOutliveIt) {
    Poster poster;
    auto witness = std::make_shared<int>(0);
    {
        Reactor reactor;
        poster = reactor.poster();
        EXPECT_TRUE(poster.post([witness] { FAIL() << "nobody runs this reactor"; }));
        EXPECT_EQ(witness.use_count(), 2);
    }
    EXPECT_EQ(witness.use_count(), 1) << "what did not run is destroyed";
    EXPECT_FALSE(poster.post([witness] {}));
    EXPECT_FALSE(Poster().post([] {}));
}

TEST(Reactor, ATaskMayPostWhileTheReactorIsDestroyed) {
    struct PostsAtItsEnd {
        Poster poster;
        ~PostsAtItsEnd() {
            poster.post([] {});
        }
    };
    Reactor reactor;
    reactor.post([held = std::make_shared<PostsAtItsEnd>(PostsAtItsEnd{reactor.poster()})] {});
}

TEST(Timer, CallsInTimeAndOrder) {
    Reactor reactor;
    std::string order;
    Timer late(reactor);
    Timer early(reactor);
    late.after(Duration::milliseconds(20), [&] {
        order += 'b';
        reactor.stop();
    });
    early.after(Duration::milliseconds(1), [&] { order += 'a'; });
    EXPECT_TRUE(late.pending());
    reactor.run();
    EXPECT_EQ(order, "ab");
    EXPECT_FALSE(late.pending());
}

TEST(Timer, CancelledOrReplacedCallsNeverCome) {
    Reactor reactor;
    int calls = 0;
    Timer first(reactor);
    Timer second(reactor);
    std::optional<Timer> third(std::in_place, reactor);
    Timer fourth(reactor);
    // All are due in the same turn; the first cancels, replaces and destroys the others.
    first.after({}, [&] {
        second.cancel();
        third.reset();
        fourth.after(Duration::milliseconds(1), [&] { calls += 100; });
    });
    second.after({}, [&] { ++calls; });
    third->after({}, [&] { ++calls; });
    fourth.after({}, [&] { ++calls; });
    reactor.run_for(Duration::milliseconds(30));
    EXPECT_EQ(calls, 100);
}

TEST(Timer, MayRestartItselfInItsCall) {
    Reactor reactor;
    Timer timer(reactor);
    int calls = 0;
    std::function<void()> again = [&] {
        if (++calls == 3) {
            reactor.stop();
        } else {
            timer.after(Duration::milliseconds(1), again);
        }
    };
    timer.after(Duration::milliseconds(1), again);
    reactor.run();
    EXPECT_EQ(calls, 3);
}

TEST(Reactor, TellsOfSignals) {
    Reactor reactor;
    std::vector<int> seen;
    reactor.on_stop_signals([&](int signal) {
        seen.push_back(signal);
        if (seen.size() == 1) {
            ::raise(SIGINT);
        } else {
            reactor.stop();
        }
    });
    reactor.post([] { ::raise(SIGTERM); });
    reactor.run();
    EXPECT_EQ(seen, (std::vector<int>{SIGTERM, SIGINT}));
}

}  // namespace
}  // namespace mb::net

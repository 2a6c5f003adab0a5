#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <regex>

#include "api/test_campus.hpp"

namespace mb::api::test {
namespace {

/// Reads a stream of events as a browser would.
class EventReader {
public:
    EventReader(std::uint16_t port, const std::string& cookie, const std::string& last_id = "",
                const std::string& project = "1")
        : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
        const timeval limit{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        std::string request = "GET /api/v1/events?project=" + project +
                              " HTTP/1.0\r\nHost: x\r\nCookie: " + cookie + "\r\n";
        if (!last_id.empty()) request += "Last-Event-ID: " + last_id + "\r\n";
        request += "\r\n";
        EXPECT_EQ(::send(fd_, request.data(), request.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(request.size()));
    }
    ~EventReader() { ::close(fd_); }
    EventReader(const EventReader&) = delete;
    EventReader& operator=(const EventReader&) = delete;

    /// Everything up to and with `end`, or all when the stream ends before.
    std::string read_until(const std::string& end) {
        std::size_t found = 0;
        while ((found = got_.find(end)) == std::string::npos) {
            char buffer[4096];
            const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
            if (count <= 0) return std::exchange(got_, {});
            got_.append(buffer, static_cast<std::size_t>(count));
        }
        const std::string out = got_.substr(0, found + end.size());
        got_.erase(0, out.size());
        return out;
    }

private:
    int fd_;
    std::string got_;
};

class EventStream : public ApiTest {
protected:
    void SetUp() override {
        options.events.kept_events = 5;
        open();
        sign_in(me);
    }
    void commit_command(std::int64_t id) const {
        engine::Effects effects;
        effects.emit(command_row(id, 17));
        server->on_commit(campus, {}, effects);
    }
    static std::string last_id(const std::string& text) {
        std::string out;
        const std::regex id("id: ([0-9]+)\n");
        for (std::sregex_iterator it(text.begin(), text.end(), id), end; it != end; ++it) {
            out = (*it)[1];
        }
        return out;
    }
    /// Until the hub knows the reader: what is published before is not for it.
    void wait_for_watchers(std::size_t count) {
        const std::string wanted = "meterbook_event_watchers " + std::to_string(count) + "\n";
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (std::chrono::steady_clock::now() < until) {
            if (get(me, "/metrics").body.find(wanted) != std::string::npos) return;
        }
        FAIL() << count << " watchers never came";
    }
    Client me;
};

TEST_F(EventStream, TellsWhatChanged) {
    EventReader reader(server->port(), me.cookie);
    const std::string head = reader.read_until("retry: 3000\n\n");
    EXPECT_NE(head.find("200 OK"), std::string::npos) << head;
    EXPECT_NE(head.find("Content-Type: text/event-stream"), std::string::npos);
    wait_for_watchers(1);
    commit_command(9);
    EXPECT_NE(reader.read_until(R"(data: {"id":"9","meter_id":"17"})").find("command.updated"),
              std::string::npos);
    engine::Effects effects;
    effects.emit(order_record("1X0000000009", 17).row);
    engine::NoticeRow notice;
    notice.id = NoticeId{1};
    notice.service_point = ServicePointId{1017};
    notice.kind = engine::NoticeKind::pretrip;
    notice.balance = Money{184};
    notice.served = step(0);
    effects.emit(notice);
    server->on_commit(campus, {}, effects);
    std::string text = reader.read_until("notice.pre_trip");
    text += reader.read_until("\n\n");
    EXPECT_NE(
        text.find("event: order.updated\ndata: {\"no\":\"1X0000000009\",\"meter_id\":\"17\"}"),
        std::string::npos)
        << text;
    EXPECT_NE(text.find(R"("params":{"balance":"1.84","channel":"inbox"})"), std::string::npos);
}

TEST_F(EventStream, ReportsMetersByTheirVersionAndTheFiguresOnceASecond) {
    EventReader reader(server->port(), me.cookie);
    reader.read_until("retry: 3000\n\n");
    wait_for_watchers(1);
    clock.advance(Duration::seconds(2));
    EXPECT_NE(reader.read_until("event: stats.tick\n"), "");
    EXPECT_NE(reader.read_until("\n\n").find("\"receipts_today\":\"0.00\""), std::string::npos);
    {
        const std::lock_guard lock(all.mutex);
        all.projects[campus].meters[1].view.version = 8;
    }
    clock.advance(Duration::seconds(2));
    EXPECT_NE(reader.read_until("event: meter.updated\n"), "");
    EXPECT_EQ(reader.read_until("\n\n"), "data: {\"id\":\"18\",\"version\":8}\n\n");
}

TEST_F(EventStream, ResumesOrAsksForAResync) {
    std::string seen;
    {
        EventReader reader(server->port(), me.cookie);
        reader.read_until("retry: 3000\n\n");
        wait_for_watchers(1);
        commit_command(1);
        seen = reader.read_until("\"id\":\"1\"");
    }
    wait_for_watchers(0);
    for (std::int64_t id = 2; id < 5; ++id) commit_command(id);
    {
        EventReader back(server->port(), me.cookie, last_id(seen));
        std::string missed;
        for (const char* id : {"\"id\":\"2\"", "\"id\":\"3\"", "\"id\":\"4\""}) {
            // Commits are told by several workers: in which order is open.
            while (missed.find(id) == std::string::npos) {
                const std::string more = back.read_until("\n\n");
                ASSERT_NE(more, "") << "without " << id << ": " << missed;
                missed += more;
            }
        }
        EXPECT_EQ(missed.find("resync"), std::string::npos) << missed;
        for (std::int64_t id = 5; id < 12; ++id) commit_command(id);  // more than are kept
        back.read_until("\"id\":\"11\"");
    }
    for (const std::string& old : {last_id(seen), std::string("1"), std::string("nonsense"),
                                   std::string("9999999999999999")}) {
        EventReader lost(server->port(), me.cookie, old);
        EXPECT_NE(lost.read_until("event: resync\ndata: {}\n\n").find("resync"), std::string::npos)
            << old;
    }
}

TEST_F(EventStream, ManyChangesOfOneObjectAreOneEvent) {
    EventReader reader(server->port(), me.cookie);
    reader.read_until("retry: 3000\n\n");
    wait_for_watchers(1);
    engine::Effects effects;
    for (int i = 0; i < 200; ++i) effects.emit(command_row(7, 17));
    effects.emit(command_row(8, 17));
    server->on_commit(campus, {}, effects);
    const std::string text = reader.read_until("\"id\":\"8\"");
    EXPECT_EQ(text.find("\"id\":\"7\""), text.rfind("\"id\":\"7\"")) << text;
}

TEST_F(EventStream, HeartbeatsAndEndsWithTheSession) {
    EventReader reader(server->port(), me.cookie);
    reader.read_until("retry: 3000\n\n");
    wait_for_watchers(1);
    clock.advance(Duration::seconds(15));
    std::string beat = reader.read_until("event: heartbeat\n");
    beat += reader.read_until("\n\n");
    EXPECT_NE(beat.find("{\"wall_now\":\"2026-11-22T01:30:15Z\"}"), std::string::npos) << beat;
    {
        const std::lock_guard lock(people.mutex);
        people.logins[LoginId{1}].disabled = true;
    }
    clock.advance(Duration::seconds(15));
    reader.read_until("no more");  // ends because the server closes the stream
    Client again;
    again.cookie = me.cookie;
    EXPECT_EQ(get(again, "/api/v1/events?project=1").status, 401);
}

TEST_F(EventStream, ReadersAreBounded) {
    std::vector<std::unique_ptr<EventReader>> readers;
    for (std::size_t i = 0; i < options.events.watchers_per_login_max; ++i) {
        readers.push_back(std::make_unique<EventReader>(server->port(), me.cookie));
        readers.back()->read_until("retry: 3000\n\n");
    }
    const auto answer = get(me, "/api/v1/events?project=1");
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(code(answer), "events.too_many");
}

}  // namespace
}  // namespace mb::api::test

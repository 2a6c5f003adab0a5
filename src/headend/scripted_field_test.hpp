// A field for tests: meters that answer by script, links with latency, a virtual clock. Drives a
// Switchboard as the Headend and the simulator do.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "headend/switchboard.hpp"

namespace mb::headend::testing {

struct ScriptedMeter {
    std::string address;
    std::vector<std::int64_t> registers{123'400, 11'000, 52'500, 46'000, 13'900};  // 10⁻⁴ kWh
    bool relay_open = false;
    bool commanded_open = false;
    bool keep_power = false;
    Duration clock_ahead;  // business

    // What it does wrong.
    bool dead = false;               // answers nothing
    std::vector<std::uint8_t> mute;  // controls it does not answer once each, in order
    bool no_block = false;           // no 0001FF00
    bool no_clock_id = false;        // no 0400010C
    bool parts = false;              // sends the block in parts of two registers
    bool bad_digits = false;         // a digit A in the total
    bool stuck = false;              // accepts relay commands, does nothing
    std::uint16_t refuse_word = 0;   // answers relay commands with DC and this 2-byte word
    Duration relay_delay;            // wall; from 9C to the contact
    Duration latency = Duration::milliseconds(40);

    // What happened to it.
    std::vector<std::uint8_t> seen;  // control bytes
    std::vector<Bytes> relay_data;   // plain data of relay commands
    int broadcasts = 0;
    int clock_writes = 0;
    Instant moves_at;  // wall; pending contact movement

    /// The answer to a frame on its line, or nothing.
    std::optional<Bytes> answer(const dlt645::Frame& request, const engine::Now& now);

private:
    std::optional<Bytes> read(const dlt645::Frame& request, const engine::Now& now);
    Bytes relay(const dlt645::Frame& request, const engine::Now& now);
    [[nodiscard]] Bytes energy(std::size_t from, std::size_t to) const;
    [[nodiscard]] Bytes reply(std::uint8_t control, ByteView data) const;
};

class Field : public Wires, public EventSink {
public:
    explicit Field(HeadendSettings settings = {}, std::int32_t speed = 1);

    // ---- set-up ----
    ScriptedMeter& add_meter(const std::string& address, MeterId id,
                             const std::string& profile = "plain", const std::string& link_id = "",
                             ProjectId project = ProjectId{1});
    void configure();
    /// Dials in; the meters with these addresses hang on the line. Sends `hello` first.
    LinkId dial(const std::string& profile, const std::vector<std::string>& addresses,
                const std::string& hello = "");
    void hang_up(LinkId link);
    void feed(LinkId link, ByteView bytes) { board->bytes(link, bytes, now); }
    ScriptedMeter& meter(const std::string& address) { return *meters_.at(address); }

    // ---- time ----
    void run(Duration wall);
    engine::Now now;

    // ---- tasks ----
    engine::OutboxRow task(std::int64_t command, engine::CommandKind kind, MeterId meter,
                           std::int32_t attempt = 1,
                           Duration deadline = Duration::minutes(5)) const;
    void submit(const engine::OutboxRow& row, bool redelivered = false);

    // ---- what came out ----
    template <class T>
    std::vector<T> events() const {
        std::vector<T> out;
        for (const auto& [project, event] : all) {
            if (const T* one = std::get_if<T>(&event)) out.push_back(*one);
        }
        return out;
    }
    /// "sent acked status:open" for one command, in order.
    std::string story(std::int64_t command) const;
    std::vector<std::pair<ProjectId, engine::Event>> all;
    std::map<std::uint64_t, std::string> closed;  // by the switchboard: why
    bool sink_open = true;
    /// Changes what the meters' line delivers: segments to deliver instead of one answer.
    std::function<std::vector<Bytes>(Bytes)> distort;
    bool wires_cut = false;  // nothing the switchboard sends arrives

    std::unique_ptr<Switchboard> board;

    // Wires, EventSink
    void send(LinkId link, ByteView bytes) override;
    void close(LinkId link, std::string_view reason) override;
    bool submit(ProjectId project, engine::Event&& event) override;

private:
    struct Delivery {
        Instant at;
        std::uint64_t order;
        LinkId link;
        Bytes bytes;
        bool operator>(const Delivery& b) const {
            return std::tie(at, order) > std::tie(b.at, b.order);
        }
    };
    void advance(Instant wall);

    std::map<std::string, std::unique_ptr<ScriptedMeter>> meters_;
    std::map<ProjectId, ProjectMeters> projects_;
    std::map<std::uint64_t, std::vector<std::string>> lines_;
    std::map<std::uint64_t, dlt645::Scanner> heard_;
    std::map<std::uint64_t, Instant> busy_until_;
    std::priority_queue<Delivery, std::vector<Delivery>, std::greater<>> deliveries_;
    std::uint64_t next_link_ = 1;
    std::uint64_t order_ = 0;
};

}  // namespace mb::headend::testing

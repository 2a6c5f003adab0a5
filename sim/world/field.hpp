// Everything outside the server's wall towards the meters: virtual links with a lossy network,
// gateways, meters and what is wrong with them. Links outlive the server: they dial again when it
// comes back.
#pragma once

#include "headend/switchboard.hpp"
#include "sim/meter/model.hpp"
#include "sim/world/core.hpp"
#include "sim/world/seams.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace mb::sim::world {

/// What a meter showed at a moment: the truth a reading is compared with.
struct Shown {
    Instant at;
    std::int64_t units = 0;  // true total in 10⁻⁴ kWh, never rolled over
    bool relay_open = false;
};

/// The server's side of the links.
struct LinkPorts {
    std::function<bool(headend::LinkId, const std::string& profile)> opened;
    std::function<void(headend::LinkId, const Bytes&)> bytes;
    std::function<void(headend::LinkId)> closed;
    std::function<bool()> up;
};

class Field final : public headend::Wires {
public:
    Field(Core& core, const Seams& seams);

    void connect(LinkPorts ports) { ports_ = std::move(ports); }
    /// Lines dial, each within a second or two.
    void begin();
    /// The server died: every link is gone.
    void server_gone();

    // headend::Wires
    void send(headend::LinkId link, ByteView bytes) override;
    void close(headend::LinkId link, std::string_view reason) override;

    [[nodiscard]] std::size_t meters() const { return meters_.size(); }
    /// Advanced to now.
    meter::MeterModel& meter(std::size_t place);
    /// The last things it showed, oldest first.
    [[nodiscard]] const std::deque<Shown>& shown(std::size_t place) const {
        return meters_[place].shown;
    }
    /// What the registers held when the meter was installed.
    [[nodiscard]] std::int64_t first_units(std::size_t place) const {
        return meters_[place].first_units;
    }

    // ---- faults ----
    void partition(std::size_t line, Duration span);
    void power_cut(std::size_t building, Duration span);
    void set_fault(std::size_t place, const std::function<void(meter::MeterFaults&)>& change);
    [[nodiscard]] std::size_t lines() const { return lines_.size(); }
    [[nodiscard]] std::size_t buildings() const { return (meters_.size() + 9) / 10; }

private:
    struct Point {
        std::unique_ptr<meter::MeterModel> model;
        std::deque<Shown> shown;
        std::int64_t first_units = 0;
    };
    struct Line {
        const LinePlan* plan = nullptr;
        headend::LinkId link;  // 0: not connected
        meter::wire::Scanner scanner;
        Instant cut_until;
        Instant to_field_at;  // last arrival, so that order is kept
        Instant to_server_at;
        int failures = 0;
    };

    void dial_later(std::size_t line, Duration wait);
    void dial(std::size_t line);
    void dial_again(std::size_t line);
    void beat(std::size_t line, headend::LinkId link);
    void arrive(std::size_t line, headend::LinkId link, const Bytes& bytes);
    void answer(std::size_t line, const meter::wire::Frame& frame);
    void show(Point& point, Instant at);
    /// Over the network: `deliver` happens as often and as late as the faults want.
    void carry(Line& line, Instant& last, Duration extra, const std::function<void()>& deliver);
    void to_server(std::size_t line, Bytes bytes, Duration extra);
    [[nodiscard]] std::size_t line_of(headend::LinkId link) const;

    Core& core_;
    const Seams& seams_;
    Random dice_;
    LinkPorts ports_;
    std::vector<Point> meters_;
    std::vector<Line> lines_;
    std::uint64_t last_link_ = 0;
};

}  // namespace mb::sim::world

#include "sim/world/field.hpp"

#include <algorithm>

namespace mb::sim::world {

using headend::LinkId;

namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
constexpr Duration beat_every = Duration::seconds(60);
constexpr Duration shown_kept = Duration::hours(4);  // a gateway keeps a reading for three

Bytes bytes_of(const std::string& text) {
    const ByteView view = as_bytes(text);
    return Bytes(view.begin(), view.end());
}

}  // namespace

Field::Field(Core& core, const Seams& seams)
    : core_(core), seams_(seams), dice_(core.random.split("field")) {
    for (const meter::MeterConfig& config : core_.plant.meters) {
        Point& point = meters_.emplace_back();
        point.model = std::make_unique<meter::MeterModel>(config, core_.plant.start);
        point.first_units = point.model->total().units / 100 * 100;
    }
    for (const LinePlan& plan : core_.plant.lines) {
        lines_.emplace_back().plan = &plan;
    }
}

meter::MeterModel& Field::meter(std::size_t place) {
    meters_[place].model->advance(core_.now());
    return *meters_[place].model;
}

void Field::begin() {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        dial_later(i, Duration::milliseconds(dice_.range(100, 2'000)));
    }
}

// ---- links
// ---------------------------------------------------------------------------------------

void Field::dial_later(std::size_t line, Duration wait) {
    core_.schedule.after(wait, [this, line] { dial(line); });
}

void Field::dial_again(std::size_t line) {
    const std::int64_t longest =
        std::min<std::int64_t>(30'000, 500LL << std::min(lines_[line].failures, 10));
    ++lines_[line].failures;
    dial_later(line, Duration::milliseconds(dice_.range(longest / 2, longest + 200)));
}

void Field::dial(std::size_t at) {
    Line& line = lines_[at];
    if (line.link.value != 0) {
        return;
    }
    const LinkId link{++last_link_};
    if (core_.now() < line.cut_until || !ports_.up()) {
        dial_again(at);
        return;
    }
    line.link = link;
    line.scanner = {};
    if (!ports_.opened(link, line.plan->profile)) {
        line.link = {};
        dial_again(at);
        return;
    }
    line.failures = 0;
    if (!line.plan->id.empty()) {
        to_server(at, bytes_of(line.plan->id + "\r\n"), Duration{});
        core_.schedule.after(beat_every, [this, at, link] { beat(at, link); });
    }
}

void Field::beat(std::size_t at, LinkId link) {
    if (lines_[at].link != link) {
        return;
    }
    to_server(at, lines_[at].plan->profile == "imei" ? Bytes{0} : bytes_of("HB"), Duration{});
    core_.schedule.after(beat_every, [this, at, link] { beat(at, link); });
}

void Field::server_gone() {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        if (lines_[i].link.value != 0) {
            lines_[i].link = {};
            dial_later(i, Duration::milliseconds(dice_.range(500, 5'000)));
        }
    }
}

std::size_t Field::line_of(LinkId link) const {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        if (lines_[i].link == link) {
            return i;
        }
    }
    return nowhere;
}

void Field::close(LinkId link, std::string_view /*reason*/) {
    const std::size_t at = line_of(link);
    if (at != nowhere) {
        lines_[at].link = {};
        dial_again(at);
    }
}

// ---- the network
// ---------------------------------------------------------------------------------

void Field::carry(Line& line, Instant& last, Duration extra, const std::function<void()>& deliver) {
    if (core_.now() < line.cut_until || core_.strikes(Fault::net_loss, dice_, 4'000)) {
        return;
    }
    Duration wait = extra + Duration{dice_.range(2'000, 25'000)};
    if (core_.strikes(Fault::net_delay, dice_, 2'000)) {
        const bool long_one = dice_.chance(50'000);
        wait = wait + Duration::milliseconds(long_one ? dice_.range(10'000, 7'200'000)
                                                      : dice_.range(500, 8'000));
        core_.schedule.after(wait, deliver);  // packets behind it do not wait
        return;
    }
    Instant arrival = core_.now() + wait;
    const bool overtakes = core_.strikes(Fault::net_reorder, dice_, 2'000);
    if (overtakes) {
        arrival = arrival + Duration::milliseconds(dice_.range(30, 900));
    } else {
        arrival = std::max(arrival, last);
        last = arrival;
    }
    core_.schedule.at(arrival, deliver);
    if (core_.strikes(Fault::net_duplication, dice_, 2'000)) {
        core_.schedule.at(arrival + Duration::milliseconds(dice_.range(0, 1'500)), deliver);
    }
}

void Field::to_server(std::size_t at, Bytes bytes, Duration extra) {
    Line& line = lines_[at];
    carry(line, line.to_server_at, extra, [this, link = line.link, bytes = std::move(bytes)] {
        if (line_of(link) != nowhere) {
            ports_.bytes(link, bytes);
        }
    });
}

void Field::send(LinkId link, ByteView bytes) {
    const std::size_t at = line_of(link);
    if (at == nowhere) {
        return;
    }
    carry(lines_[at], lines_[at].to_field_at, Duration{},
          [this, at, link, copy = Bytes(bytes.begin(), bytes.end())] { arrive(at, link, copy); });
}

// ---- meters
// --------------------------------------------------------------------------------------

void Field::arrive(std::size_t at, LinkId link, const Bytes& bytes) {
    Line& line = lines_[at];
    if (line.link != link) {
        return;  // it left on a link that is gone
    }
    line.scanner.feed(bytes);
    while (const auto frame = line.scanner.next()) {
        answer(at, *frame);
    }
}

void Field::answer(std::size_t at, const meter::wire::Frame& frame) {
    for (const std::size_t place : lines_[at].plan->meters) {
        Point& point = meters_[place];
        const bool to_all = frame.address == meter::wire::broadcast;
        if (!to_all && !meter::wire::meant_for(frame.address, point.model->address())) {
            continue;
        }
        const bool muted = point.model->state().faults.mute > 0;
        const bool zeroed = point.model->state().faults.momentary_zero > 0;
        const auto answers = point.model->on_frame(frame, core_.now());
        if (muted && point.model->state().faults.mute == 0) {
            core_.happened(Fault::answer_lost);
        }
        if (zeroed && point.model->state().faults.momentary_zero == 0) {
            core_.happened(Fault::momentary_zero);
        }
        if (!to_all) {
            show(point, core_.now());
        }
        for (const meter::Answer& one : answers) {
            Bytes bytes = one.bytes;
            if (seams_.answer) {
                seams_.answer(bytes);
            }
            to_server(at, std::move(bytes), one.delay);
        }
    }
}

void Field::show(Point& point, Instant at) {
    point.shown.push_back({at, point.model->total().units, point.model->relay().open});
    while (at - point.shown.front().at > shown_kept) {
        point.shown.pop_front();
    }
}

// ---- faults
// --------------------------------------------------------------------------------------

void Field::partition(std::size_t line, Duration span) {
    lines_[line].cut_until = std::max(lines_[line].cut_until, core_.now() + span);
}

void Field::set_fault(std::size_t place, const std::function<void(meter::MeterFaults&)>& change) {
    meter::MeterFaults faults = meters_[place].model->state().faults;
    change(faults);
    meters_[place].model->set_faults(faults, core_.now());
}

void Field::power_cut(std::size_t building, Duration span) {
    const std::size_t from = building * 10;
    const std::size_t to = std::min(from + 10, meters_.size());
    for (std::size_t place = from; place < to; ++place) {
        set_fault(place, [](meter::MeterFaults& f) { f.power_cut = true; });
    }
    core_.schedule.after(span, [this, from, to] {
        for (std::size_t place = from; place < to; ++place) {
            set_fault(place, [](meter::MeterFaults& f) { f.power_cut = false; });
        }
    });
}

}  // namespace mb::sim::world

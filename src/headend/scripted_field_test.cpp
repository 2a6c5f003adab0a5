#include "headend/scripted_field_test.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace mb::headend::testing {

using engine::CommandKind;
using engine::CommandPhase;
using engine::Now;

namespace {

const Zone& shanghai() {
    static const Zone zone = *Zone::find("Asia/Shanghai");
    return zone;
}

}  // namespace

Bytes ScriptedMeter::reply(std::uint8_t control, ByteView data) const {
    return dlt645::Frame::make(*dlt645::Address::parse(address), control, data).encode(2);
}

Bytes ScriptedMeter::energy(std::size_t from, std::size_t to) const {
    Bytes out;
    for (std::size_t i = from; i < to; ++i) {
        std::array<std::uint8_t, 4> value{};
        dlt645::encode_bcd(value, registers[i] / 100);
        out.insert(out.end(), value.begin(), value.end());
    }
    if (bad_digits && from == 0) out[1] = 0xA7;
    return out;
}

std::optional<Bytes> ScriptedMeter::answer(const dlt645::Frame& request, const Now& now) {
    const auto own = *dlt645::Address::parse(address);
    if (request.address.is_broadcast() && request.control.code == 0x08) {
        ++broadcasts;
        clock_ahead = {};
    }
    if (!request.address.matches(own) || request.control.from_meter()) return std::nullopt;
    seen.push_back(request.control.code);
    if (moves_at && now.wall >= moves_at) {
        relay_open = commanded_open;
        moves_at = {};
    }
    if (dead) return std::nullopt;
    const auto muted = std::ranges::find(mute, request.control.code);
    const bool silent = muted != mute.end();
    if (silent) mute.erase(muted);
    std::optional<Bytes> out;
    switch (request.control.code) {
        case 0x13: out = reply(0x93, own.bytes); break;
        case 0x11:
        case 0x12: out = read(request, now); break;
        case 0x1C: out = relay(request, now); break;
        case 0x14:
            ++clock_writes;
            clock_ahead = {};
            out = reply(0x94, {});
            break;
        default: break;
    }
    return silent ? std::nullopt : out;
}

std::optional<Bytes> ScriptedMeter::read(const dlt645::Frame& request, const Now& now) {
    const auto id = dlt645::DataId::from_wire(request.data().first(4));
    Bytes data(request.data().begin(), request.data().begin() + 4);
    const auto append = [&](ByteView bytes) {
        data.insert(data.end(), bytes.begin(), bytes.end());
    };
    const auto no_such_data = [&] { return reply(0xD1, Bytes{0x02}); };
    if (request.control.code == 0x12) {
        append(energy(2, registers.size()));
        data.push_back(request.data()[4]);
        return reply(0x92, data);
    }
    const LocalTime local = shanghai().local(now.business + clock_ahead);
    const auto second = dlt645::encode_second(local);
    if (id == dlt645::data_id::forward_energy_block) {
        if (no_block) return no_such_data();
        append(energy(0, parts ? 2 : registers.size()));
        return reply(parts ? 0xB1 : 0x91, data);
    }
    if (id == dlt645::data_id::forward_energy) {
        append(energy(0, 1));
    } else if (id == dlt645::data_id::status_word_3) {
        const int word =
            (relay_open ? 0x10 : 0) | (commanded_open ? 0x40 : 0) | (keep_power ? 0x1000 : 0);
        append(Bytes{static_cast<std::uint8_t>(word), static_cast<std::uint8_t>(word >> 8)});
    } else if (id == dlt645::data_id::active_power) {
        append(relay_open ? Bytes{0, 0, 0} : Bytes{0x50, 0x21, 0x00});  // 0.2150 kW
    } else if (id == dlt645::data_id::clock) {
        if (no_clock_id) return no_such_data();
        append(ByteView(second).first(3));
        append(Bytes{0});
        append(ByteView(second).subspan(3));
    } else if (id == dlt645::data_id::date) {
        append(Bytes{0});
        append(ByteView(second).subspan(3));
    } else if (id == dlt645::data_id::time_of_day) {
        append(ByteView(second).first(3));
    } else {
        return no_such_data();
    }
    return reply(0x91, data);
}

Bytes ScriptedMeter::relay(const dlt645::Frame& request, const Now& now) {
    relay_data.emplace_back(request.data().begin(), request.data().end());
    if (refuse_word != 0) {
        return reply(0xDC, Bytes{static_cast<std::uint8_t>(refuse_word),
                                 static_cast<std::uint8_t>(refuse_word >> 8)});
    }
    if (!stuck) {
        commanded_open = request.data()[8] == 0x1A;
        moves_at = now.wall + relay_delay;
        if (relay_delay == Duration{}) {
            if (request.data()[8] != 0x1B) relay_open = commanded_open;
            moves_at = {};
        }
    }
    return reply(0x9C, {});
}

// ---- field -----------------------------------------------------------------------------------

Field::Field(HeadendSettings settings, std::int32_t speed) {
    now.wall = *parse_rfc3339("2026-11-20T01:30:00Z");
    now.business = *parse_rfc3339("2026-11-20T01:30:00Z");  // 09:30 on site
    now.speed = speed;
    board = std::make_unique<Switchboard>(settings, LinkProfiles::built_in(), *this, *this);
}

ScriptedMeter& Field::add_meter(const std::string& address, MeterId id, const std::string& profile,
                                const std::string& link_id, ProjectId project) {
    engine::Meter meter;
    meter.id = id;
    meter.service_point = ServicePointId{id.value};
    meter.link.profile = profile;
    meter.link.address = address;
    meter.link.imei = profile == "imei" ? link_id : "";
    meter.link.gateway = profile.starts_with("gateway") ? link_id : "";
    meter.link.password = "02123456";
    projects_[project].meters.push_back(meter);
    auto& out = meters_[address];
    out = std::make_unique<ScriptedMeter>();
    out->address = address;
    configure();
    return *out;
}

void Field::configure() {
    for (const auto& [project, meters] : projects_) board->configure(project, meters, now);
}

LinkId Field::dial(const std::string& profile, const std::vector<std::string>& addresses,
                   const std::string& hello) {
    const LinkId link{next_link_++};
    lines_[link.value] = addresses;
    if (!board->opened(link, profile, "192.0.2.1:" + std::to_string(link.value), now)) {
        closed[link.value] = "refused";
    } else if (!hello.empty()) {
        board->bytes(link, as_bytes(hello), now);
    }
    return link;
}

void Field::hang_up(LinkId link) {
    lines_.erase(link.value);
    board->closed(link, now);
}

void Field::send(LinkId link, ByteView bytes) {
    if (wires_cut) return;
    dlt645::Scanner& scanner = heard_[link.value];
    scanner.feed(bytes);
    while (const auto found = scanner.next_frame()) {
        for (const std::string& address : lines_[link.value]) {
            ScriptedMeter& meter = *meters_.at(address);
            auto answer = meter.answer(found->frame, now);
            if (!answer) continue;
            Instant at = std::max(now.wall, busy_until_[link.value]) + meter.latency;
            busy_until_[link.value] = at;
            auto parts = distort ? distort(*answer) : std::vector<Bytes>{*answer};
            for (Bytes& part : parts) {
                deliveries_.push({at, order_++, link, std::move(part)});
            }
        }
    }
}

void Field::close(LinkId link, std::string_view reason) {
    closed[link.value] = reason;
    lines_.erase(link.value);
}

bool Field::submit(ProjectId project, engine::Event&& event) {
    if (!sink_open) return false;
    all.emplace_back(project, std::move(event));
    return true;
}

void Field::advance(Instant wall) {
    const Duration step = wall - now.wall;
    if (step <= Duration{}) return;
    now.business = now.business + step * now.speed;
    now.wall = wall;
}

void Field::run(Duration wall) {
    const Instant end = now.wall + wall;
    for (int guard = 0; guard < 5'000'000; ++guard) {
        const Instant timer = board->next_timer();
        const Instant delivery = deliveries_.empty() ? timer : deliveries_.top().at;
        const Instant next = std::min(timer, delivery);
        if (next > end) {
            advance(end);
            return;
        }
        advance(next);
        if (!deliveries_.empty() && delivery <= timer) {
            const Delivery due = deliveries_.top();
            deliveries_.pop();
            if (lines_.contains(due.link.value)) board->bytes(due.link, due.bytes, now);
        } else {
            board->timer(now);
        }
    }
    CHECK_MSG(false, "the field does not come to rest");
}

engine::OutboxRow Field::task(std::int64_t command, CommandKind kind, MeterId meter,
                              std::int32_t attempt, Duration deadline) const {
    engine::OutboxRow row;
    row.id = OutboxId{command * 10 + attempt};
    row.kind = kind == CommandKind::read ? engine::TaskKind::read : engine::TaskKind::relay;
    row.command = CommandId{command};
    row.command_kind = kind;
    row.attempt = attempt;
    row.meter = meter;
    row.deadline = now.business + deadline;
    return row;
}

void Field::submit(const engine::OutboxRow& row, bool redelivered) {
    board->submit(ProjectId{1}, row, redelivered, now);
}

std::string Field::story(std::int64_t command) const {
    std::string out;
    const auto add = [&](const std::string& word) { out += (out.empty() ? "" : " ") + word; };
    for (const auto& [project, event] : all) {
        if (const auto* report = std::get_if<engine::CommandReported>(&event)) {
            if (report->command.value != command) continue;
            add(std::string(enum_text(report->phase)) +
                (report->code.empty() ? "" : ":" + report->code));
        } else if (const auto* status = std::get_if<engine::StatusRead>(&event)) {
            if (status->command.value == command)
                add(status->relay_open ? "status:open" : "status:closed");
        }
    }
    return out;
}

}  // namespace mb::headend::testing

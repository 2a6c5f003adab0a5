#include "codec/dlt645/explain.hpp"

#include <algorithm>
#include <array>

#include "codec/dlt645/relay.hpp"

namespace mb::codec::dlt645 {

const Attribute* Explanation::find(std::string_view attribute) const {
    const auto found = std::ranges::find(attributes, attribute, &Attribute::name);
    return found == attributes.end() ? nullptr : &*found;
}

namespace {

constexpr std::size_t id_size = 4;
constexpr std::size_t credentials_size = 8;

void add(Explanation& out, std::string_view name, Attribute::Fact fact) {
    out.attributes.push_back({name, std::move(fact)});
}

void add_raw(Explanation& out, ByteView bytes) { add(out, "raw", hex(bytes)); }

/// The data do not have the form of this function.
void spoil(Explanation& out, ByteView data) {
    out.problems.push_back(Problem::bad_length);
    add_raw(out, data);
}

std::string high_first(ByteView low_first) {
    return hex(Bytes(low_first.rbegin(), low_first.rend()));
}

void add_time(Explanation& out, std::string_view name, const Field<LocalTime>& time) {
    add(out, name, time.value ? Attribute::Fact(iso_text(*time.value)) : Attribute::Fact());
    if (!time.ok()) {
        out.problems.push_back(time.problem);
    }
}

/// Level and operator; the password itself is not told, since output gets pasted into tickets.
void add_credentials(Explanation& out, ByteView bytes) {
    add(out, "password_level", hex(bytes.first(1)));
    add(out, "operator", high_first(bytes.subspan(4, 4)));
}

void explain_relay(ByteView data, Explanation& out) {
    constexpr std::size_t plain = credentials_size + 8;
    if (data.size() < plain) {
        spoil(out, data);
        return;
    }
    const ByteView body = data.subspan(credentials_size);
    if (data.size() != plain) {
        add_credentials(out, data);
        const bool ciphertext = data[0] == 0x98;
        add(out, ciphertext ? "ciphertext" : "raw", hex(body));
        if (!ciphertext) {
            out.problems.push_back(Problem::bad_length);
        }
        return;
    }
    const std::string_view name = relay_action_name(RelayAction(body[0]));
    add(out, "command", name.empty() ? Attribute::Fact() : Attribute::Fact(std::string(name)));
    add(out, "command_code", hex(body.first(1)));
    if (name.empty()) {
        out.problems.push_back(Problem::unknown_code);
    }
    add_credentials(out, data);
    if (body[1] != 0) {
        add(out, "command_parameter", hex(body.subspan(1, 1)));
    }
    add_time(out, "deadline", decode_deadline(body.subspan(2)));
}

void explain_read(ByteView data, Explanation& out) {
    constexpr std::size_t profile = id_size + 6;
    if (data.size() != id_size && data.size() != id_size + 1 && data.size() != profile) {
        spoil(out, data);
        return;
    }
    out.items.push_back(name_item(DataId::from_wire(data.first(id_size))));
    if (data.size() > id_size) {
        const Field<std::int64_t> count = decode_bcd(data.subspan(id_size, 1));
        add(out, "block_count", count.value ? Attribute::Fact(*count.value) : Attribute::Fact());
        if (!count.ok()) {
            out.problems.push_back(count.problem);
        }
    }
    if (data.size() == profile) {
        add_time(out, "from_time", decode_minute(data.last(5)));
    }
}

void explain_read_next(ByteView data, Explanation& out) {
    if (data.size() != id_size + 1) {
        spoil(out, data);
        return;
    }
    out.items.push_back(name_item(DataId::from_wire(data.first(id_size))));
    add(out, "sequence", std::int64_t{data.back()});
}

void explain_write(ByteView data, Explanation& out) {
    if (data.size() < id_size + credentials_size) {
        spoil(out, data);
        return;
    }
    add_credentials(out, data.subspan(id_size));
    out.items.push_back(decode_item(DataId::from_wire(data.first(id_size)),
                                    data.subspan(id_size + credentials_size)));
}

void explain_security(ByteView data, Explanation& out) {
    if (data.size() < id_size + 4) {
        spoil(out, data);
        return;
    }
    add(out, "operator", high_first(data.subspan(id_size, 4)));
    Item item = name_item(DataId::from_wire(data.first(id_size)));
    item.attributes.push_back({"raw", hex(data.subspan(id_size + 4))});
    out.items.push_back(std::move(item));
}

void explain_address(ByteView data, Explanation& out) {
    if (data.size() != 6) {
        spoil(out, data);
        return;
    }
    add(out, "meter_address", high_first(data));
}

/// Written MMDDhhmm; 99 in front stands for every month, day, hour.
void explain_freeze(ByteView data, Explanation& out) {
    if (data.size() != 4) {
        spoil(out, data);
        return;
    }
    const std::string when = high_first(data);
    std::string kind = "at";
    for (const auto& [prefix, name] : {std::pair{"99999999", "now"},
                                       {"999999", "hourly"},
                                       {"9999", "daily"},
                                       {"99", "monthly"}}) {
        if (when.starts_with(prefix)) {
            kind = name;
            break;
        }
    }
    add(out, "freeze", kind);
    add(out, "freeze_at", when);
}

void explain_baud(ByteView data, Explanation& out) {
    if (data.size() != 1) {
        spoil(out, data);
        return;
    }
    for (int bit = 1; bit <= 6; ++bit) {
        if (data[0] == 1 << bit) {
            add(out, "baud", std::int64_t{300} << bit);
            return;
        }
    }
    add(out, "baud", {});
    out.problems.push_back(Problem::unknown_code);
    add_raw(out, data);
}

void explain_password(ByteView data, Explanation& out) {
    if (data.size() != id_size + 8) {
        spoil(out, data);
        return;
    }
    out.items.push_back(name_item(DataId::from_wire(data.first(id_size))));
    add(out, "password_level", hex(data.subspan(id_size, 1)));
    add(out, "new_password_level", hex(data.subspan(id_size + 4, 1)));
}

void explain_clear(ByteView data, bool with_event, Explanation& out) {
    if (data.size() != credentials_size + (with_event ? id_size : 0)) {
        spoil(out, data);
        return;
    }
    add_credentials(out, data);
    if (with_event) {
        add(out, "event", high_first(data.last(id_size)));
    }
}

void explain_unknown(ByteView data, Explanation& out) {
    out.problems.push_back(Problem::unknown_code);
    add_raw(out, data);
}

void explain_request(const Frame& frame, Explanation& out) {
    const ByteView data = frame.data();
    if ((frame.control.code & 0x60) != 0) {
        explain_unknown(data, out);  // error and follow-on bits have no meaning in a request
        return;
    }
    switch (frame.control.function()) {
        case Function::security: explain_security(data, out); return;
        case Function::broadcast_time: add_time(out, "time", decode_second(data)); return;
        case Function::read: explain_read(data, out); return;
        case Function::read_next: explain_read_next(data, out); return;
        case Function::read_address:
            if (!data.empty()) {
                spoil(out, data);
            }
            return;
        case Function::write: explain_write(data, out); return;
        case Function::set_address: explain_address(data, out); return;
        case Function::freeze: explain_freeze(data, out); return;
        case Function::change_baud: explain_baud(data, out); return;
        case Function::change_password: explain_password(data, out); return;
        case Function::clear_demand:
        case Function::clear_meter: explain_clear(data, false, out); return;
        case Function::clear_events: explain_clear(data, true, out); return;
        case Function::relay: explain_relay(data, out); return;
    }
    explain_unknown(data, out);
}

void explain_error(const ErrorReply& reply, ByteView data, Explanation& out) {
    out.errors = error_names(reply);
    add(out, "error_raw", high_first(data));
}

/// A positive answer that carries no value: most have no data, some do.
void explain_ack(Function function, ByteView data, Explanation& out) {
    if (function == Function::change_baud && data.size() == 1) {
        explain_baud(data, out);
    } else if (function == Function::security && data.size() >= id_size) {
        Item item = name_item(DataId::from_wire(data.first(id_size)));
        item.attributes.push_back({"raw", hex(data.subspan(id_size))});
        out.items.push_back(std::move(item));
    } else if (!data.empty()) {
        add_raw(out, data);
    }
}

}  // namespace

void Explainer::explain_read_reply(const Address& from, const ReadReply& part, Explanation& out) {
    if (part.sequence != 0) {
        add(out, "sequence", std::int64_t{part.sequence});
    }
    if (part.more || part.sequence != 0) {
        add(out, "more", part.more);
    }
    const bool first = part.sequence == 0;
    if (first) {
        join_.emplace();
        join_from_ = from;
        shown_ = 0;
    }
    const bool joined = join_ && join_from_ == from && join_->add(part).has_value();
    if (!joined || find_identifier(part.id) == nullptr) {
        // Without the parts before nobody can tell which values these are.
        Item item = name_item(part.id);
        item.attributes.push_back({"raw", hex(part.value)});
        out.items.push_back(std::move(item));
        return;
    }
    out.items.push_back(decode_item(part.id, join_->whole().value, {part.more, shown_}));
    shown_ += out.items.back().values.size() + out.items.back().words.size();
}

void Explainer::explain_reply(const Frame& frame, Explanation& out) {
    const Result<Reply> reply = decode_reply(frame);
    if (!reply) {
        const bool length = reply.error().code == "dlt645.reply_length";
        out.problems.push_back(length ? Problem::bad_length : Problem::unknown_code);
        add_raw(out, frame.data());
        return;
    }
    if (const auto* read = std::get_if<ReadReply>(&*reply)) {
        explain_read_reply(frame.address, *read, out);
    } else if (const auto* refused = std::get_if<ErrorReply>(&*reply)) {
        explain_error(*refused, frame.data(), out);
    } else if (std::holds_alternative<AddressReply>(*reply)) {
        explain_address(frame.data(), out);
    } else {
        explain_ack(frame.control.function(), frame.data(), out);
    }
}

namespace {

/// A frame with one time or one relay repeats it, so that a script need not search the items.
void lift(Explanation& out) {
    for (const std::string_view name : {"time", "relay_state"}) {
        const Attribute* only = nullptr;
        int count = 0;
        for (const Item& item : out.items) {
            if (const Attribute* found = item.find(name)) {
                only = found;
                ++count;
            }
        }
        if (count == 1 && out.find(name) == nullptr) {
            out.attributes.push_back(*only);
        }
    }
}

}  // namespace

Explanation Explainer::explain(const Frame& frame) {
    Explanation out;
    out.is_error_reply = frame.control.from_meter() && frame.control.is_error();
    if (frame.control.from_meter()) {
        explain_reply(frame, out);
    } else {
        explain_request(frame, out);
    }
    lift(out);
    return out;
}

}  // namespace mb::codec::dlt645

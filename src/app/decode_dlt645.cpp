#include "app/decode_dlt645.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace mb::app {

namespace dlt645 = codec::dlt645;
using dlt645::Attribute;
using dlt645::BadFrame;
using dlt645::Item;
using dlt645::Problem;
using dlt645::Value;

bool DecodedLine::good() const {
    return !frames.empty() && std::ranges::all_of(frames, [](const auto& frame) {
        return std::holds_alternative<ExplainedFrame>(frame);
    });
}

DecodedLine decode_dlt645(ByteView bytes) {
    DecodedLine out;
    dlt645::Scanner scanner;
    dlt645::Explainer explainer;
    scanner.feed(bytes);
    scanner.flush();
    while (auto event = scanner.next()) {
        if (auto* found = std::get_if<dlt645::FoundFrame>(&*event)) {
            out.frames.emplace_back(ExplainedFrame{*found, explainer.explain(found->frame)});
        } else if (auto* bad = std::get_if<BadFrame>(&*event)) {
            out.frames.emplace_back(*bad);
        } else {
            out.garbage.push_back(std::get<dlt645::Garbage>(*event));
        }
    }
    return out;
}

namespace {

std::string byte_hex(std::uint8_t byte) { return hex(ByteView(&byte, 1)); }

std::string word_hex(std::uint16_t word) {
    return byte_hex(static_cast<std::uint8_t>(word >> 8)) +
           byte_hex(static_cast<std::uint8_t>(word));
}

// ---- JSON
// ----------------------------------------------------------------------------------------

/// One object, member by member; members that do not apply are left out.
class ObjectWriter {
public:
    explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
    ~ObjectWriter() { out_ += '}'; }
    ObjectWriter(const ObjectWriter&) = delete;
    ObjectWriter& operator=(const ObjectWriter&) = delete;

    std::string& key(std::string_view name) {
        out_ += first_ ? "" : ",";
        first_ = false;
        append_json(out_, name);
        out_ += ':';
        return out_;
    }
    template <class T>
    void member(std::string_view name, const T& value) {
        append_json(key(name), value);
    }
    void attribute(const Attribute& attribute) {
        std::visit(
            [&](const auto& fact) {
                if constexpr (std::is_same_v<std::decay_t<decltype(fact)>, std::monostate>) {
                    key(attribute.name) += "null";
                } else {
                    member(attribute.name, fact);
                }
            },
            attribute.fact);
    }
    void attributes(const std::vector<Attribute>& all) {
        for (const Attribute& one : all) {
            attribute(one);
        }
    }
    void problem(Problem problem) {
        if (problem != Problem::none) {
            member("problem", dlt645::problem_name(problem));
        }
    }

private:
    std::string& out_;
    bool first_ = true;
};

template <class List, class F>
void append_list(std::string& out, const List& list, F append) {
    out += '[';
    bool first = true;
    for (const auto& element : list) {
        out += first ? "" : ",";
        first = false;
        append(out, element);
    }
    out += ']';
}

void append_value(std::string& out, const Value& value) {
    ObjectWriter object(out);
    object.member("name", value.name);
    object.member("value", value.text);
    object.member("unit", value.unit);
    object.attributes(value.attributes);
    object.problem(value.problem);
}

void append_bits(ObjectWriter& object, const dlt645::StatusWord& word) {
    object.member("raw", word.raw ? std::optional(word_hex(*word.raw)) : std::nullopt);
    ObjectWriter bits(object.key("bits"));
    for (const auto& [name, on] : word.bits) {
        bits.member(name, on);
    }
}

void append_word(std::string& out, const dlt645::StatusWord& word) {
    ObjectWriter object(out);
    object.member("word", word.word);
    append_bits(object, word);
}

void append_item(std::string& out, const Item& item) {
    ObjectWriter object(out);
    object.member("id", item.id.text());
    object.member("name", item.name);
    append_list(object.key("values"), item.values, append_value);
    object.attributes(item.attributes);
    if (item.id == dlt645::data_id::status_words) {
        append_list(object.key("words"), item.words, append_word);
    } else if (!item.words.empty()) {
        append_bits(object, item.words.front());
    }
    object.problem(item.problem);
}

void append_frame(ObjectWriter& object, const ExplainedFrame& frame) {
    const dlt645::Control control = frame.found.frame.control;
    object.member("valid", true);
    object.member("position", frame.found.position);
    object.member("address", frame.found.frame.address.text());
    object.member("control", byte_hex(control.code));
    object.member("direction", control.from_meter() ? "reply" : "request");
    object.member("function", dlt645::function_name(control.function()));
    append_list(object.key("items"), frame.meaning.items, append_item);
    object.attributes(frame.meaning.attributes);
    if (frame.meaning.is_error_reply) {
        append_list(object.key("errors"), frame.meaning.errors,
                    [](std::string& out, std::string_view name) { append_json(out, name); });
    }
    if (!frame.meaning.problems.empty()) {
        append_list(object.key("problems"), frame.meaning.problems,
                    [](std::string& out, Problem problem) {
                        append_json(out, dlt645::problem_name(problem));
                    });
    }
}

void append_frame(ObjectWriter& object, const BadFrame& bad) {
    object.member("valid", false);
    ObjectWriter error(object.key("error"));
    error.member("code", dlt645::fault_code(bad.fault));
    error.member("position", bad.position);
    error.member("length", bad.length);
    if (bad.fault != dlt645::FrameFault::truncated) {
        error.member("expected", byte_hex(bad.expected));
        error.member("found", byte_hex(bad.found));
    }
}

void append_any_frame(ObjectWriter& object, const auto& frame) {
    std::visit([&](const auto& one) { append_frame(object, one); }, frame);
}

void append_garbage(std::string& out, const dlt645::Garbage& garbage) {
    ObjectWriter object(out);
    object.member("position", garbage.position);
    object.member("length", garbage.length);
}

}  // namespace

std::string dlt645_json(const DecodedLine& line) {
    std::string out;
    {
        ObjectWriter object(out);
        if (line.frames.empty()) {
            object.member("valid", false);
            ObjectWriter error(object.key("error"));
            error.member("code", "dlt645.no_frame");
            error.member("position", 0);
        } else if (line.frames.size() == 1) {
            append_any_frame(object, line.frames.front());
        } else {
            append_list(object.key("frames"), line.frames,
                        [](std::string& list, const auto& frame) {
                            ObjectWriter element(list);
                            append_any_frame(element, frame);
                        });
        }
        if (!line.garbage.empty()) {
            append_list(object.key("garbage"), line.garbage, append_garbage);
        }
    }
    return out;
}

// ---- table
// ---------------------------------------------------------------------------------------

namespace {

std::string fact_text(const Attribute::Fact& fact) {
    if (const auto* text = std::get_if<std::string>(&fact)) {
        return *text;
    }
    if (const auto* number = std::get_if<std::int64_t>(&fact)) {
        return std::to_string(*number);
    }
    if (const auto* flag = std::get_if<bool>(&fact)) {
        return *flag ? "yes" : "no";
    }
    return "none";
}

void append_row(std::string& out, int indent, std::string_view name, std::string_view text) {
    constexpr std::size_t column = 26;
    std::string row(static_cast<std::size_t>(indent), ' ');
    row += name;
    row.resize(std::max(row.size() + 1, column), ' ');
    out += row;
    out += text;
    out += '\n';
}

void append_rows(std::string& out, int indent, const std::vector<Attribute>& attributes) {
    for (const Attribute& one : attributes) {
        append_row(out, indent, one.name, fact_text(one.fact));
    }
}

void append_problem_row(std::string& out, int indent, Problem problem) {
    if (problem != Problem::none) {
        append_row(out, indent, "problem", dlt645::problem_name(problem));
    }
}

std::string value_text(const Value& value) {
    std::string out = value.text.value_or(value.unit == "time" ? "" : "not available");
    if (value.text && !value.unit.empty() && value.unit != "text" && value.unit != "hex" &&
        value.unit != "digits") {
        out += ' ';
        out += value.unit;
    }
    for (const Attribute& one : value.attributes) {
        out += out.empty() ? "" : "  ";
        out += std::string(one.name) + ' ' + fact_text(one.fact);
    }
    if (value.problem != Problem::none) {
        out += "  ! " + std::string(dlt645::problem_name(value.problem));
    }
    return out;
}

void append_item_rows(std::string& out, const Item& item) {
    out += "  " + item.id.text() + ' ' + std::string(item.name) + ' ' + std::string(item.zh) + '\n';
    for (const Value& value : item.values) {
        append_row(out, 4, value.name, value_text(value));
    }
    append_rows(out, 4, item.attributes);
    for (const dlt645::StatusWord& word : item.words) {
        append_row(out, 4, "word " + std::to_string(word.word),
                   word.raw ? word_hex(*word.raw) : "not available");
        for (const auto& [name, on] : word.bits) {
            append_row(out, 6, name, on ? "yes" : "no");
        }
    }
    append_problem_row(out, 4, item.problem);
}

void append_frame_rows(std::string& out, const ExplainedFrame& frame) {
    const dlt645::Control control = frame.found.frame.control;
    out += "byte " + std::to_string(frame.found.position) + ": " +
           std::string(dlt645::function_name(control.function())) +
           (control.from_meter() ? " reply" : " request") + ", control " + byte_hex(control.code) +
           ", address " + frame.found.frame.address.text() + '\n';
    for (const Item& item : frame.meaning.items) {
        append_item_rows(out, item);
    }
    for (const Attribute& one : frame.meaning.attributes) {
        if (one.name != "relay_state" && !(one.name == "time" && !frame.meaning.items.empty())) {
            append_row(out, 2, one.name, fact_text(one.fact));
        }
    }
    for (const std::string_view name : frame.meaning.errors) {
        append_row(out, 2, "refused", name);
    }
    for (const Problem problem : frame.meaning.problems) {
        append_problem_row(out, 2, problem);
    }
}

void append_frame_rows(std::string& out, const BadFrame& bad) {
    out += "byte " + std::to_string(bad.position) + ": BAD FRAME, " +
           std::string(dlt645::fault_code(bad.fault));
    if (bad.fault != dlt645::FrameFault::truncated) {
        out += ", expected " + byte_hex(bad.expected) + ", found " + byte_hex(bad.found);
    }
    out += ", " + std::to_string(bad.length) + " bytes\n";
}

}  // namespace

std::string dlt645_table(const DecodedLine& line) {
    std::string out;
    for (const auto& frame : line.frames) {
        std::visit([&](const auto& one) { append_frame_rows(out, one); }, frame);
    }
    for (const dlt645::Garbage& garbage : line.garbage) {
        out += "byte " + std::to_string(garbage.position) +
               ": outside of any frame, skipped: " + std::to_string(garbage.length) + '\n';
    }
    if (line.frames.empty()) {
        out += "no frame found\n";
    }
    return out;
}

}  // namespace mb::app

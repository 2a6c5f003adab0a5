#include "api/parameters.hpp"

#include "base/decimal.hpp"

namespace mb::api {

Error invalid(std::string_view field, std::string_view reason) {
    return error("request.invalid")
        .with("field", std::string(field))
        .with("reason", std::string(reason));
}

Error invalid_body(std::string_view pointer, std::string_view reason) {
    return error("request.invalid")
        .with("pointer", std::string(pointer))
        .with("reason", std::string(reason));
}

Result<std::int64_t> number_parameter(const net::HttpRequest& request, std::string_view name,
                                      std::int64_t otherwise, std::int64_t least,
                                      std::int64_t most) {
    const auto text = request.parameter(name);
    if (!text) return otherwise;
    const auto value = parse_decimal(*text, 0);
    if (!value || *value < least || *value > most) return fail(invalid(name, "out_of_range"));
    return *value;
}

Result<std::string> text_parameter(const net::HttpRequest& request, std::string_view name,
                                   std::size_t characters_max) {
    auto text = request.parameter(name);
    if (!text) return std::string();
    if (characters(*text) > characters_max) return fail(invalid(name, "too_long"));
    return std::move(*text);
}

Result<std::optional<bool>> choice_parameter(const net::HttpRequest& request, std::string_view name,
                                             std::string_view yes, std::string_view no) {
    const auto text = request.parameter(name);
    if (!text) return std::optional<bool>();
    if (*text != yes && *text != no) return fail(invalid(name, "unknown_value"));
    return std::optional<bool>(*text == yes);
}

std::int64_t id_of(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return 0;
    return parse_decimal(text, 0).value_or(0);
}

bool is_utf8(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
        const auto lead = static_cast<unsigned char>(text[i]);
        std::size_t more = 0;
        std::uint32_t code = lead;
        if (lead >= 0xF5 || (lead >= 0x80 && lead < 0xC2)) return false;
        if (lead >= 0xF0) {
            more = 3;
            code = lead & 0x07U;
        } else if (lead >= 0xE0) {
            more = 2;
            code = lead & 0x0FU;
        } else if (lead >= 0xC2) {
            more = 1;
            code = lead & 0x1FU;
        }
        if (i + more >= text.size()) return false;
        for (std::size_t k = 1; k <= more; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xC0U) != 0x80U) return false;
            code = (code << 6) | (next & 0x3FU);
        }
        const bool overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
        if (overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
        i += more + 1;
    }
    return true;
}

std::size_t characters(std::string_view text) {
    std::size_t out = 0;
    for (const char c : text) {
        if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++out;
    }
    return out;
}

}  // namespace mb::api

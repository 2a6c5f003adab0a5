#include "app/configuration.hpp"

#include "base/json.hpp"

#include <toml++/toml.h>
#include <functional>
#include <map>

namespace mb::app {

namespace {

struct Key {
    std::function<Result<void>(const toml::node&, ServerOptions&)> set;
};

Key text(std::function<void(ServerOptions&, std::string)> put) {
    return {[put](const toml::node& node, ServerOptions& options) -> Result<void> {
        const auto value = node.value_exact<std::string>();
        if (!value) {
            return fail("config.wrong_type");
        }
        put(options, *value);
        return {};
    }};
}

Key port(std::function<void(ServerOptions&, std::uint16_t)> put) {
    return {[put](const toml::node& node, ServerOptions& options) -> Result<void> {
        const auto value = node.value_exact<std::int64_t>();
        if (!value) {
            return fail("config.wrong_type");
        }
        if (*value < 0 || *value > 65'535) {
            return fail("config.out_of_range");
        }
        put(options, static_cast<std::uint16_t>(*value));
        return {};
    }};
}

const std::map<std::string, Key>& keys() {
    using O = ServerOptions;
    static const std::map<std::string, Key> all{
        {"http.address", text([](O& o, std::string v) { o.http_address = std::move(v); })},
        {"http.port", port([](O& o, std::uint16_t v) { o.http_port = v; })},
        {"http.public_url", text([](O& o, std::string v) { o.public_url = std::move(v); })},
        {"http.console", text([](O& o, std::string v) { o.console = std::move(v); })},
        {"meters.address", text([](O& o, std::string v) { o.meter_address = std::move(v); })},
        {"meters.imei_port", port([](O& o, std::uint16_t v) { o.imei_port = v; })},
        {"meters.plain_port", port([](O& o, std::uint16_t v) { o.plain_port = v; })},
        {"meters.gateway_port", port([](O& o, std::uint16_t v) { o.gateway_port = v; })},
        {"meters.link_profiles", text([](O& o, std::string v) { o.link_profiles = std::move(v); })},
    };
    return all;
}

Result<void> set(const std::string& name, const toml::node& node, ServerOptions& options) {
    const auto found = keys().find(name);
    if (found == keys().end()) {
        std::vector<std::string> names;
        for (const auto& [known, key] : keys()) {
            names.push_back(known);
        }
        return fail(error("config.unknown_key")
                        .with("key", name)
                        .with("did_you_mean", did_you_mean(name, names)));
    }
    auto result = found->second.set(node, options);
    if (!result) {
        return fail(std::move(result.error()).with("key", name));
    }
    return {};
}

Result<void> walk(const toml::table& table, const std::string& prefix, ServerOptions& options) {
    for (const auto& [key, node] : table) {
        const std::string name = prefix + std::string(key.str());
        if (const auto* inner = node.as_table()) {
            TRY_VOID(walk(*inner, name + ".", options));
        } else {
            TRY_VOID(set(name, node, options));
        }
    }
    return {};
}

}  // namespace

Result<void> apply_configuration(std::string_view text, ServerOptions& options) {
    try {
        TRY_VOID(walk(toml::parse(text), "", options));
    } catch (const toml::parse_error& why) {
        return fail(error("config.malformed")
                        .with("line", std::to_string(why.source().begin.line))
                        .with("why", std::string(why.description())));
    }
    const bool loopback = options.http_address.starts_with("127.") || options.http_address == "::1";
    if (!loopback && !options.demo) {
        return fail(error("config.plain_http").with("address", options.http_address));
    }
    return {};
}

}  // namespace mb::app

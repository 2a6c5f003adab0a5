// `meterbook demo`: the server, the fleet of virtual meters and the sandbox channel, each a process
// of its own, over one campus that goes on from where it stood.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>

namespace mb::app {

struct DemoCommandOptions {
    std::filesystem::path data = "var/demo";
    std::string store = "sqlite";  // or where PostgreSQL is, see store/open_store.hpp
    std::filesystem::path console = "web/console/dist";
    std::int32_t speed = 60;  // 1 … 120
    std::int32_t meters = 200;
    std::uint16_t port = 8080;
    bool fleet = true;  // tests may bring meters of their own
};

int run_demo(const DemoCommandOptions& options, std::ostream& out, std::ostream& err);

}  // namespace mb::app

// The server: store, writer, head-end, payment channels and API wired together in one process.
#pragma once

#include "app/business_clock.hpp"
#include "base/result.hpp"
#include "engine/events.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mb::app {

/// A payment channel of the demo; real channels are rows of their own (a later capability).
struct SandboxSettings {
    std::string base_url;
    std::string secret;
};

struct ServerOptions {
    std::filesystem::path data;     // exists
    std::string store = "sqlite";   // as store/open_store.hpp takes it
    std::filesystem::path console;  // web/console/dist; "" = API only
    std::string http_address = "127.0.0.1";
    std::uint16_t http_port = 8080;  // 0: any
    std::string meter_address = "127.0.0.1";
    std::uint16_t imei_port = 0;  // head-end listeners by link profile; 0: any
    std::uint16_t plain_port = 0;
    std::uint16_t gateway_port = 0;
    std::filesystem::path link_profiles;  // folder; "" = the built-in ones
    std::string public_url;               // of callbacks; "" = http://address:port
    bool demo = false;                    // sign-in codes are shown; plain http cookies
    BusinessClock clock;
    std::optional<SandboxSettings> sandbox;
    bool save_clock = false;  // clock.json in the data folder, each wall second
};

struct ServerPorts {
    std::uint16_t http = 0;
    std::uint16_t imei = 0;
    std::uint16_t plain = 0;
    std::uint16_t gateway = 0;
};

class Server {
public:
    /// Loads everything and listens; nothing is served before run(). Errors: store.in_use, net.*,
    /// zone.*, clock.behind {saved}: business time of the store lies ahead of the clock. Throws
    /// ReplayRefused, StoreCorrupt, StoreUnavailable.
    static Result<std::unique_ptr<Server>> open(ServerOptions options);
    ~Server();

    [[nodiscard]] ServerPorts ports() const;
    /// Before the first run(): set-up events, each in a batch of its own. Those that are in the log
    /// already are left out, so that a seed which was killed goes on where it stopped. Errors: of
    /// the first refused one.
    Result<void> seed(ProjectId project, const std::vector<engine::Event>& events);
    /// Before run(): a manager's login; existing ones are left as they are.
    void add_manager(const std::string& phone, const std::string& name, ProjectId project);
    /// Until stop() or a signal; then drains, flushes, takes checkpoints. Returns the exit code.
    int run();
    /// From any thread.
    void stop();

private:
    class Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Business time up to which the data folder has lived: the later of store and clock.json. Nothing
/// when the folder is new. Opens the store read-only.
Result<std::optional<Instant>> saved_business_time(const std::filesystem::path& data);

}  // namespace mb::app

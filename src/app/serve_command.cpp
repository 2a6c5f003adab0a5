#include "app/serve_command.hpp"

#include "app/business_clock.hpp"
#include "app/configuration.hpp"
#include "app/control_socket.hpp"
#include "app/managers.hpp"
#include "app/server.hpp"
#include "store/open_store.hpp"

#include <fmt/format.h>
#include <ostream>

namespace mb::app {

namespace {

int refused(std::ostream& err, const Error& why) {
    err << "meterbook: " << why.text() << "\n";
    return 1;
}

Result<int> serve(const ServeCommandOptions& options, std::ostream& out) {
    ServerOptions server;
    server.data = options.data;
    server.store = options.store;
    if (!options.config.empty()) {
        const std::string text = TRY(read_file(options.config));
        TRY_VOID(apply_configuration(text, server));
    }
    std::filesystem::create_directories(options.data);
    const auto opened = TRY(Server::open(std::move(server)));
    const ServerPorts ports = opened->ports();
    out << fmt::format(
        "console http://127.0.0.1:{}/admin/  meters: imei {}, plain {}, gateway {}\n", ports.http,
        ports.imei, ports.plain, ports.gateway);
    out.flush();
    return opened->run();
}

/// 6 to 20 digits, as the sign-in takes them.
bool phone_ok(const std::string& phone) {
    return phone.size() >= 6 && phone.size() <= 20 &&
           phone.find_first_not_of("0123456789") == std::string::npos;
}

Result<void> add_with_lock(const UserCommandOptions& options) {
    if (!std::filesystem::exists(options.data)) {
        return fail(
            error("data.missing", ErrorKind::not_found).with("folder", options.data.string()));
    }
    const auto store = TRY(store::open_store({options.store, options.data.string()},
                                             store::holder_name("user add"), wall_now()));
    add_manager(store->database(), options.phone, options.name, ProjectId{options.project},
                wall_now());
    return {};
}

}  // namespace

int run_serve(const ServeCommandOptions& options, std::ostream& out, std::ostream& err) {
    const auto code = serve(options, out);
    return code ? *code : refused(err, code.error());
}

int run_user_add(const UserCommandOptions& options, std::ostream& out, std::ostream& err) {
    if (!phone_ok(options.phone) || options.project < 1) {
        err << "meterbook user add: a phone of 6 to 20 digits and a project number\n";
        return 2;
    }
    const auto asked =
        ask_server(control_path(options.data),
                   fmt::format("add {} {} {}", options.phone, options.project, options.name));
    if (!asked && asked.error().code != "control.not_running") {
        return refused(err, asked.error());
    }
    if (!asked) {
        const auto added = add_with_lock(options);
        if (!added) {
            return refused(err, added.error());
        }
    }
    out << "manager " << options.phone << " of project " << options.project << "\n";
    return 0;
}

int run_user_code(const UserCommandOptions& options, std::ostream& out, std::ostream& err) {
    if (!phone_ok(options.phone)) {
        err << "meterbook user code: a phone of 6 to 20 digits\n";
        return 2;
    }
    const auto code = ask_server(control_path(options.data), "code " + options.phone);
    if (!code) {
        return refused(err, code.error());
    }
    out << *code << "\n";
    return 0;
}

}  // namespace mb::app

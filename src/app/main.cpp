#include <CLI/CLI.hpp>

// Exit codes of every subcommand: 0 done, 1 refused with a reason, 2 wrong usage.
int main(int argc, char** argv) {
    constexpr int wrong_usage = 2;
    CLI::App app{"Meterbook: meters, bills, cuts and restores energy", "meterbook"};
    app.require_subcommand(1);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : wrong_usage;
    }
    return 0;
}

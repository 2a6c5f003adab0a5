// The options of `meterbook amend` and its subcommands.
#pragma once

namespace CLI {
class App;
}

namespace mb::app {

void add_amend(CLI::App& cli, int& code);

}  // namespace mb::app

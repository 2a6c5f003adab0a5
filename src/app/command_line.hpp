// The subcommands and their options. Exit codes: 0 done, 1 refused with a reason, 2 wrong usage.
#pragma once

namespace mb::app {

int run_command_line(int argc, char** argv);

}  // namespace mb::app

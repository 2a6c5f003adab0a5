#include "app/command_line.hpp"

#include <csignal>

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    return mb::app::run_command_line(argc, argv);
}

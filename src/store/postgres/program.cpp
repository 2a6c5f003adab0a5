#include "store/postgres/program.hpp"

#include <libpq-fe.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string_view>
#include <thread>

#include "store/postgres/store_text.hpp"

namespace mb::store::postgres {

namespace {

namespace fs = std::filesystem;

constexpr const char* debian_programs = "/usr/lib/postgresql/15/bin";
constexpr std::size_t why_max = 2000;

bool runs(const fs::path& program) { return access(program.c_str(), X_OK) == 0; }

/// Debian's folder first: what lies on the PATH is a wrapper that looks for a cluster of its own.
std::string find(const std::string& name) {
    if (const fs::path program = fs::path(debian_programs) / name; runs(program)) {
        return program.string();
    }
    const char* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        if (const fs::path program = fs::path(folder) / name; runs(program)) {
            return program.string();
        }
    }
    return {};
}

[[noreturn]] void become(const std::string& program, std::vector<std::string>& args,
                         const std::string& password, int errors) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    std::vector<char*> argv;
    for (std::string& arg : args) {
        argv.push_back(arg.data());
    }
    argv.push_back(nullptr);
    if (!password.empty()) {
        setenv("PGPASSWORD", password.c_str(), 1);
    }
    setenv("LC_ALL", "C", 1);
    dup2(errors, STDERR_FILENO);
    execv(program.c_str(), argv.data());
    _exit(127);
}

/// The end of what was written, in one line.
std::string last_words(int errors) {
    std::string text(why_max, '\0');
    const off_t size = lseek(errors, 0, SEEK_END);
    const off_t from = size > static_cast<off_t>(why_max) ? size - static_cast<off_t>(why_max) : 0;
    const ssize_t length = pread(errors, text.data(), text.size(), from);
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    for (char& c : text) {
        c = c == '\n' ? ' ' : c;
    }
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

std::string quoted(std::string_view value) {
    std::string out = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + "'";
}

struct FreeOptions {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

}  // namespace

Result<Address> address_of(const std::string& conninfo) {
    char* why = nullptr;
    const std::unique_ptr<PQconninfoOption, FreeOptions> options(
        PQconninfoParse(parse_store_text(conninfo).conninfo.c_str(), &why));
    if (!options) {
        auto refused = error("store.conninfo").with("why", why == nullptr ? "" : why);
        PQfreemem(why);
        return fail(std::move(refused));
    }
    Address out;
    for (const PQconninfoOption* one = options.get(); one->keyword != nullptr; ++one) {
        if (one->val == nullptr) {
            continue;
        }
        if (std::string_view(one->keyword) == "password") {
            out.password = one->val;
            continue;
        }
        out.conninfo += out.conninfo.empty() ? "" : " ";
        out.conninfo += std::string(one->keyword) + "=" + quoted(one->val);
    }
    return out;
}

std::string Address::whole() const {
    return password.empty() ? conninfo : conninfo + " password=" + quoted(password.c_str());
}

Result<void> run_program(const std::string& name, const std::vector<std::string>& args,
                         const std::string& password, const std::function<void()>& meanwhile) {
    const std::string program = find(name);
    if (program.empty()) {
        return fail(error("backup.no_program", ErrorKind::not_found)
                        .with("program", name)
                        .with("package", "postgresql-client-15"));
    }
    std::vector<std::string> all{name};
    all.insert(all.end(), args.begin(), args.end());
    const int errors = memfd_create("errors", MFD_CLOEXEC);
    const pid_t child = errors < 0 ? -1 : fork();
    if (child == 0) {
        become(program, all, password, errors);
    }
    int status = -1;
    while (child > 0 && waitpid(child, &status, WNOHANG) != child) {
        std::this_thread::sleep_for(std::chrono::milliseconds(meanwhile ? 200 : 20));
        if (meanwhile) {
            meanwhile();
        }
    }
    const std::string why = errors < 0 ? "" : last_words(errors);
    if (errors >= 0) {
        close(errors);
    }
    if (status != 0) {
        return fail(error("backup.program_failed", ErrorKind::unavailable)
                        .with("program", name)
                        .with("why", why));
    }
    return {};
}

}  // namespace mb::store::postgres

// A PostgreSQL of the test program's own: made by initdb in a temporary folder at the first use,
// unix socket only, fsync on, stopped and deleted at the end. PostgreSQL refuses root, so under
// root it runs as user postgres or nobody.
#pragma once

#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "store/test_folder.hpp"

namespace mb::store::postgres::test {

class TestCluster {
public:
    /// The one of this program. Throws when there is no PostgreSQL, or it does not start.
    static TestCluster& get() {
        static TestCluster one;
        return one;
    }
    TestCluster(const TestCluster&) = delete;
    TestCluster& operator=(const TestCluster&) = delete;

    [[nodiscard]] std::string conninfo() const {
        return "host=" + folder_.path().string() + " user=meterbook dbname=postgres";
    }
    /// A name no case has had before.
    std::string new_schema() { return "case_" + std::to_string(++schemas_); }

    /// Ends every connection of others, as an administrator would.
    int kill_backends() {
        return std::stoi(
            ask("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"));
    }
    /// First column of the first row.
    std::string ask(const std::string& sql) {
        PGconn* connection = PQconnectdb(conninfo().c_str());
        PGresult* result = PQexec(connection, sql.c_str());
        const bool good =
            PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK;
        const std::string out = good && PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
        const std::string why = PQerrorMessage(connection);
        PQclear(result);
        PQfinish(connection);
        if (!good) {
            throw std::runtime_error(sql + ": " + why);
        }
        return out;
    }
    /// Stops every process of it, until go_on(): it neither answers nor hangs up.
    void freeze() {
        kill(server_, SIGSTOP);
        const std::string pid = std::to_string(server_);
        std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
        for (pid_t child = 0; children >> child;) {
            frozen_.push_back(child);
            kill(child, SIGSTOP);
        }
    }
    void go_on() {
        for (const pid_t child : frozen_) {
            kill(child, SIGCONT);
        }
        frozen_.clear();
        kill(server_, SIGCONT);
    }
    /// kill -9 of the whole server, then a start with recovery.
    void crash_and_start() {
        kill(server_, SIGQUIT);  // immediate: no checkpoint, as after a crash
        waitpid(server_, nullptr, 0);
        start();
    }

private:
    TestCluster() {
        if (chown(folder_.path().c_str(), user_.id, user_.group) != 0) {
            throw std::runtime_error("chown " + folder_.path().string());
        }
        const pid_t made = spawn({program("initdb"), "-D", data(), "-U", "meterbook", "-A", "trust",
                                  "-E", "UTF8", "--locale=C", "-N"});
        int status = 0;
        if (waitpid(made, &status, 0) != made || status != 0) {
            throw std::runtime_error("initdb failed, see " + log());
        }
        start();
    }
    ~TestCluster() {
        kill(server_, SIGINT);  // fast
        waitpid(server_, nullptr, 0);
    }

    struct User {
        uid_t id = geteuid();
        gid_t group = getegid();
    };
    static User ordinary_user() {
        if (geteuid() != 0) {
            return {};
        }
        for (const char* name : {"postgres", "nobody"}) {
            if (const passwd* found = getpwnam(name)) {
                return {found->pw_uid, found->pw_gid};
            }
        }
        throw std::runtime_error("neither user postgres nor nobody: PostgreSQL refuses root");
    }
    static std::string program(const std::string& name) {
        std::string newest;
        std::error_code none;
        for (const auto& version :
             std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
            const std::string path = (version.path() / "bin" / name).string();
            if (std::filesystem::exists(path) && path > newest) {
                newest = path;
            }
        }
        if (newest.empty()) {
            throw std::runtime_error("PostgreSQL is not installed: apt-get install postgresql-15");
        }
        return newest;
    }
    std::string data() const { return folder_.file("data"); }
    std::string log() const { return folder_.file("log"); }

    /// A child under the ordinary user that ends with this program, however this ends.
    pid_t spawn(std::vector<std::string> words) {
        std::vector<char*> arguments;
        for (std::string& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        const std::string log_path = log();
        const pid_t child = fork();
        if (child == 0) {
            const bool dropped =
                geteuid() != 0 || (setgid(user_.group) == 0 && setuid(user_.id) == 0);
            prctl(PR_SET_PDEATHSIG, SIGQUIT);
            const int out = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
            if (dropped && out >= 0 && chdir("/") == 0) {
                dup2(out, STDOUT_FILENO);
                dup2(out, STDERR_FILENO);
                execv(arguments[0], arguments.data());
            }
            _exit(127);
        }
        return child;
    }
    void start() {
        server_ = spawn({program("postgres"), "-D", data(), "-k", folder_.path().string(), "-c",
                         "listen_addresses=", "-c", "fsync=on", "-c", "max_connections=60", "-c",
                         "shared_buffers=64MB"});
        for (int i = 0; i < 600; ++i) {
            if (PQping(conninfo().c_str()) == PQPING_OK) {
                return;
            }
            if (waitpid(server_, nullptr, WNOHANG) == server_) {
                break;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        throw std::runtime_error("PostgreSQL does not start, see " + log());
    }

    User user_ = ordinary_user();
    store::test::TestFolder folder_;
    pid_t server_ = 0;
    std::vector<pid_t> frozen_;
    int schemas_ = 0;
};

}  // namespace mb::store::postgres::test

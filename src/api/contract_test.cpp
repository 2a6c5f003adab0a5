// The API against api/openapi.yaml: every path is routed and the other way round, every body has
// the described members; and every route of a project shows a stranger nothing.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "api/services.hpp"
#include "api/test_campus.hpp"
#include "tests/support/source_dir.hpp"

namespace mb::api::test {
namespace {

/// The few shapes of YAML that the contract is written in.
class Contract {
public:
    Contract() {
        std::ifstream in(mb::test::source_dir() / "api" / "openapi.yaml");
        std::string path;
        std::string schema;
        bool in_paths = false;
        bool in_schemas = false;
        for (std::string line; std::getline(in, line);) {
            if (!line.empty() && line[0] != ' ') in_paths = line == "paths:";
            if (line.starts_with("  ") && line[2] != ' ') in_schemas = line == "  schemas:";
            std::smatch match;
            if (in_paths && std::regex_match(line, match, std::regex("  (/[^:]*):"))) {
                path = match[1];
            } else if (in_paths && std::regex_match(line, match, std::regex("    ([a-z]+):"))) {
                std::string method = match[1];
                std::transform(method.begin(), method.end(), method.begin(), ::toupper);
                operations.insert(method + " /api/v1" + path);
            } else if (in_schemas &&
                       std::regex_match(line, match, std::regex("    ([A-Z][A-Za-z]*):.*"))) {
                schema = match[1];
            }
            if (in_schemas) schemas[schema] += line + "\n";
        }
    }

    /// Names in the `required` lists of a schema that stand `indent` deep.
    [[nodiscard]] std::set<std::string> required(const std::string& name,
                                                 std::size_t indent) const {
        std::set<std::string> out;
        const std::string& text = schemas.at(name);
        const std::string mark = "\n" + std::string(indent, ' ') + "required: [";
        const std::size_t at = text.find(mark);
        if (at == std::string::npos) return out;
        const std::size_t from = at + mark.size();
        const std::string list = text.substr(from, text.find(']', from) - from);
        const std::regex word("[a-z_0-9]+");
        for (std::sregex_iterator it(list.begin(), list.end(), word), end; it != end; ++it) {
            out.insert(it->str());
        }
        return out;
    }
    [[nodiscard]] bool mentions(const std::string& schema, const std::string& name) const {
        return std::regex_search(schemas.at(schema), std::regex("[ {]" + name + ":"));
    }

    std::set<std::string> operations;
    std::map<std::string, std::string> schemas;
};

template <class Dto>
std::set<std::string> members() {
    std::set<std::string> out;
    Dto dto{};
    for_each_member(dto, [&](const char* name, const auto&) { out.insert(name); });
    return out;
}

/// What the contract requires is answered; what is answered, the contract names.
template <class Dto>
void expect_schema(const Contract& contract, const std::string& schema, std::size_t indent = 6) {
    const std::set<std::string> wanted = contract.required(schema, indent);
    const std::set<std::string> present = members<Dto>();
    EXPECT_FALSE(wanted.empty()) << schema;
    for (const std::string& name : wanted) {
        EXPECT_TRUE(present.contains(name)) << schema << " lacks " << name;
    }
    for (const std::string& name : present) {
        EXPECT_TRUE(contract.mentions(schema, name)) << schema << " does not know " << name;
    }
}

TEST(ContractTest, BodiesHaveTheDescribedMembers) {
    const Contract contract;
    expect_schema<dto::CodeRequest>(contract, "CodeRequest");
    expect_schema<dto::CodeAnswer>(contract, "CodeAnswer");
    expect_schema<dto::SignInRequest>(contract, "SignInRequest");
    expect_schema<dto::Clock>(contract, "Clock");
    expect_schema<dto::Me>(contract, "Me");
    expect_schema<dto::Policy>(contract, "Policy");
    expect_schema<dto::Summary>(contract, "Summary");
    expect_schema<dto::CommandBrief>(contract, "CommandBrief");
    expect_schema<dto::Meter>(contract, "Meter");
    expect_schema<dto::MeterPage>(contract, "MeterPage");
    expect_schema<dto::Reading>(contract, "Reading");
    expect_schema<dto::ReadingRow>(contract, "ReadingRow");
    expect_schema<dto::MeterMore>(contract, "MeterDetail", 10);
    expect_schema<dto::OrderStep>(contract, "OrderStep");
    expect_schema<dto::Order>(contract, "Order");
    expect_schema<dto::OrderRequest>(contract, "OrderRequest");
    expect_schema<dto::OrderPage>(contract, "OrderPage");
    expect_schema<dto::OrderSlice>(contract, "OrderSlice");
    expect_schema<dto::CommandRequest>(contract, "CommandRequest");
    expect_schema<dto::Command>(contract, "Command");
    expect_schema<dto::CommandSlice>(contract, "CommandSlice");
    expect_schema<dto::ProtectionRequest>(contract, "ProtectionRequest");
    expect_schema<dto::TimelineEntry>(contract, "TimelineEntry");
    expect_schema<dto::TimelineSlice>(contract, "TimelineSlice");
    expect_schema<dto::MeterUpdated>(contract, "MeterUpdated");
    expect_schema<dto::OrderUpdated>(contract, "OrderUpdated");
    expect_schema<dto::CommandUpdated>(contract, "CommandUpdated");
    expect_schema<dto::NoticeSent>(contract, "NoticeSent");
}

class ContractServer : public ApiTest {
protected:
    ContractServer() {
        Ports ports;
        ports.now = [this] { return clock.now(); };
        ports.engine = &engine;
        ports.people = &people;
        ports.answers = &answers;
        ports.reads = &read_port;
        services = std::make_unique<Services>(ports, options);
    }
    std::unique_ptr<Services> services;
};

TEST_F(ContractServer, EveryPathIsRoutedAndTheOtherWayRound) {
    const Contract contract;
    std::set<std::string> routed;
    for (const Route& route : services->router.routes()) {
        if (route.pattern.starts_with("/api/")) {
            routed.insert(route.method + " " + route.pattern);
        }
    }
    EXPECT_GE(contract.operations.size(), 18U);
    EXPECT_EQ(routed, contract.operations);
}

TEST_F(ContractServer, EveryRouteDemandsWhatItShould) {
    for (const Route& route : services->router.routes()) {
        const std::string name = route.method + " " + route.pattern;
        const bool open =
            route.pattern.starts_with("/api/v1/auth/") && route.pattern != "/api/v1/auth/sign-out";
        if (!route.pattern.starts_with("/api/")) continue;
        EXPECT_EQ(route.session, !open) << name;
        const bool of_project =
            route.pattern.starts_with("/api/v1/projects/") || route.pattern == "/api/v1/events";
        EXPECT_EQ(route.project, of_project) << name;
        EXPECT_EQ(route.idempotent, of_project && route.writes()) << name;
        EXPECT_FALSE(route.foreign) << name;
    }
}

std::string filled(std::string pattern, const std::string& project) {
    const std::pair<const char*, std::string> values[] = {
        {"{project}", project}, {"{meter}", "17"}, {"{command}", "9"}, {"{no}", "1X0000000002"}};
    for (const auto& [variable, value] : values) {
        const std::size_t at = pattern.find(variable);
        if (at != std::string::npos) pattern.replace(at, std::string(variable).size(), value);
    }
    if (pattern == "/api/v1/events") pattern += "?project=" + project;
    return pattern;
}

std::string without_trace(std::string body) {
    return std::regex_replace(body, std::regex("\"trace_id\":\"[0-9a-f]+\""), "");
}

TEST_F(ContractServer, IsolationOverAllRoutesAndBothProjects) {
    open();
    Client of_campus;
    Client of_market;
    sign_in(of_campus, "13800000001");
    sign_in(of_market, "13800000002");
    int checked = 0;
    for (const Route& route : services->router.routes()) {
        if (!route.project) continue;
        const std::string name = route.method + " " + route.pattern;
        const net::HttpHeaders headers = {{"Idempotency-Key", "isolation-key"}};
        const std::string body = route.writes() ? R"({"reason":"x"})" : "";
        const auto ask = [&](Client& client, const std::string& project) {
            return call(client, route.method, filled(route.pattern, project), body, headers);
        };
        struct Case {
            Client& client;
            const char* foreign;
        };
        for (const Case& one : {Case{of_campus, "2"}, Case{of_market, "1"}}) {
            const auto foreign = ask(one.client, one.foreign);
            const auto missing = ask(one.client, "999");
            EXPECT_EQ(foreign.status, 404) << name;
            EXPECT_EQ(code(foreign), "project.not_found") << name;
            EXPECT_EQ(without_trace(foreign.body), without_trace(missing.body))
                << name << ": a foreign project looks like none at all";
            ++checked;
        }
        if (route.method == "GET" && !route.handle_stream) {
            EXPECT_EQ(ask(of_campus, "1").status, 200) << name;
            EXPECT_EQ(ask(of_market, "2").status, 200) << name;
        }
        Client nobody;
        EXPECT_EQ(ask(nobody, "1").status, 401) << name;
    }
    EXPECT_GE(checked, 26);
    EXPECT_EQ(engine.count(), 0U);
}

}  // namespace
}  // namespace mb::api::test

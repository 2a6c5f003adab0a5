// Tenants who top up, staff who protect, trip, close and read. They use the server as clients of
// its API do: a request has a key, an answer can get lost, then the same key is sent again.
#pragma once

#include "sim/tenant/tenant.hpp"
#include "sim/world/core.hpp"
#include "sim/world/field.hpp"
#include "sim/world/server.hpp"
#include "sim/world/till.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mb::sim::world {

class People {
public:
    People(Core& core, Server& server, Field& field, Till& till);

    void begin();

private:
    struct TopUpJob {
        std::size_t place = 0;
        std::string key;
        Money amount;
        bool by_tenant_model = false;
        std::string order_no;  // once answered
        int looks = 0;
    };
    using Answered = std::function<void(const engine::EventOutcome&)>;

    /// Sends until an answer comes that is no "try again". Makes the event anew for each try.
    void request(std::function<engine::Event()> make, Answered answered);
    void look_at_rooms();
    void top_up(std::size_t place, const std::string& key, Money amount, bool by_tenant_model);
    void order(const std::shared_ptr<TopUpJob>& job);
    void wait_for_page(const std::shared_ptr<TopUpJob>& job);
    void finished(const TopUpJob& job, bool paid);
    void staff();
    void staff_action(std::size_t place);

    Core& core_;
    Server& server_;
    Field& field_;
    Till& till_;
    Random dice_;
    std::vector<tenant::Tenant> tenants_;
    std::vector<bool> busy_;
    std::int64_t last_order_ = 0;
    std::int64_t last_key_ = 0;
};

}  // namespace mb::sim::world

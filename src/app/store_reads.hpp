// The API's reading port over the store's reader.
#pragma once

#include "api/ports.hpp"
#include "store/read.hpp"

namespace mb::app {

class StoreReads final : public api::ReadPort {
  public:
    explicit StoreReads(store::Database &database) : database_(database) {}
    std::unique_ptr<api::Reads> open() override;

  private:
    store::Database &database_;
};

} // namespace mb::app

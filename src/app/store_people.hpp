// The API's ports for people and kept answers over the store's logins.
#pragma once

#include "api/ports.hpp"
#include "store/logins.hpp"

namespace mb::app {

class StorePeople final : public api::People {
  public:
    explicit StorePeople(store::Database &database) : logins_(database) {}

    std::optional<api::LoginRecord> login_by_phone(const std::string &phone) override;
    std::optional<api::LoginRecord> login(LoginId id) override;
    void add_session(const api::SessionRecord &session) override;
    std::optional<api::SessionRecord> session(const std::string &token_hash) override;
    void touch_session(const std::string &token_hash, Instant seen_wall_at) override;
    void end_session(const std::string &token_hash) override;
    void purge_sessions(Instant seen_before, Instant created_before) override;

    /// New login, or a new role of an existing one.
    void add_manager(const std::string &phone, const std::string &name, ProjectId project,
                     Instant wall);

  private:
    [[nodiscard]] api::LoginRecord record_of(const store::Login &login) const;

    store::Logins logins_;
};

class StoreAnswers final : public api::Answers {
  public:
    explicit StoreAnswers(store::Database &database) : logins_(database) {}

    std::optional<api::KeptAnswer> find(ProjectId project, LoginId login,
                                        const std::string &key) override;
    void keep(ProjectId project, LoginId login, const std::string &key,
              const api::KeptAnswer &answer) override;
    void purge(Instant before) override;

  private:
    store::Logins logins_;
};

} // namespace mb::app

// The API's ports over room store and the writer's thread: what app wires in a server.
#pragma once

#include <functional>
#include <memory>

#include "api/ports.hpp"
#include "store/logins.hpp"
#include "store/read.hpp"
#include "writer/writer_thread.hpp"

namespace mb::api {

class StoreReads final : public ReadPort {
public:
    /// `lists`: of the store whose database it is.
    StoreReads(store::Database& database, store::MeterLists& lists)
        : database_(database), lists_(lists) {}
    std::unique_ptr<Reads> open() override;

private:
    store::Database& database_;
    store::MeterLists& lists_;
};

class StorePeople final : public People {
public:
    explicit StorePeople(store::Database& database) : logins_(database) {}

    std::optional<LoginRecord> login_by_phone(const std::string& phone) override;
    std::optional<LoginRecord> login(LoginId id) override;
    bool redeem_stored_code(LoginId login, const std::string& code, Instant wall) override;
    void add_session(const SessionRecord& session) override;
    std::optional<SessionRecord> session(const crypto::Digest& token_hash, Instant wall) override;
    void touch_session(const crypto::Digest& token_hash, Instant seen_wall_at,
                       Instant expires_wall_at) override;
    void end_session(const crypto::Digest& token_hash) override;
    void purge_sessions(Instant wall) override;

private:
    [[nodiscard]] LoginRecord record(store::Login login) const;

    store::Logins logins_;
};

class StoreAnswers final : public Answers {
public:
    explicit StoreAnswers(store::Database& database) : logins_(database) {}

    std::optional<KeptAnswer> find(ProjectId project, LoginId login,
                                   const std::string& key) override;
    void keep(ProjectId project, LoginId login, const std::string& key,
              const KeptAnswer& answer) override;

private:
    store::Logins logins_;
};

/// Events into the writer's thread. Outlives the API server, and is stopped before it goes.
class WriterDoor final : public EngineDoor {
public:
    explicit WriterDoor(writer::WriterThread& writer) : writer_(writer) {}
    void submit(ProjectId project, engine::Event event,
                std::function<void(engine::EventOutcome)> done) override;

private:
    writer::WriterThread& writer_;
};

}  // namespace mb::api

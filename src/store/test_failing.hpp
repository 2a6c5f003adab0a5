// A Database that breaks at the n-th call: before the call, or behind it with the answer lost. From
// then on the session is dead until it goes back, as a lost connection is.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "store/database.hpp"
#include "writer/store.hpp"

namespace mb::store::test {

class FailingDatabase final : public Database, private Lease::Lender {
public:
    enum class When : unsigned char { before, behind };

    explicit FailingDatabase(Database& inner) : inner_(inner) {}

    /// The `at`-th call from now on, counted from 1: begin, commit, script, a statement's run,
    /// queue and next.
    void arm(int at, When when) {
        at_ = at;
        when_ = when;
        count_ = 0;
        fired_ = false;
    }
    void disarm() { at_ = 0; }
    [[nodiscard]] bool fired() const { return fired_; }

    Lease read() override { return lend(inner_.read()); }
    Lease write() override { return lend(inner_.write()); }
    [[nodiscard]] const Dialect& dialect() const override { return inner_.dialect(); }
    void settle() override { inner_.settle(); }

private:
    class Session;
    class Statement;

    template <class F>
    auto call(bool& dead, F&& real) {
        if (dead) {
            throw lost();
        }
        const bool now = at_ != 0 && ++count_ == at_;
        fired_ = fired_ || now;
        dead = now;
        if (now && when_ == When::before) {
            throw lost();
        }
        if constexpr (std::is_void_v<decltype(real())>) {
            real();
            if (now) {
                throw lost();
            }
        } else {
            auto out = real();
            if (now) {
                throw lost();
            }
            return out;
        }
    }
    static writer::StoreUnavailable lost() { return {"the connection is lost", false, false}; }

    Lease lend(Lease inner);
    void give_back(store::Session& session) noexcept override;

    Database& inner_;
    std::vector<std::unique_ptr<Session>> lent_;
    int at_ = 0;
    When when_ = When::before;
    int count_ = 0;
    bool fired_ = false;
};

class FailingDatabase::Statement final : public store::Statement {
public:
    Statement(FailingDatabase& owner, bool& dead) : owner_(owner), dead_(dead) {}
    void of(store::Statement& real) { real_ = &real; }

    void bind_integer(int i, std::int64_t value) override { real_->bind_integer(i, value); }
    void bind_text(int i, std::string_view value) override { real_->bind_text(i, value); }
    void bind_blob(int i, ByteView value) override { real_->bind_blob(i, value); }
    void bind_null(int i) override { real_->bind_null(i); }
    std::int64_t run() override {
        return owner_.call(dead_, [&] { return real_->run(); });
    }
    void queue() override {
        owner_.call(dead_, [&] { real_->queue(); });
    }
    bool next() override {
        return owner_.call(dead_, [&] { return real_->next(); });
    }
    [[nodiscard]] Type type(int column) const override { return real_->type(column); }
    [[nodiscard]] int columns() const override { return real_->columns(); }
    [[nodiscard]] std::int64_t integer(int column) const override { return real_->integer(column); }
    [[nodiscard]] std::string_view text(int column) const override { return real_->text(column); }
    [[nodiscard]] ByteView blob(int column) const override { return real_->blob(column); }

private:
    FailingDatabase& owner_;
    bool& dead_;
    store::Statement* real_ = nullptr;
};

class FailingDatabase::Session final : public store::Session {
public:
    Session(FailingDatabase& owner, Lease inner) : owner_(owner), inner_(std::move(inner)) {}

    store::Statement& statement(const Sql& sql) override {
        auto& mine = statements_.try_emplace(&sql, owner_, dead_).first->second;
        mine.of(inner_->statement(sql));
        return mine;
    }
    void script(std::string_view text) override {
        owner_.call(dead_, [&] { inner_->script(text); });
    }
    void begin(Durability durability) override {
        owner_.call(dead_, [&] { inner_->begin(durability); });
    }
    void commit() override {
        owner_.call(dead_, [&] { inner_->commit(); });
    }
    void rollback() noexcept override { inner_->rollback(); }
    std::vector<std::string> self_check() override { return inner_->self_check(); }

private:
    FailingDatabase& owner_;
    Lease inner_;
    bool dead_ = false;
    std::map<const Sql*, Statement> statements_;
};

inline Lease FailingDatabase::lend(Lease inner) {
    lent_.push_back(std::make_unique<Session>(*this, std::move(inner)));
    return {*this, *lent_.back()};
}

inline void FailingDatabase::give_back(store::Session& session) noexcept {
    std::erase_if(lent_, [&](const auto& one) { return one.get() == &session; });
}

}  // namespace mb::store::test

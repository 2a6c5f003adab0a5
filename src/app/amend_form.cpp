#include "app/amend_form.hpp"

#include "rules/billing/usage.hpp"

#include <algorithm>

namespace mb::app {

namespace {

using rules::metering::Registers;
using rules::tariff::Band;

Result<std::string> needed(const std::optional<std::string>& value, std::string_view member) {
    if (!value || value->empty()) {
        return fail(error("amend.missing").with("member", std::string(member)));
    }
    return *value;
}

template <class Id>
Result<Id> id_of(const std::optional<std::string>& value, std::string_view member) {
    const auto number = parse_decimal(TRY(needed(value, member)), 0);
    if (!number || *number < 1) {
        return fail(error("amend.not_a_number").with("member", std::string(member)));
    }
    return Id{*number};
}

/// A band's register stands behind the total in the order of the bands; one between two that are
/// given must be given too.
Result<Registers> registers_of(const ShownRegisters& shown) {
    Registers out;
    for (const auto& [name, value] : shown) {
        const auto band = enum_value<Band>(name);
        if (!band && name != "total") {
            return fail(error("amend.unknown_register").with("register", name));
        }
        const std::size_t place = band ? static_cast<std::size_t>(*band) + 1 : 0;
        out.value.at(place) = TRY(Quantity::parse(value));
        out.count = std::max(out.count, static_cast<std::uint8_t>(place + 1));
    }
    if (!shown.contains("total")) {
        return fail(error("amend.missing").with("member", "total"));
    }
    for (std::size_t i = 1; i < out.count; ++i) {
        const auto band = static_cast<Band>(i - 1);
        if (!shown.contains(std::string(enum_text(band)))) {
            return fail(error("amend.bands_incomplete").with("band", std::string(enum_text(band))));
        }
    }
    return out;
}

template <class Id, class T>
Id next_id(const engine::Table<Id, T>& table) {
    Id last;
    table.each([&](Id id, const T&) { last = id; });
    return Id{last.value + 1};
}

/// The parts that most kinds have.
struct Parts {
    const engine::State& state;
    const AmendForm& form;
    const std::string& key;
    const engine::Actor& actor;

    [[nodiscard]] std::string reason() const { return form.reason.value_or(""); }
    [[nodiscard]] Result<Instant> at() const {
        const Zone zone = TRY(Zone::find(state.config.zone));
        return rules::billing::usage_time(TRY(needed(form.at, "at")), zone);
    }
    [[nodiscard]] Result<MeterId> meter() const {
        return find_meter(state, TRY(needed(form.meter, "meter")));
    }
    [[nodiscard]] Result<Registers> registers() const {
        return registers_of(form.registers.value_or(ShownRegisters{}));
    }
};

Result<engine::Event> reading(const Parts& p) {
    return engine::ReadingEntered{TRY(p.meter()),
                                  TRY(p.at()),
                                  TRY(p.registers()),
                                  p.form.estimated.value_or(false),
                                  p.reason(),
                                  p.key,
                                  p.actor};
}

Result<engine::Event> ratio(const Parts& p) {
    if (!p.form.ratio) {
        return fail(error("amend.missing").with("member", "ratio"));
    }
    return engine::RatioSet{TRY(p.meter()), TRY(p.at()), *p.form.ratio, p.reason(), p.key, p.actor};
}

Result<engine::Event> exchange(const Parts& p) {
    const engine::MeterState& old = *p.state.meters.find(TRY(p.meter()));
    if (old.config.to) {
        return fail(
            error("meter.none_there", ErrorKind::conflict).with("meter", old.config.link.address));
    }
    if (!p.form.new_meter) {
        return fail(error("amend.missing").with("member", "new_meter"));
    }
    const NewMeter& wanted = *p.form.new_meter;
    engine::MeterExchanged out;
    out.old_final = TRY(p.registers());
    out.next = old.config;
    out.next.id = next_id(p.state.meters);
    out.next.from = TRY(p.at());
    out.next.link.address = TRY(needed(wanted.address, "new_meter/address"));
    out.next.ratio = wanted.ratio.value_or(old.config.ratio);
    out.next.link.imei = wanted.imei.value_or(old.config.link.imei);
    out.new_first = TRY(registers_of(wanted.first));
    out.reason = p.reason();
    out.idempotency = p.key;
    out.actor = p.actor;
    return out;
}

Result<std::optional<Quantity>> quantity(const std::optional<std::string>& text) {
    if (!text) {
        return std::optional<Quantity>();
    }
    return std::optional(TRY(Quantity::parse(*text)));
}

Result<engine::Event> terms(const Parts& p) {
    engine::TermsSet out;
    out.agreement = TRY(id_of<AgreementId>(p.form.agreement, "agreement"));
    if (p.form.people) {
        const std::string from = TRY(needed(p.form.people_from, "people_from"));
        out.household = rules::tariff::Household{TRY(CivilDate::parse(from)), *p.form.people};
    }
    out.area = TRY(quantity(p.form.area_m2));
    out.capacity = TRY(quantity(p.form.capacity_kva));
    if (!out.household && !out.area && !out.capacity) {
        return fail(error("amend.missing").with("member", "people, area_m2 or capacity_kva"));
    }
    out.reason = p.reason();
    out.idempotency = p.key;
    out.actor = p.actor;
    return out;
}

Result<engine::Event> end(const Parts& p) {
    return engine::AgreementEnded{TRY(id_of<AgreementId>(p.form.agreement, "agreement")),
                                  TRY(p.at()), p.reason(), p.key, p.actor};
}

Result<engine::Event> begin(const Parts& p) {
    engine::AgreementStarted out;
    out.agreement.id = next_id(p.state.agreements);
    if (p.form.meter) {
        out.agreement.service_point = p.state.meters.find(TRY(p.meter()))->config.service_point;
    } else {
        out.agreement.service_point =
            TRY(id_of<ServicePointId>(p.form.service_point, "meter or service_point"));
    }
    out.agreement.account = TRY(id_of<AccountId>(p.form.account, "account"));
    out.agreement.tariff_code = TRY(needed(p.form.tariff, "tariff"));
    out.agreement.mode = p.form.postpaid.value_or(false) ? engine::PaymentMode::postpaid
                                                         : engine::PaymentMode::prepaid;
    out.agreement.from = TRY(p.at());
    out.actor = p.actor;
    if (p.form.continues) {
        out.continues = TRY(id_of<AgreementId>(p.form.continues, "continues"));
    }
    return out;
}

Result<engine::Event> tariff(const Parts& p) {
    if (!p.form.document) {
        return fail(error("amend.missing").with("member", "document"));
    }
    TariffId last;
    for (const auto& version : p.state.tariffs.all()) {
        last = std::max(last, version->id);
    }
    return engine::TariffPublished{TariffId{last.value + 1}, *p.form.document, p.actor, p.reason()};
}

}  // namespace

Result<MeterId> find_meter(const engine::State& state, const std::string& wanted) {
    MeterId found;
    bool hangs = false;
    state.meters.each([&](MeterId id, const engine::MeterState& meter) {
        if (meter.config.link.address == wanted && !hangs) {
            found = id;
            hangs = !meter.config.to;
        }
    });
    const auto number = parse_decimal(wanted, 0);
    if (!found && number && state.meters.find(MeterId{*number}) != nullptr) {
        found = MeterId{*number};
    }
    if (!found) {
        return fail(error("meter.unknown", ErrorKind::not_found).with("meter", wanted));
    }
    return found;
}

Result<engine::Event> amendment_event(const engine::State& state, const AmendForm& form,
                                      const std::string& idempotency, const engine::Actor& actor) {
    using Maker = Result<engine::Event> (*)(const Parts&);
    static const std::map<std::string, Maker> makers = {
        {"reading", reading}, {"ratio", ratio}, {"exchange", exchange}, {"terms", terms},
        {"end", end},         {"begin", begin}, {"tariff", tariff},
    };
    const auto maker = makers.find(form.kind);
    if (maker == makers.end()) {
        return fail(error("amend.unknown_kind").with("kind", form.kind));
    }
    return maker->second({state, form, idempotency, actor});
}

}  // namespace mb::app

#include "bench/rate_kernel.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/check.hpp"
#include "bench/cpu.hpp"
#include "bench/memory.hpp"
#include "bench/rate_tariff.hpp"
#include "rules/billing/accrual.hpp"

namespace mb::bench {

namespace {

using rules::billing::AgreementAccrual;
using rules::billing::BillLine;
using rules::billing::Interval;
using rules::billing::RatingFacts;

constexpr Duration quarter = Duration::minutes(15);
constexpr std::int64_t ns_per_us = 1000;

/// Even meters use 5 to 15 kWh a day, odd ones 29 to 87: past the first limit, or both.
Quantity used(std::int32_t meter, std::int32_t at) {
    const auto number = static_cast<std::uint64_t>(meter);
    const std::int64_t base = meter % 2 == 0 ? 500 : 3'000;
    const auto own = static_cast<std::int64_t>(mixed(number) % static_cast<std::uint64_t>(base));
    const auto noise = static_cast<std::int64_t>(mixed(number << 16U ^ static_cast<unsigned>(at)));
    return {base + own + (noise & 0xFF) * base / 256};
}

rules::tariff::TariffDocument document() {
    return three_by_five(Quantity::parse("20").value(), Quantity::parse("50").value());
}

class Kernel {
public:
    explicit Kernel(const KernelOptions& options)
        : options_(options), zone_(Zone::find("Asia/Shanghai").value()) {
        code_ = book_.publish(TariffId{1}, document(), &calendar_).value();
        start_ = zone_.instant(CivilDate::parse("2026-05-04").value());
        input_.resize(static_cast<std::size_t>(options.meters));
        const std::int64_t before = resident_bytes();
        all_.resize(input_.size());
        for (AgreementAccrual& accrual : all_) {
            accrual.tariff_code_index = code_;
        }
        bytes_before_ = before;
    }

    void run(KernelResult& out) {
        std::int64_t within_us = 0;
        std::int64_t at_band_us = 0;
        std::int32_t at_band = 0;
        std::int64_t plain_us = 0;
        for (std::int32_t at = 0; at < options_.quarters; ++at) {
            for (std::size_t i = 0; i < input_.size(); ++i) {
                input_[i] = used(static_cast<std::int32_t>(i), at);
            }
            const Instant from = start_ + quarter * at;
            const bool bound = begins_band(from);
            (bound ? at_band_us : within_us) += timed([&] { charge_all(from); });
            at_band += bound ? 1 : 0;
            // There and back: the state is as it was.
            const std::int64_t both =
                timed([&] { plain_pass(from, 1); }) + timed([&] { plain_pass(from, -1); });
            plain_us += both / 2;
        }
        const std::int64_t us = within_us + at_band_us;
        out.meters = options_.meters;
        out.intervals = std::int64_t{options_.meters} * options_.quarters;
        out.intervals_per_s = per_s(out.intervals, us);
        out.plain_per_s = per_s(out.intervals, plain_us);
        out.ratio = format_decimal(plain_us * 1000 / std::max<std::int64_t>(us, 1), 3);
        out.ns_within = ns_each(within_us, options_.quarters - at_band);
        out.ns_at_band = ns_each(at_band_us, at_band);
        out.resident_mib = resident_bytes() >> 20U;
        out.bytes_an_agreement = (resident_bytes() - bytes_before_) / options_.meters;
    }

    void compare(KernelResult& out) {
        std::int64_t us = 0;
        us = timed([&] {
            for (std::size_t i = 0; i < all_.size(); ++i) {
                compare_one(static_cast<std::int32_t>(i), out);
            }
        });
        out.slow_per_s = per_s(out.intervals, us);
    }

private:
    template <class Work>
    static std::int64_t timed(const Work& work) {
        const std::int64_t begun = this_thread_cpu_us();
        work();
        return this_thread_cpu_us() - begun;
    }
    static std::int64_t per_s(std::int64_t count, std::int64_t us) {
        return count * 1'000'000 / std::max<std::int64_t>(us, 1);
    }
    [[nodiscard]] std::string ns_each(std::int64_t us, std::int32_t quarters) const {
        const std::int64_t count = std::int64_t{options_.meters} * std::max(quarters, 1);
        return format_decimal(us * ns_per_us * 10 / count, 1);
    }
    [[nodiscard]] RatingFacts facts() const { return {book_, calendar_, zone_, terms_}; }
    [[nodiscard]] bool begins_band(Instant from) const {
        const auto here = stretch_at(facts(), code_, from);
        const auto before = stretch_at(facts(), code_, from + Duration{-1});
        return here->band != before->band || from == start_;
    }

    void charge_all(Instant from) {
        const RatingFacts all_facts = facts();
        Interval interval;
        interval.from = from;
        interval.to = from + quarter;
        for (std::size_t i = 0; i < input_.size(); ++i) {
            interval.total = input_[i];
            const auto result = rules::billing::accrue(all_[i], all_facts, interval);
            CHECK(result);
        }
    }

    /// Reads what the kernel reads and adds to the words it adds to, of the line it charged last.
    void plain_pass(Instant from, std::int64_t sign) {
        const std::uint32_t revision = book_.revision();
        for (std::size_t i = 0; i < input_.size(); ++i) {
            AgreementAccrual& accrual = all_[i];
            const auto& window = accrual.window;
            const std::int64_t units = input_[i].units * sign;
            const auto word = [](auto value) { return static_cast<std::uint64_t>(value); };
            seen_ += word(window.from.us ^ from.us) + word(window.to.us) +
                     word(window.price.units) + word(window.tier_end.units) + word(window.total) +
                     word(window.book_revision ^ revision) + word(window.code_index) +
                     word(accrual.tariff_code_index);
            accrual.uses[window.use].quantity.units += units;
            BillLine& line = accrual.lines[window.line];
            line.quantity.units += units;
            line.exact.rest += units;
            line.exact.fen += sign;
            accrual.pending.fen += sign;
        }
    }

    void compare_one(std::int32_t meter, KernelResult& out) {
        const RatingFacts all_facts = facts();
        AgreementAccrual slow;
        slow.tariff_code_index = code_;
        for (std::int32_t at = 0; at < options_.quarters; ++at) {
            Interval interval;
            interval.from = start_ + quarter * at;
            interval.to = interval.from + quarter;
            interval.total = used(meter, at);
            slices_.clear();
            CHECK(rules::billing::accrue(slow, all_facts, interval, &slices_));
        }
        const AgreementAccrual& fast = all_[static_cast<std::size_t>(meter)];
        const bool same =
            slow.lines == fast.lines && slow.uses == fast.uses && slow.pending == fast.pending;
        out.differing += same ? 0 : 1;
        out.lines += static_cast<std::int64_t>(fast.lines.size());
        out.crossing += fast.lines.back().key.tier > 1 ? 1 : 0;
    }

    KernelOptions options_;
    rules::tariff::TariffBook book_;
    rules::Calendar calendar_;
    Zone zone_;
    rules::tariff::Terms terms_;
    std::int32_t code_ = 0;
    Instant start_;
    std::vector<Quantity> input_;
    std::vector<AgreementAccrual> all_;
    std::vector<rules::billing::Slice> slices_;
    std::uint64_t seen_ = 0;
    std::int64_t bytes_before_ = 0;
};

}  // namespace

KernelResult measure_kernel(const KernelOptions& options,
                            const std::function<void(const std::string&)>& progress) {
    KernelResult out;
    Kernel kernel(options);
    progress(fmt::format("charging {} quarters of {} meters", options.quarters, options.meters));
    kernel.run(out);
    progress("charging each meter again by the slow path");
    kernel.compare(out);
    return out;
}

}  // namespace mb::bench

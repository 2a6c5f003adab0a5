#include "rules/tariff/book.hpp"

#include <algorithm>
#include <utility>

namespace mb::rules::tariff {

namespace {

/// Whether a code's published versions leave room for `document`.
Result<void> judge(const std::vector<const TariffVersion*>& versions,
                   const TariffDocument& document) {
    for (const TariffVersion* other : versions) {
        if (other->document.version == document.version) {
            return fail(error("tariff.version_exists", ErrorKind::conflict)
                            .with("pointer", "/version")
                            .with("version", std::to_string(document.version)));
        }
        if (other->document.effective_from == document.effective_from) {
            return fail(error("tariff.effective_date_taken", ErrorKind::conflict)
                            .with("pointer", "/effective_from")
                            .with("effective_from", document.effective_from.text())
                            .with("version", std::to_string(other->document.version)));
        }
        if (other->document.commodity != document.commodity) {
            return fail(error("tariff.commodity_changed", ErrorKind::conflict)
                            .with("pointer", "/commodity"));
        }
    }
    return {};
}

bool earlier(CivilDate on, const TariffVersion* version) {
    return on < version->document.effective_from;
}

}  // namespace

Result<std::int32_t> TariffBook::publish(TariffId id, TariffDocument document,
                                         const Calendar* calendar) {
    auto version = std::make_shared<TariffVersion>();
    version->compiled = TRY(compile(document, calendar));
    if (find(id) != nullptr) {
        return fail(error("tariff.duplicate_id", ErrorKind::conflict).with("id", id.text()));
    }
    const auto known = code_index(document.code);
    if (known) {
        TRY_VOID(judge(by_code_[static_cast<std::size_t>(*known)], document));
    } else {
        by_code_.emplace_back();
    }
    const std::int32_t index = known.value_or(code_count() - 1);
    version->id = id;
    version->code_index = index;
    version->document = std::move(document);
    auto& versions = by_code_[static_cast<std::size_t>(index)];
    versions.insert(std::upper_bound(versions.begin(), versions.end(),
                                     version->document.effective_from, earlier),
                    version.get());
    all_.push_back(std::move(version));
    return index;
}

const TariffVersion* TariffBook::version_in_force(std::int32_t code_index, CivilDate on) const {
    if (code_index < 0 || code_index >= code_count()) {
        return nullptr;
    }
    const auto& versions = by_code_[static_cast<std::size_t>(code_index)];
    const auto after = std::upper_bound(versions.begin(), versions.end(), on, earlier);
    return after == versions.begin() ? nullptr : *(after - 1);
}

std::optional<std::int32_t> TariffBook::code_index(std::string_view code) const {
    for (std::size_t i = 0; i < by_code_.size(); ++i) {
        if (by_code_[i].front()->document.code == code) {
            return static_cast<std::int32_t>(i);
        }
    }
    return std::nullopt;
}

const TariffVersion* TariffBook::find(TariffId id) const {
    const auto it = std::find_if(all_.begin(), all_.end(),
                                 [&](const auto& version) { return version->id == id; });
    return it == all_.end() ? nullptr : it->get();
}

std::vector<const TariffVersion*> TariffBook::versions(std::int32_t code_index) const {
    if (code_index < 0 || code_index >= code_count()) {
        return {};
    }
    return by_code_[static_cast<std::size_t>(code_index)];
}

}  // namespace mb::rules::tariff

namespace mb {

void BinaryForm<rules::tariff::TariffBook>::write(ByteWriter& out,
                                                  const rules::tariff::TariffBook& book) {
    out.varint(book.all().size());
    for (const auto& version : book.all()) {
        write_binary(out, version->id);
        write_binary(out, version->document);
    }
}

void BinaryForm<rules::tariff::TariffBook>::read(ByteReader& in, rules::tariff::TariffBook& book) {
    book = {};
    for (std::size_t n = detail::read_length(in); n > 0 && in.ok(); --n) {
        TariffId id;
        rules::tariff::TariffDocument document;
        read_binary(in, id);
        read_binary(in, document);
        if (!in.ok() || !book.publish(id, std::move(document), nullptr)) {
            in.fail();
        }
    }
}

namespace rules::tariff {

namespace {

/// What the binary form of a book is a list of.
struct Published {
    TariffId id;
    TariffDocument document;
};
MB_DESCRIBE(Published, (id, document))

}  // namespace

}  // namespace rules::tariff

std::uint32_t ShapeForm<rules::tariff::TariffBook>::build(ShapeBuilder& builder) {
    return builder.of<std::vector<rules::tariff::Published>>();
}

void ShapeForm<rules::tariff::TariffBook>::read(ShapedReader& reader, const ShapeNode& node,
                                                rules::tariff::TariffBook& book) {
    book = {};
    reader.each_item(node, [&] {
        rules::tariff::Published version;
        reader.read(node.items[0].shape, version);
        if (!reader.ok()) {
            return;
        }
        const auto published = book.publish(version.id, std::move(version.document), nullptr);
        if (!published) {
            reader.refuse(published.error().text());
        }
    });
}

}  // namespace mb

// Configuration: every row whole, every reference there.
#include "store/statements/site.hpp"
#include "store/verify_scan.hpp"

namespace mb::store {

void verify_site(VerifyScan& scan, ProjectFacts& facts) {
    bool configured = false;
    scan.rows(sql::project_all, "project", 0, [&](const Statement& row) {
        configured = true;
        const engine::ProjectConfig config = read_project(row).config;
        if (config.name != row.text(1) || config.zone != row.text(2)) {
            scan.found("project.columns", "name or zone differ from the configuration");
        }
    });
    if (!configured) {
        scan.found_at("project", "", "row.missing", "the project has rows but no configuration");
    }
    scan.rows(sql::tariff_version_all, "tariff_version", 1, [&](const Statement& row) {
        engine::TariffRow tariff = read_tariff(row);
        const auto& document = tariff.document;
        if (document.code != row.text(2) || document.version != row.integer(3) ||
            document.name != row.text(4) || document.effective_from.days != row.integer(5)) {
            scan.found("tariff_version.columns", "columns differ from the document");
        }
        auto compiled = rules::tariff::compile(tariff.document, nullptr);
        if (!compiled) {
            scan.found("tariff_version.document", compiled.error().text());
            return;
        }
        facts.tariffs.emplace(tariff.id.value,
                              rules::tariff::TariffVersion{tariff.id, 0, std::move(tariff.document),
                                                           std::move(*compiled)});
    });
    scan.rows(sql::service_point_all, "service_point", 1, [&](const Statement& row) {
        facts.service_points.insert(read_row<engine::ServicePoint>(row).id.value);
    });
    scan.rows(sql::account_all, "account", 1, [&](const Statement& row) {
        facts.accounts.insert(read_row<engine::Account>(row).id.value);
    });
    scan.rows(sql::agreement_all, "agreement", 1, [&](const Statement& row) {
        const auto agreement = read_row<engine::Agreement>(row);
        facts.agreements[agreement.id.value] = {agreement.service_point.value,
                                                agreement.account.value};
        if (facts.service_points.count(agreement.service_point.value) == 0 ||
            facts.accounts.count(agreement.account.value) == 0) {
            scan.found("reference.agreement", "its service point or account is not there");
        }
        bool named = false;
        for (const auto& [id, version] : facts.tariffs) {
            named = named || version.document.code == agreement.tariff_code;
        }
        if (!named) {
            scan.found("reference.tariff", "no version of tariff " + agreement.tariff_code);
        }
    });
    scan.rows(sql::meter_all, "meter", 1, [&](const Statement& row) {
        const auto meter = read_row<engine::Meter>(row);
        facts.meters[meter.id.value] = meter.service_point.value;
        if (facts.service_points.count(meter.service_point.value) == 0) {
            scan.found("reference.service_point", "its service point is not there");
        }
    });
}

}  // namespace mb::store

// The two logins of the demo; they exist nowhere else.
#pragma once

namespace mb::api {

inline constexpr const char* demo_manager_phone = "13800000001";
/// The demo's virtual tenants share one sign-in; what it orders counts as ordered by the tenant.
inline constexpr const char* demo_tenant_phone = "13800000002";

}  // namespace mb::api

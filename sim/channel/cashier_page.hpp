// The cashier's page, in Chinese and English. It promises nothing: play money, a demonstration.
#pragma once

#include "net/http.hpp"
#include "sim/channel/channel.hpp"

namespace mb::sim::channel {

/// Headers that go with every page of the cashier: strict content policy, no caching, no framing.
net::HttpHeaders page_headers(std::string_view content_type);
/// The page of one order, with a button while it is unpaid.
net::HttpResponse order_page(const ChannelOrder& order);
net::HttpResponse unknown_order_page();
net::HttpResponse style_sheet();

}  // namespace mb::sim::channel

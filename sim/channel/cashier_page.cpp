#include "sim/channel/cashier_page.hpp"

#include "base/money.hpp"

namespace mb::sim::channel {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
    return out;
}

std::string page(std::string_view body) {
    std::string out = R"(<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>沙箱支付 – 演示 · Sandbox payment – demo</title>
<link rel="stylesheet" href="/cashier.css">
</head>
<body>
<main>
<h1>沙箱支付 – 演示</h1>
<p class="english" lang="en">Sandbox payment – demo</p>
<p class="note">这里没有真实资金：点击“支付”只会让沙箱通道向商户发出一条付款通知。</p>
<p class="note english" lang="en">No real money moves here: the button only makes the sandbox channel tell the
merchant that the order was paid.</p>
)";
    out += body;
    out += "</main>\n</body>\n</html>\n";
    return out;
}

std::string row(std::string_view chinese, std::string_view english, std::string_view value) {
    return "<dt>" + std::string(chinese) + " <span lang=\"en\">" + std::string(english) +
           "</span></dt><dd>" + escaped(value) + "</dd>\n";
}

std::string state_text(PayState state) {
    switch (state) {
        case PayState::paid: return "已支付 Paid";
        case PayState::closed: return "已关闭 Closed";
        default: return "待支付 Waiting for payment";
    }
}

constexpr std::string_view style =
    R"(body { margin: 0; background: #f3f5f7; color: #16212c; font: 16px/1.6 system-ui, "Noto Sans CJK SC", sans-serif; }
main { max-width: 30rem; margin: 8vh auto; padding: 2rem; background: #fff; border-radius: .75rem; box-shadow: 0 2px 12px #0002; }
h1 { margin: 0; font-size: 1.5rem; }
.english, [lang=en] { color: #55626e; font-size: .875em; }
p.english { margin-top: 0; }
.note { margin-bottom: .25rem; }
dl { margin: 1.5rem 0; }
dt { margin-top: .75rem; color: #55626e; font-size: .875rem; }
dd { margin: 0; font-size: 1.125rem; overflow-wrap: anywhere; }
button { width: 100%; padding: .75rem; border: 0; border-radius: .5rem; background: #0b6b4f; color: #fff; font: inherit; font-size: 1.125rem; cursor: pointer; }
button:hover { background: #095a42; }
button:focus-visible { outline: 3px solid #f0a500; outline-offset: 2px; }
)";

}  // namespace

net::HttpHeaders page_headers(std::string_view content_type) {
    return {{"Content-Type", std::string(content_type)},
            {"Content-Security-Policy",
             "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
             "frame-ancestors 'none'"},
            {"X-Content-Type-Options", "nosniff"},
            // Not no-referrer: then a browser would send "Origin: null" with the form.
            {"Referrer-Policy", "same-origin"},
            {"Cache-Control", "no-store"}};
}

net::HttpResponse order_page(const ChannelOrder& order) {
    const bool unpaid = order.state == PayState::unpaid;
    const Money amount{order.state == PayState::paid ? order.paid_amount_fen
                                                     : order.request.amount_fen};
    std::string body = "<dl>\n";
    body += row("金额", "Amount", "¥ " + amount.text());
    body += row("订单号", "Order", order.request.order_no);
    body += row("商户", "Merchant", order.request.merchant);
    if (order.request.description) body += row("说明", "For", *order.request.description);
    body += row("状态", "State", state_text(order.state));
    if (order.state == PayState::paid) body += row("交易号", "Transaction", order.transaction_id);
    body += "</dl>\n";
    if (unpaid) {
        body += "<form method=\"post\" action=\"/pay/" + escaped(order.request.order_no) +
                "\"><button type=\"submit\">支付 <span>Pay</span></button></form>\n";
    } else {
        body +=
            "<p>可以关闭此页，返回原来的页面。</p>\n<p class=\"english\" lang=\"en\">You can close "
            "this "
            "page and go back.</p>\n";
    }
    return {200, page_headers("text/html; charset=utf-8"), page(body), nullptr};
}

net::HttpResponse unknown_order_page() {
    return {404, page_headers("text/html; charset=utf-8"),
            page("<p>没有这笔订单。</p>\n<p class=\"english\" lang=\"en\">There is no such "
                 "order.</p>\n"),
            nullptr};
}

net::HttpResponse style_sheet() {
    net::HttpHeaders headers = page_headers("text/css; charset=utf-8");
    return {200, std::move(headers), std::string(style), nullptr};
}

}  // namespace mb::sim::channel

// Says what a frame means, requests and replies alike: for the decode command and for traces.
#pragma once

#include <optional>
#include <vector>

#include "codec/dlt645/frame.hpp"
#include "codec/dlt645/items.hpp"
#include "codec/dlt645/reply.hpp"

namespace mb::codec::dlt645 {

struct Explanation {
    std::vector<Item> items{};
    /// command, deadline, password_level, operator, sequence, more, errors' raw word … in reading
    /// order.
    std::vector<Attribute> attributes{};
    std::vector<std::string_view> errors{};  // of an error reply
    bool is_error_reply = false;
    std::vector<Problem> problems{};  // of the frame's own fields; items and values have theirs

    /// Nothing when there is no such attribute.
    [[nodiscard]] const Attribute* find(std::string_view attribute) const;
};

/// Explains frames in the order of the line, so that a follow-on part (92, B2) goes on where the
/// part before ended.
class Explainer {
public:
    /// Never fails.
    Explanation explain(const Frame& frame);

private:
    void explain_reply(const Frame& frame, Explanation& out);
    void explain_read_reply(const Address& from, const ReadReply& part, Explanation& out);

    std::optional<FollowOn> join_;  // parts so far of an answer
    Address join_from_;
    std::size_t shown_ = 0;  // values of it already told
};

}  // namespace mb::codec::dlt645

// `bufsize`: replies over UDP are no longer than this, and neither are those that others are asked for.
#pragma once

#include <algorithm>
#include <cstdint>

#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Bufsize : public Plugin {
 public:
  // REQUIRES: at least dns::kMinUdpLimit octets.
  explicit Bufsize(uint16_t octets) : octets_(octets) {}

  Next OnQuery(Exchange& exchange) override {
    if (exchange.transport == net::Transport::kUdp) {
      exchange.reply_limit = std::min<size_t>(exchange.reply_limit, octets_);
    }
    if (auto& edns = exchange.query->edns) edns->udp_payload_size = std::min(edns->udp_payload_size, octets_);
    return Next::kPass;
  }

 private:
  const uint16_t octets_;
};

}  // namespace podnamed::plugins

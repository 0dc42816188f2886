// For the tests of this room: an exchange that a plugin has answered, as the others see it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "server/plugins/exchange.h"

namespace podnamed::plugins {

// Holds the packet that it points into.
struct AnsweredExchange : Exchange {
  AnsweredExchange(const Entrance& where, std::vector<uint8_t> sent) : packet(std::move(sent)) {
    dns::ParseQuery(packet, asked);
    query = &asked;
    client = *base::ParseIpAddress("10.0.0.1");
    client_port = 40000;
    entrance = &where;
    query_size = packet.size();
    rcode = dns::Rcode::kNoError;
    answered_by = "kubernetes";
  }
  AnsweredExchange(const AnsweredExchange&) = delete;
  AnsweredExchange& operator=(const AnsweredExchange&) = delete;

  const std::vector<uint8_t> packet;
};

}  // namespace podnamed::plugins

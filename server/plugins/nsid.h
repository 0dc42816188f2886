// `nsid`: tells which of many servers behind an address has answered, where a query asks for it (RFC 5001).
#pragma once

#include <string>
#include <utility>

#include "server/base/host_name.h"
#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Nsid : public Plugin {
 public:
  // At most 128 octets; empty: the host's name.
  explicit Nsid(std::string data) : data_(data.empty() ? base::HostName("localhost") : std::move(data)) {}

  Next OnQuery(Exchange& exchange) override {
    exchange.nsid = data_;
    return Next::kPass;
  }

 private:
  const std::string data_;
};

}  // namespace podnamed::plugins

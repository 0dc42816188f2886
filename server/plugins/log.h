// `log`: writes a line for each query that its rules pick. The line is put together here, and written by the log's own
// thread (server/base/log.h), whose queue is bounded: a query never waits for it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "server/plugins/log_format.h"
#include "server/plugins/metadata.h"
#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Log : public Plugin {
 public:
  // The addresses of the server by Entrance::index, as "{local}" tells them.
  Log(const std::vector<config::LogRule>& rules, std::vector<std::string> addresses, const Metadata::Sources& metadata);

  std::string_view name() const override { return "log"; }
  Next OnQuery(Exchange& exchange) override;
  void OnSent(const Exchange& exchange, size_t size) override;
  void OnIdle() override { metadata_.Refresh(); }

 private:
  struct Rule {
    config::LogRule options;
    LogFormat format;
  };

  std::vector<Rule> rules_;
  const std::vector<std::string> addresses_;
  Metadata metadata_;
  std::string line_;
};

}  // namespace podnamed::plugins

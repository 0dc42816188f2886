// `log`: writes a line for each query that its rules pick. The line is put together here, and written by the log's own
// thread (server/base/log.h), whose queue is bounded: a query never waits for it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "server/plugins/log_format.h"
#include "server/plugins/plugin.h"
#include "server/state/snapshot_holder.h"

namespace podnamed::plugins {

class Log : public Plugin {
 public:
  // The addresses of the server by Entrance::index, as "{local}" tells them. `holder`, of the cluster that the block
  // knows, or nullptr, outlives this.
  Log(const std::vector<config::LogRule>& rules, std::vector<std::string> addresses,
      const state::SnapshotHolder* holder);

  std::string_view name() const override { return "log"; }
  Next OnQuery(Exchange& exchange) override;
  void OnSent(const Exchange& exchange, size_t size) override;
  void OnIdle() override;

 private:
  struct Rule {
    config::LogRule options;
    LogFormat format;
  };

  // Empty where no pod has the address, or several: those on their node's network.
  ClientPod PodOf(const base::IpAddress& client);

  std::vector<Rule> rules_;
  const std::vector<std::string> addresses_;
  std::optional<state::SnapshotReader> reader_;
  std::string line_;
};

}  // namespace podnamed::plugins

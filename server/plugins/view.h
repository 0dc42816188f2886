// `view`: whether a server block is for a query, which is asked before the block's chain is.
#pragma once

#include <string_view>

#include "config/options.h"
#include "server/plugins/metadata.h"
#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class View : public Plugin {
 public:
  // `options` must outlive this.
  View(const config::ViewOptions& options, const Metadata::Sources& metadata)
      : options_(options), metadata_(metadata) {}

  std::string_view name() const override { return "view"; }
  Next OnQuery(Exchange&) override { return Next::kPass; }
  bool is_condition() const override { return true; }
  bool Holds(const Exchange& exchange, const net::Request* request) override;
  void OnIdle() override { metadata_.Refresh(); }

 private:
  const config::ViewOptions& options_;
  Metadata metadata_;
  config::ViewExpression::Texts texts_;
};

}  // namespace podnamed::plugins

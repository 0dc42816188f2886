// `header`: sets and clears flags of queries and replies.
#pragma once

#include "config/options.h"
#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Header : public Plugin {
 public:
  // `options` must outlive this.
  explicit Header(const config::HeaderOptions& options) : options_(options) {}

  // Of a query only RD means something, to those whom the plugins behind ask.
  Next OnQuery(Exchange& exchange) override;
  void OnReply(Exchange& exchange) override;

 private:
  const config::HeaderOptions& options_;
};

}  // namespace podnamed::plugins

// `chaos`: what the server says of itself: TXT records of class CH, such as version.bind (RFC 4892).
#pragma once

#include <string>

#include "absl/random/random.h"
#include "config/options.h"
#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Chaos : public Plugin {
 public:
  // `options` must outlive this.
  explicit Chaos(const config::ChaosOptions& options);

  Next OnQuery(Exchange& exchange) override;
  bool takes_every_class() const override { return true; }

 private:
  const config::ChaosOptions& options_;
  std::string host_name_;
  absl::InsecureBitGen random_;  // orders authors
};

}  // namespace podnamed::plugins

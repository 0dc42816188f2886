// `errors`: writes a line for each query that something went wrong with: "RCODE-NUMBER name. TYPE: text".
#pragma once

#include <cstddef>
#include <string_view>

#include "server/plugins/consolidation.h"
#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Errors : public Plugin {
 public:
  // `consolidation` is that of the server block, and outlives this.
  explicit Errors(Consolidation& consolidation) : consolidation_(consolidation) {}
  // Tells what has been counted so far.
  ~Errors() override;

  std::string_view name() const override { return "errors"; }
  Next OnQuery(Exchange&) override { return Next::kPass; }
  void OnSent(const Exchange& exchange, size_t size) override;
  void OnIdle() override;

 private:
  Consolidation& consolidation_;
};

}  // namespace podnamed::plugins

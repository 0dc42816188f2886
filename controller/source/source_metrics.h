// What every source counts, in one registry and under the same names. A source is given one of these, and registers
// what is its own alone (watches, objects by kind) in `registry()`. Any thread.
#pragma once

#include <prometheus/registry.h>

#include <string>

namespace prometheus {
class Counter;
template <typename T>
class Family;
}  // namespace prometheus

namespace podnamed::controller {

class SourceMetrics {
 public:
  // `registry` outlives this. `source` is what kind of source it is: "manifests", "kubernetes".
  SourceMetrics(prometheus::Registry& registry, std::string source);

  // Something went wrong that people may have to look at; the log says what. `kind` is one of a few literals, such as
  // "file": each has a series of its own.
  void CountError(const std::string& kind);

  prometheus::Registry& registry() { return registry_; }

 private:
  prometheus::Registry& registry_;
  const std::string source_;
  prometheus::Family<prometheus::Counter>& errors_;
};

}  // namespace podnamed::controller

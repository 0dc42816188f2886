#include "controller/source/source_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>

#include <utility>

namespace podnamed::controller {

SourceMetrics::SourceMetrics(prometheus::Registry& registry, std::string source)
    : registry_(registry),
      source_(std::move(source)),
      errors_(prometheus::BuildCounter()
                  .Name("podname_controller_source_errors_total")
                  .Help("What went wrong with the source, by kind; the log says what.")
                  .Register(registry)) {}

void SourceMetrics::CountError(const std::string& kind) {
  errors_.Add({{"source", source_}, {"kind", kind}}).Increment();
}

}  // namespace podnamed::controller

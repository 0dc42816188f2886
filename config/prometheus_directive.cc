#include "config/prometheus_directive.h"

#include "config/page_address.h"

namespace podnamed::config {

void ReadPrometheus(const Directive& line, ServerBlockOptions& block, const Context& context) {
  block.prometheus = ReadPageAddress(line, "localhost:9153", "prometheus [ADDRESS]", context);
  ReadBlock(line.block, {.kind = "prometheus property", .words = {}, .words_of_coredns = {}}, block, context);
}

}  // namespace podnamed::config

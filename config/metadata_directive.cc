#include "config/metadata_directive.h"

#include "config/zone_list.h"

namespace podnamed::config {

void ReadMetadata(const Directive& line, ServerBlockOptions& block, const Context& context) {
  RefuseBlock(line, "metadata [ZONE…]", context.errors);
  block.metadata = ReadZonesOrKeys(line.arguments, block, context);
}

bool IsMetadataLabel(std::string_view text) {
  const size_t slash = text.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
         text.find('/', slash + 1) == std::string_view::npos;
}

}  // namespace podnamed::config

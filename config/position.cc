#include "config/position.h"

#include <fmt/format.h>

#include "absl/strings/escaping.h"

namespace podnamed::config {

std::string PositionText(const Position& position) {
  return fmt::format("{}:{}:{}", absl::Utf8SafeCHexEscape(position.source->file), position.line, position.column);
}

std::string ImportNote(const Position& position) {
  std::string note;
  for (const Source* source = position.source; source->imported_at; source = source->imported_at->source) {
    note += (note.empty() ? " (imported at " : ", at ") + PositionText(*source->imported_at);
    if (note.size() > 400) {  // a chain may have ten thousand links
      note += ", …";
      break;
    }
  }
  if (!note.empty()) note += ")";
  return note;
}

}  // namespace podnamed::config

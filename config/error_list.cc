#include "config/error_list.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"

namespace podnamed::config {
namespace {

constexpr size_t kMostErrors = 1000;

}  // namespace

void ErrorList::AddMessage(const Position& position, std::string message) {
  const Place place(position.source->file, position.line, position.column);
  const auto [error, added] = errors_.try_emplace({place, message});
  if (!added) return;
  if (errors_.size() > kMostErrors) {
    errors_.erase(error);
    ++omitted_;
    return;
  }
  error->second = fmt::format("{}: {}{}", PositionText(position), message, ImportNote(position));
}

absl::Status ErrorList::ToStatus() const {
  if (errors_.empty()) return absl::OkStatus();
  std::string text = absl::StrJoin(errors_, "\n", [](std::string* out, const auto& error) { *out += error.second; });
  if (omitted_ > 0) text += fmt::format("\nand {} more errors", omitted_);
  return absl::InvalidArgumentError(text);
}

std::string Quoted(std::string_view text) {
  size_t length = std::min<size_t>(text.size(), 80);
  while (length > 0 && length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) {
    --length;  // not inside of a UTF-8 character
  }
  return fmt::format("\"{}{}\"", absl::Utf8SafeCHexEscape(std::string(text.substr(0, length))),
                     length < text.size() ? "…" : "");
}

}  // namespace podnamed::config

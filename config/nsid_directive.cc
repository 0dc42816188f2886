#include "config/nsid_directive.h"

#include <string>
#include <utility>

namespace podnamed::config {
namespace {

constexpr size_t kLongest = 128;  // octets, so that replies keep their room

}  // namespace

void ReadNsid(const Directive& line, ServerBlockOptions& block, const Context& context) {
  RefuseBlock(line, "nsid [DATA…]", context.errors);
  std::string data;
  for (const Token& word : line.arguments) data += (data.empty() ? "" : " ") + word.text;
  if (data.size() > kLongest) {
    context.errors.Add(line.arguments.front().position, "nsid has {} octets; expected at most {}", data.size(),
                       kLongest);
  }
  block.nsid = std::move(data);
}

}  // namespace podnamed::config

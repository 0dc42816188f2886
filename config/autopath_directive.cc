#include "config/autopath_directive.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "config/zone_list.h"

namespace podnamed::config {
namespace {

constexpr std::string_view kUsage = "autopath [ZONE…] FILE|@kubernetes";
constexpr size_t kMostDomains = 32;  // glibc's old 6, and some

// What the last line of a resolv.conf that names a search list names (resolv.conf(5)); names that are none are passed
// over, as the C library does.
std::vector<dns::Name> SearchListOf(const std::string& text) {
  std::vector<dns::Name> domains;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.empty() || (words[0] != "search" && words[0] != "domain")) continue;
    domains.clear();
    for (size_t i = 1; i < words.size() && domains.size() < kMostDomains; ++i) {
      const absl::StatusOr<dns::Name> domain = dns::Name::FromText(words[i]);
      if (domain.ok()) domains.push_back(domain->Folded());
    }
  }
  return domains;
}

void ReadFile(const Token& word, AutopathOptions& autopath, const Context& context) {
  const absl::StatusOr<std::string> text = context.environment.ReadFile(word.text);
  if (!text.ok()) {
    context.errors.Add(word.position, "{} cannot be read: {}; expected a file such as /etc/resolv.conf, or @kubernetes",
                       Quoted(word.text), std::string(text.status().message()));
    return;
  }
  autopath.search = SearchListOf(*text);
  if (autopath.search.empty()) {
    context.errors.Add(word.position, "{} names no search list; expected a line \"search DOMAIN…\"", Quoted(word.text));
  }
}

}  // namespace

void ReadAutopath(const Directive& line, ServerBlockOptions& block, const Context& context) {
  RefuseBlock(line, kUsage, context.errors);
  if (line.arguments.empty() || line.arguments.back().text.empty()) {
    context.errors.Add(line.name.position, "autopath names no search list; expected \"{}\"", kUsage);
    return;
  }
  AutopathOptions autopath;
  const absl::Span<const Token> words = line.arguments;
  const Token& list = words.back();
  autopath.zones = ReadZonesOrKeys(words.first(words.size() - 1), block, context);
  if (list.text == "@kubernetes") {
    autopath.of_cluster = true;
    const absl::StatusOr<std::string> host = context.environment.ReadFile("/etc/resolv.conf");
    if (host.ok()) autopath.search = SearchListOf(*host);
  } else if (list.text.starts_with('@')) {
    context.errors.Add(list.position,
                       "{} names a plugin without search lists; expected @kubernetes, or the path of a file",
                       Quoted(list.text));
  } else {
    ReadFile(list, autopath, context);
  }
  block.autopath = std::move(autopath);
}

}  // namespace podnamed::config

// Any text is either a condition of `view`, which holds for a query or does not, however often it is asked, or an error
// that has its place.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "config/view_expression.h"

namespace podnamed::config {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

struct FuzzedQuery final : ViewExpression::Query {
  void Append(Text field, std::string& text) const override {
    static constexpr std::string_view kTexts[] = {"www.example.com.", "AAAA", "IN", "udp", "40000", "53"};
    text += kTexts[static_cast<size_t>(field)];
  }
  void AppendMetadata(std::string_view label, std::string& text) const override { text += label; }
  int64_t number(Number field) const override { return static_cast<int64_t>(field); }
  bool dnssec_ok() const override { return true; }
  base::IpAddress client() const override { return base::IpAddress(base::Ipv4Address{127, 0, 0, 1}); }
  std::optional<base::IpAddress> server() const override { return base::IpAddress(base::Ipv6Address{0xfd}); }
};

}  // namespace
}  // namespace podnamed::config

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace podnamed::config;
  const absl::StatusOr<ViewExpression> expression = ViewExpression::Parse({reinterpret_cast<const char*>(data), size});
  if (expression.ok()) {
    ViewExpression::Texts texts;
    const bool holds = expression->Holds(FuzzedQuery(), texts);
    Require(expression->Holds(FuzzedQuery(), texts) == holds);
  } else {
    Require(absl::StartsWith(expression.status().message(), "at its character "));
  }
  return 0;
}

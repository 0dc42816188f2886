// Any text is either a zone, or errors of which each has its place. A zone answers for every name that it has, for
// names below and beside them, and each reply can be written. What follows the first zero octet is the content of a
// second file, "other", that the text may include.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/dns/query.h"
#include "server/dns/response.h"
#include "server/zone/lookup.h"
#include "server/zone/zone_file.h"

namespace podnamed::zone {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void EveryErrorHasItsPlace(std::string_view message) {
  while (true) {
    const size_t end = message.find('\n');
    const std::string_view line = message.substr(0, end);
    Require((line.starts_with("db:") || line.starts_with("other:")) && line.find(": ") != std::string_view::npos);
    if (end == std::string_view::npos) return;
    message.remove_prefix(end + 1);
  }
}

void Answer(const Zone& zone, std::string_view name, dns::RecordType type) {
  dns::Query query;
  query.has_question = true;
  query.type = type;
  query.record_class = dns::RecordClass::kIn;
  Require(query.name.Read(name) > 0);
  resolve::Answer answer;
  const ZoneReply reply = Lookup(zone, {query.name, type, true}, answer);
  static dns::ResponseEncoder encoder;
  static std::vector<uint8_t> buffer(dns::kMaxMessageLength);
  const size_t size = encoder.Encode(query,
                                     {.rcode = reply.rcode,
                                      .authoritative = reply.authoritative,
                                      .answer = answer.answer,
                                      .authority = answer.authority,
                                      .additional = answer.additional},
                                     buffer.size(), absl::MakeSpan(buffer));
  Require(size >= dns::kHeaderLength && size <= buffer.size());
}

void EveryNameHasAnAnswer(const Zone& zone) {
  Require(!zone.nodes().empty() && zone.record_count() > 0);
  size_t left = 100;
  for (const Zone::Node& node : zone.nodes()) {
    if (left-- == 0) return;
    for (const Zone::Set& set : zone.SetsOf(node)) Answer(zone, node.name, set.type);
    Answer(zone, node.name, dns::RecordType::kA);
    const std::string below = std::string("\1x").append(node.name);
    if (below.size() <= dns::kMaxNameLength) Answer(zone, below, dns::RecordType::kAaaa);
  }
}

}  // namespace
}  // namespace podnamed::zone

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace podnamed;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = input.find('\0');
  const std::string other(zero == std::string_view::npos ? "" : input.substr(zero + 1));
  const absl::StatusOr<zone::LoadedZone> loaded =
      zone::ReadZoneFile("db", input.substr(0, zero), dns::Name::FromText("example.org.").value(),
                         [&other](const std::string& path) -> absl::StatusOr<std::string> {
                           if (path != "other") return absl::NotFoundError("No such file or directory");
                           return other;
                         });
  if (loaded.ok()) {
    zone::EveryNameHasAnAnswer(*loaded->zone);
  } else {
    zone::EveryErrorHasItsPlace(std::string(loaded.status().message()));
  }
  return 0;
}

// Whatever an upstream sends on a connection: however the stream is cut, the same messages come out of it, and one that
// counts as the reply to a query has that query's id and question, and then the client's letters.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "server/upstream/frame_reader.h"
#include "server/upstream/query_message.h"

namespace podnamed::upstream {
namespace {

using Octets = std::vector<uint8_t>;

constexpr int kId = 0x1234;

void Require(bool holds) {
  if (!holds) std::abort();
}

std::vector<Octets> Messages(absl::Span<const uint8_t> stream, size_t piece) {
  FrameReader reader;
  std::vector<Octets> messages;
  while (!stream.empty()) {
    const absl::Span<uint8_t> room = reader.Room();
    const size_t count = std::min({piece, room.size(), stream.size()});
    std::copy_n(stream.begin(), count, room.begin());
    reader.Filled(count);
    stream.remove_prefix(count);
    while (const auto message = reader.Next()) messages.emplace_back(message->begin(), message->end());
  }
  return messages;
}

void CheckReply(const QueryMessage& query, const dns::Name& asked, Octets message) {
  const Match match = query.Compare(message);
  if (match != Match::kReply && match != Match::kOtherLetters) return;
  Require((message[0] << 8 | message[1]) == kId);
  query.Restore(absl::MakeSpan(message));
  dns::QueryName name;
  const std::string_view rest(reinterpret_cast<const char*>(message.data()) + dns::kHeaderLength,
                              message.size() - dns::kHeaderLength);
  Require(name.Read(rest) == asked.wire().size() && name.original() == asked.wire());
}

}  // namespace
}  // namespace podnamed::upstream

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace podnamed;
  using namespace podnamed::upstream;
  if (size == 0) return 0;
  const absl::Span<const uint8_t> stream(data + 1, size - 1);
  const std::vector<Octets> messages = Messages(stream, stream.size());
  Require(Messages(stream, size_t{1} + data[0]) == messages);

  const dns::Name asked = dns::Name::FromWire(std::string_view("\3wWw\7Example\0", 13));
  QueryMessage query({.name = asked, .type = dns::RecordType::kA});
  query.set_id(kId);
  for (const Octets& message : messages) CheckReply(query, asked, message);
  return 0;
}
